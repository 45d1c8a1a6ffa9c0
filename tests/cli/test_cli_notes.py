"""What a person has to do beside the code is said wherever the migration is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import shop

from cli.main import run

RENEW = "poetry.lock:1: has to be renewed for the new requirements: run `poetry lock`"


def test_apply_says_what_to_renew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shop.write(tmp_path)
    assert run(["apply", str(folder), "--no-cache"]) == 0
    assert RENEW in capsys.readouterr().out
    assert 'psycopg = {extras = ["binary"]' in (folder / "pyproject.toml").read_text()
    assert (folder / "poetry.lock").read_text() == shop.LOCK


def test_so_does_its_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply", str(shop.write(tmp_path)), "--output-format", "json", "--no-cache"])
    passes = json.loads(capsys.readouterr().out)["passes"]
    notes = [note for one in passes for note in one["notes"]]
    assert [n["path"] for n in notes] == ["poetry.lock"]


def test_and_the_patch_and_the_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    shop.write(folder)
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "all"],
        ["remote", "add", "origin", "https://github.com/somebody/shop.git"],
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    monkeypatch.chdir(folder)
    run(["diff", "--series", str(tmp_path / "patches"), "--no-cache"])
    texts = [patch.read_text() for patch in (tmp_path / "patches").iterdir()]
    assert sum("To do by hand:\n- poetry.lock: has to be" in text for text in texts) == 1
    capsys.readouterr()
    assert run(["pr", "--dry-run", "--no-cache"]) == 0
    assert "## By hand\n\n- [ ] poetry.lock: has to be" in capsys.readouterr().out
