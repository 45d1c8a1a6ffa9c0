"""One text file, with what is needed to write it back byte for byte."""

from __future__ import annotations

import codecs
import hashlib
import io
import tokenize
from dataclasses import dataclass, replace
from functools import cached_property

#: The byte order marks that are taken off a text, and the encoding that each announces.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


class UndecodableError(ValueError):
    """The bytes of a file are not text in the encoding that it declares."""


@dataclass(frozen=True)
class SourceFile:
    """A decoded text file.

    ``path`` is relative to the root of the code base, with forward slashes. ``text`` keeps the
    file's own line ends (nothing is translated), so that encoding it again gives the same bytes.
    """

    path: str
    text: str
    encoding: str = "utf-8"
    bom: bool = False

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> SourceFile:
        """Decode ``data`` as Python does (PEP 263), or as UTF-8 for other files.

        Other files than modules may also be UTF-16 with a byte order mark, as PowerShell's
        ``pip freeze > requirements.txt`` writes it. Raises ``UndecodableError`` when the bytes
        do not fit the encoding.
        """
        module = path.endswith(".py")
        mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
        if module and mark != codecs.BOM_UTF8:
            mark = b""
        body = data[len(mark) :]
        encoding = _MARKS.get(mark, "utf-8")
        try:
            if module and not body.isascii():
                encoding = tokenize.detect_encoding(io.BytesIO(body).readline)[0]
            return cls(path, body.decode(encoding), encoding, bool(mark))
        except (UnicodeDecodeError, SyntaxError, LookupError) as error:
            raise UndecodableError(f"cannot be decoded as {encoding} ({error})") from error

    def to_bytes(self) -> bytes:
        """The bytes to write: the inverse of ``from_bytes``."""
        marks = {encoding: mark for mark, encoding in _MARKS.items()}
        mark = marks.get(self.encoding, codecs.BOM_UTF8) if self.bom else b""
        return mark + self.text.encode(self.encoding)

    def with_text(self, text: str) -> SourceFile:
        """The same file with another text."""
        return replace(self, text=text)

    @cached_property
    def newline(self) -> str:
        """The line end that the file uses first; ``\\n`` where it has none."""
        position = self.text.find("\n")
        return "\r\n" if position > 0 and self.text[position - 1] == "\r" else "\n"

    @cached_property
    def digest(self) -> str:
        """A hash of the content, for caches."""
        return hashlib.blake2b(self.to_bytes(), digest_size=16).hexdigest()

    @property
    def is_python(self) -> bool:
        """Whether this is a Python module (or a stub of one)."""
        return self.path.endswith(".py")
