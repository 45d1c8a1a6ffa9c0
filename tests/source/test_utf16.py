"""Requirements files that PowerShell wrote."""

from __future__ import annotations

import pytest

from codemods.source.text import SourceFile, UndecodableError


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_utf16_file_keeps_its_bytes(encoding: str) -> None:
    data = ("\ufeff" + "fastapi==0.87.0\r\nSQLAlchemy==1.4.41 # \u2713\r\n").encode(encoding)
    file = SourceFile.from_bytes("requirements.txt", data)
    assert file.text == "fastapi==0.87.0\r\nSQLAlchemy==1.4.41 # \u2713\r\n"
    assert (file.encoding, file.bom, file.newline) == (encoding, True, "\r\n")
    assert file.to_bytes() == data
    changed = file.with_text(file.text + "asyncpg\r\n").to_bytes()
    assert changed == data + "asyncpg\r\n".encode(encoding)


def test_half_a_utf16_character_is_no_text() -> None:
    with pytest.raises(UndecodableError):
        SourceFile.from_bytes("requirements.txt", b"\xff\xfea")


def test_a_module_is_never_utf16() -> None:
    with pytest.raises(UndecodableError):
        SourceFile.from_bytes("main.py", "\ufeffx = 1\n".encode("utf-16-le"))


@pytest.mark.parametrize("path", ["main.py", "requirements.txt"])
def test_a_utf8_mark_is_kept(path: str) -> None:
    data = "\ufeffx = '\u00e9'\n".encode()
    file = SourceFile.from_bytes(path, data)
    assert (file.encoding, file.bom) == ("utf-8", True)
    assert file.to_bytes() == data
