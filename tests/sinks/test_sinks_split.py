"""A series cut by package or owner: nothing is lost, each part is what the pass itself makes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import fakes
import pytest
from golden.runner import GOLDEN, copy_application, syntax_errors

from cli.main import run
from codemods.owners import read_owners
from codemods.passes import Outcome


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three packages, two of them owned."""
    folder = tmp_path / "repo"
    for path in (
        "app/users/a.py",
        "app/users/b.py",
        "app/orders/c.py",
        "tests/test_a.py",
        "top.py",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("old_one\n")
    (folder / "CODEOWNERS").write_text("app/users/ @ada\napp/orders/ @bob\n/tests/ @ada\n")
    monkeypatch.chdir(folder)
    return fakes.repository(folder)


def written(folder: Path) -> dict[str, list[str]]:
    """The subjects of a series, in order, with the files of each."""
    found = {}
    for path in sorted(folder.glob("*.patch")):
        text = path.read_text()
        subject = text.partition("Subject: [PATCH")[2].partition("] ")[2].partition("\n")[0]
        found[subject] = [
            line.split(" b/")[1] for line in text.splitlines() if line[:6] == "diff -"
        ]
    return found


@pytest.mark.parametrize(
    ("how", "parts"),
    [
        (
            "package",
            {
                "app/orders: replace old_one by new_one": ["app/orders/c.py"],
                "app/users: replace old_one by new_one": ["app/users/a.py", "app/users/b.py"],
                "tests: replace old_one by new_one": ["tests/test_a.py"],
                "top level: replace old_one by new_one": ["top.py"],
            },
        ),
        (
            "owner",
            {
                "@bob: replace old_one by new_one": ["app/orders/c.py"],
                "@ada: replace old_one by new_one": [
                    "app/users/a.py", "app/users/b.py", "tests/test_a.py",
                ],
                "no owner: replace old_one by new_one": ["top.py"],
            },
        ),
    ],
)  # fmt: skip
def test_by(how, parts, repo, tmp_path, monkeypatch):
    use(monkeypatch)
    folder = tmp_path / "patches"
    assert run(["diff", "-q", "--series", str(folder), "--split", how]) == 1
    assert written(folder) == parts
    fakes.git(repo, "am", "-q", *map(str, sorted(folder.iterdir())))
    assert all(b"old_one" not in data for data in fakes.tree(repo).values())


def use(monkeypatch: pytest.MonkeyPatch, **together: str) -> None:
    """A fake pass that leaves held files, and files that belong to a held one, alone."""

    def plan(program, options):
        outcome = fakes.FIRST.plan(program, options)
        frozen = program.codebase.frozen
        kept = {
            path: text
            for path, text in outcome.texts.items()
            if path not in frozen and together.get(Path(path).stem, "") not in frozen
        }
        return Outcome(texts=kept, findings=outcome.findings)

    fakes.use_fakes(monkeypatch, (replace(fakes.FIRST, plan=plan),))


def test_what_belongs_together_stays_together(repo, tmp_path, monkeypatch):
    """app/users/a.py only changes with tests/test_a.py, and the other way round."""
    use(monkeypatch, a="tests/test_a.py", test_a="app/users/a.py")
    folder = tmp_path / "patches"
    assert run(["diff", "-q", "--series", str(folder), "--split", "package"]) == 1
    found = written(folder)
    assert found["app/orders: replace old_one by new_one"] == ["app/orders/c.py"]
    (pair,) = [paths for paths in found.values() if "tests/test_a.py" in paths]
    assert "app/users/a.py" in pair


def test_a_pass_that_is_one_part_is_not_cut(repo, tmp_path, monkeypatch):
    use(monkeypatch, a="top.py", b="top.py", c="top.py", test_a="top.py", top="app/users/a.py")
    folder = tmp_path / "patches"
    assert run(["diff", "-q", "--series", str(folder), "--split", "package"]) == 1
    assert list(written(folder)) == ["Replace old_one by new_one"]


def test_pr_has_a_commit_for_each_part(repo, monkeypatch, capfd):
    use(monkeypatch)
    capfd.readouterr()
    assert run(["pr", "--dry-run", "--split", "owner", "--output-format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert [message.partition("\n")[0] for message in found["commits"]] == [
        "@bob: replace old_one by new_one",
        "@ada: replace old_one by new_one",
        "no owner: replace old_one by new_one",
    ]
    assert "| fake-first (@bob) | 1 |" in found["body"]


def test_only_a_series_is_cut(repo, capfd):
    assert run(["diff", "--split", "package"]) == 2
    assert "--split is about the patches of --series" in capfd.readouterr().err


def test_a_golden_application(tmp_path, monkeypatch):
    """Its parts add up to what apply makes, and the code compiles after each."""
    repo = fakes.repository(copy_application(GOLDEN / "auth_jwt" / "before", tmp_path / "repo"))
    monkeypatch.chdir(repo)
    folder = tmp_path / "patches"
    assert run(["diff", "-q", "--series", str(folder), "--split", "package"]) == 1
    assert run(["apply", "-q"]) == 0
    applied = fakes.tree(repo)
    fakes.git(repo, "checkout", "-q", ".")
    fakes.git(repo, "clean", "-fdq")
    patches = sorted(folder.iterdir())
    assert len(patches) > 3
    for patch in patches:
        fakes.git(repo, "am", "-q", str(patch))
        assert syntax_errors(repo) == []
    assert fakes.tree(repo) == applied


@pytest.mark.parametrize(
    ("text", "path", "owners"),
    [
        ("* @all\n*.py @py\n", "a/b.py", ("@py",)),
        ("*.py @py\n* @all\n", "a/b.py", ("@all",)),
        ("/docs/ @docs\n", "docs/a.py", ("@docs",)),
        ("/docs/ @docs\n", "x/docs/a.py", ()),
        ("docs/ @docs\n", "x/docs/a.py", ("@docs",)),
        ("docs/* @docs\n", "docs/a.py", ("@docs",)),
        ("docs/* @docs\n", "docs/deep/a.py", ()),
        ("app @team/one me@example.org # us\n", "app/x/y.py", ("@team/one", "me@example.org")),
        ("**/api/*.py @api\n", "a/b/api/c.py", ("@api",)),
        ("**/api/*.py @api\n", "api/c.py", ("@api",)),
        ("a/**/b.py @deep\n", "a/x/y/b.py", ("@deep",)),
        ("* @all\n/app/free\n", "app/free/a.py", ()),
        ("with\\ blank/ @blank\n", "with blank/a.py", ("@blank",)),
        ("* @one\n[Python] @two\n*.py\n[Docs]\n*.md @three\n", "a.py", ("@one", "@two")),
        ("# * @no\n\n", "a.py", ()),
        ("a?.py @short\n", "ab.py", ("@short",)),
    ],
)
def test_owners(text, path, owners):
    assert read_owners(text).of(path) == owners
