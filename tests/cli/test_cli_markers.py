"""``--markers``: what is left to a person is marked once, and found with markers or without."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import shop

from cli.main import run
from codemods.marking import WORDS, marked
from codemods.source import SourceFile

WORKER = '''

from celery import Celery

celery = Celery("shop")


@celery.task
def clean():
    """# looplift: left to a person: not a marker"""
    with SessionLocal() as db:
        # Old ones only.
        for item in db.scalars(
            select(Item)
        ):
            db.delete(item); db.flush()
        db.commit()
'''


def _lines(folder: Path) -> list[str]:
    text = (folder / "main.py").read_text()
    return [line.strip() for line in text.splitlines() if line.strip().startswith(WORDS)]


def _apply(folder: Path, *options: str) -> str:
    assert run(["apply", "--allow-dirty", "--no-cache", *options, str(folder)]) == 0
    return (folder / "main.py").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop.write(tmp_path, WORKER)


def test_each_statement_that_is_left_gets_one(folder: Path) -> None:
    text = _apply(folder, "--markers")
    assert _lines(folder) == [f"{WORDS} LL403"] * 3
    assert f"        # Old ones only.\n        {WORDS} LL403\n        for item" in text
    assert f"            {WORDS} LL403\n            db.delete(item); db.flush()" in text


def test_without_the_option_there_is_none_and_the_code_is_the_same(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = shop.write(tmp_path_factory.mktemp("other"), WORKER)
    plain, with_markers = _apply(other), _apply(folder, "--markers")
    assert _lines(other) == []
    assert ast.dump(ast.parse(plain)) == ast.dump(ast.parse(with_markers))


def test_a_second_run_adds_none(folder: Path) -> None:
    text = _apply(folder, "--markers")
    assert _apply(folder, "--markers") == text
    assert _apply(folder) == text
    assert _apply(folder, "--no-markers") == text


def test_check_fails_with_markers_and_without(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for options in ([], ["--markers"]):
        _apply(folder, *options)
        capsys.readouterr()
        assert run(["check", "--no-cache", str(folder)]) == 1
        lines = capsys.readouterr().out.splitlines()
        found.append([line.partition(" LL")[2] for line in lines if " LL403 " in line])
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_what_is_ignored_gets_none_and_loses_its_own(folder: Path) -> None:
    text = _apply(folder, "--markers")
    text = text.replace("        db.commit()\n", "        db.commit()  # looplift: ignore\n")
    (folder / "main.py").write_text(text)
    after = _apply(folder, "--markers")
    assert len(_lines(folder)) == 2
    assert after.endswith("db.flush()\n        db.commit()  # looplift: ignore\n")


def test_the_configuration_can_ask_for_them(folder: Path) -> None:
    manifest = folder / "pyproject.toml"
    manifest.write_text(f"{manifest.read_text()}\n[tool.looplift]\nmarkers = true\n")
    _apply(folder)
    assert len(_lines(folder)) == 3


def test_they_are_a_patch_of_their_own(folder: Path, tmp_path: Path) -> None:
    run(["diff", "--markers", "--series", str(tmp_path / "patches"), "--no-cache", str(folder)])
    last = sorted((tmp_path / "patches").iterdir())[-1].read_text()
    assert "Subject: [PATCH" in last
    assert "Mark what is left to a person" in last
    assert f"+    {WORDS}" in last or f"+        {WORDS}" in last


ODD = {
    "an elif": ("if a:\n    b\nelif c():\n    d\n", 3, f"    b\n{WORDS} LL1\nelif c():"),
    "a decorator": ("@d\n@e\ndef f():\n    pass\n", 3, f"{WORDS} LL1\n@d\n@e\ndef f():"),
    "the middle of a call": ("x = f(\n    1,\n    g(),\n)\n", 3, f"{WORDS} LL1\nx = f(\n"),
    "a stale one": (f"{WORDS} LL2\nx = 1\ny = 2\n", 3, f"x = 1\n{WORDS} LL1\ny = 2"),
    "other codes": (f"{WORDS} LL2, LL3\nx = 1\n", 2, f"{WORDS} LL1\nx = 1"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_places(name: str) -> None:
    text, line, expected = ODD[name]
    after = marked(SourceFile("a.py", text), {line: {"LL1"}})
    assert expected in after
    assert after.count(WORDS) == 1


def test_a_line_within_a_string_is_none() -> None:
    text = f'x = """\n{WORDS} LL2\n"""; y = 1\n'
    assert marked(SourceFile("a.py", text), {3: {"LL1"}}) == f"{WORDS} LL1\n{text}"


def test_a_continued_line_is_left_alone() -> None:
    text = "x = 1 + \\\n    2; y = 3\n"
    assert marked(SourceFile("a.py", text), {2: {"LL1"}}) in (text, f"{WORDS} LL1\n{text}")
