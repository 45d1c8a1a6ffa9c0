"""A series of patches: ``git am`` takes each, and the end is what ``looplift apply`` makes."""

from __future__ import annotations

import email
import email.policy
import json
import os
import random
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fakes
import pytest
from golden.runner import GOLDEN, copy_application, database_for, run_suite, syntax_errors
from golden.scenario import load as load_scenario

from cli.main import run
from codemods.passes import Outcome, all_passes
from codemods.patches import make_patch
from codemods.patches.mailbox import Author, file_name, mail
from codemods.patches.stat import diffstat
from codemods.source import CodeBase, SourceFile, load

APPLICATIONS = ("leaky_return", "todo_async_routes", "crud_shop", "reports_core", "break_awaits")
ADA = Author("Ada Author", "ada@example.org", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))


def am(repo: Path, *patches: Path) -> None:
    fakes.git(repo, "am", "-q", *map(str, patches))


def clone(repo: Path, target: Path) -> Path:
    fakes.git(repo, "clone", "-q", str(repo), str(target))
    fakes.git(target, "config", "user.name", "Rosa Reviewer")
    fakes.git(target, "config", "user.email", "rosa@example.org")
    return target


@pytest.fixture
def series(monkeypatch, capfdbinary):
    """Write the series of a repository into a folder and give its patches."""

    def write(repo: Path, folder: Path, *arguments: str) -> list[Path]:
        monkeypatch.chdir(repo)
        capfdbinary.readouterr()
        code = run(["diff", "--series", str(folder), *arguments])
        out = capfdbinary.readouterr().out.decode().splitlines()
        assert code == bool(out)
        assert out == sorted(str(path) for path in folder.glob("*.patch"))
        return [Path(line) for line in out]

    return write


@pytest.mark.parametrize("name", APPLICATIONS)
def test_golden_applications(name, tmp_path, series, monkeypatch):
    repo = fakes.repository(copy_application(GOLDEN / name / "before", tmp_path / "repo"))
    other = clone(repo, tmp_path / "clone")
    patches = series(repo, tmp_path / "patches")
    assert len(patches) > 1
    for patch in patches:
        am(other, patch)
        assert syntax_errors(other) == []
    assert run(["apply", "--quiet"]) == 0
    assert fakes.tree(other) == fakes.tree(repo)
    monkeypatch.chdir(other)
    assert run(["diff", "--quiet"]) == 0
    subjects = fakes.git(other, "log", "--reverse", "--format=%s").splitlines()[1:]
    assert len(subjects) == len(patches)
    own = {code.subject for rule in all_passes() for code in rule.codes}
    assert set(subjects) <= own | {rule.subject for rule in all_passes()}
    # `git apply` takes them as well.
    fakes.git(other, "checkout", "-q", f"HEAD~{len(patches)}")
    fakes.git(other, "apply", *map(str, patches))
    assert fakes.tree(other) == fakes.tree(repo)


def suites() -> list[str]:
    """The applications whose suites run after each patch; LOOPLIFT_ALL_SUITES=1 takes all."""
    if os.environ.get("LOOPLIFT_ALL_SUITES") == "1":
        return sorted(path.parent.name for path in GOLDEN.glob("*/scenario.toml"))
    return ["crud_shop", "auth_jwt"]


@pytest.mark.parametrize("name", suites())
def test_the_suite_passes_after_each_patch(name, tmp_path, series):
    scenario = load_scenario(GOLDEN / name)
    if not scenario.tests or "sqlite" not in scenario.databases:
        pytest.skip(f"{name} has no suite that runs on SQLite")
    if scenario.known_gaps and "suite" in scenario.known_gaps:
        pytest.skip(f"{name}: {scenario.known_gaps['suite']}")
    repo = fakes.repository(copy_application(GOLDEN / name / "before", tmp_path / "repo"))
    other = clone(repo, tmp_path / "clone")
    for number, patch in enumerate(series(repo, tmp_path / "patches")):
        am(other, patch)
        work = tmp_path / f"work{number}"
        fakes.git(other, "clean", "-fdxq")
        database = database_for(scenario, other, work / "suite.sqlite")
        suite = run_suite(other, scenario, database, work)
        assert suite.exit_code == 0 and suite.passed, f"after {patch.name}:\n{suite.output[-4000:]}"


FILES = {
    "crlf.py": b"a = 1\r\nb = old_one\r\nc = old_two\r\n",
    "mixed.py": b"a = 1\r\nb = old_one\nc = old_two  \r\n",
    "last.py": b"a = 1\nb = old_one, old_two",
    "last_crlf.py": b"a = 1\r\nb = old_one, old_two",
    "lone.py": b"a = 'x\\\ry'\nold_one = old_two\n",
    "feed.py": b"\x0c\nold_one\n\x0cold_two\n",
    "mark.py": b"\xef\xbb\xbfold_one = 'a=b=0D'\nold_two\n",
    "latin.py": b"# coding: latin-1\n# \xe9\nold_one\nold_two = '\xe8'\n",
    "latin_crlf.py": b"# coding: latin-1\r\n# \xe9=3D\r\nold_one\r\nold_two = '\xe8'\r\n",
    "utf8.py": "# Grüße, 世界\nold_one = '=E9'\nold_two = 'ÿ'\n".encode(),
    "from.py": b"From old_one Mon Sep 17 00:00:00 2001\n---\n-- \nold_two\n",
    "deep er/with blank.py": b"old_one\n",
    "größe/世界.py": b"old_one\r\nold_two\n",
    'quo"te\\.py': b"old_one\n",
    "tab\t.py": b"old_two\n",
    "-dash.py": b"old_two  \t\n",
    "run.py": b"#!/usr/bin/env python\nold_one\n",
    "makes.py": b"old_one  # make_file\n",
    "ends.py": b"# keep" + b"\n" * 5 + b"old_one",
}


@pytest.mark.parametrize("attributes", ["", "*.py text=auto\ncrlf.py text eol=crlf\n"])
def test_every_kind_of_file(tmp_path, series, monkeypatch, attributes):
    fakes.use_fakes(monkeypatch)
    repo = tmp_path / "repo"
    repo.mkdir()
    if attributes:
        (repo / ".gitattributes").write_text(attributes)
    kinds = {p: d for p, d in FILES.items() if not attributes or b"\r" not in d or p == "crlf.py"}
    for path, data in kinds.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_bytes(data)
    (repo / "run.py").chmod(0o755)
    fakes.repository(repo)
    other = clone(repo, tmp_path / "clone")
    assert fakes.tree(other) == fakes.tree(repo)
    patches = series(repo, tmp_path / "patches")
    assert [path.name for path in patches] == [
        "0001-Replace-old_one-by-new_one.patch",
        "0002-Replace-old_two-by-new_two.patch",
    ]
    am(other, *patches)
    assert run(["apply", "--quiet"]) == 0
    assert fakes.tree(other) == fakes.tree(repo)
    assert (other / "run.py").stat().st_mode & 0o777 == 0o755
    assert "made/helper.py" in fakes.tree(other)
    assert fakes.git(other, "status", "--porcelain") == ""


def test_other_files_than_modules(tmp_path, series, monkeypatch):
    """UTF-16, as PowerShell's ``pip freeze >`` writes requirements, has NULs in it."""

    def plan(program, options):
        file = program.codebase["requirements.txt"]
        return Outcome(texts={file.path: file.text.replace("psycopg2", "psycopg")})

    fakes.use_fakes(monkeypatch, (replace(fakes.FIRST, plan=plan),))
    repo = tmp_path / "repo"
    repo.mkdir()
    data = "fastapi\r\npsycopg2\r\nउuvicorn\r\n".encode("utf-16")
    (repo / "requirements.txt").write_bytes(data)
    fakes.repository(repo)
    am(repo, *series(repo, tmp_path / "patches"))
    made = (repo / "requirements.txt").read_bytes()
    assert made == data.decode("utf-16").replace("psycopg2", "psycopg").encode("utf-16")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_messages_that_look_like_something_else(tmp_path, ends):
    """Whatever a message says, it is neither taken for a header nor for the diff."""
    text = (
        "From: not a header\n\nFrom ada@example.org Mon Sep 17 00:00:00 2001\n"
        "---\n--- a/x.py\ndiff --git a/x b/x\nIndex: x\nSubject: x\n=3D équipe\nlast"
    )
    root = fakes.repository(tmp_path / "repo")
    (root / "a.py").write_bytes(f"a{ends}b{ends}".encode())
    fakes.commit(root, "start")
    before = load(root)
    patch = make_patch(before, before.with_texts({"a.py": f"a{ends}c{ends}"}))
    author = Author("Änne A. Test, PhD", "anne@example.org", ADA.date)
    message = tmp_path / "1.patch"
    message.write_bytes(mail(author, (1, 2), f"Change a: é\n\n{text}\n", patch))
    am(root, message)
    assert (root / "a.py").read_bytes() == f"a{ends}c{ends}".encode()
    found = fakes.git(root, "log", "-1", "--format=%an|%ae|%aI|%s|%b").rstrip("\n")
    *head, body = found.split("|")
    assert head == [
        author.name, author.email, "2024-05-06T07:08:09+00:00", "Change a: é",
    ]  # fmt: skip
    assert [line.strip() for line in body.splitlines()] == text.splitlines()


def test_the_mail(tmp_path):
    """What people see of it, in the words of a mail reader."""
    files = {"a.py": SourceFile("a.py", "a\n")}
    before = CodeBase(tmp_path, files)
    patch = make_patch(before, before.with_texts({"a.py": "b\n", "new.py": "x\n"}))
    data = mail(ADA, (2, 3), "Change it\n\nBecause.\n", patch)
    assert data.startswith(b"From " + b"0" * 40 + b" Mon Sep 17 00:00:00 2001\n")
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert message["From"] == "Ada Author <ada@example.org>"
    assert message["Date"] == "Mon, 06 May 2024 07:08:09 +0000"
    assert message["Subject"] == "[PATCH 2/3] Change it"
    assert message.get_content().startswith(
        "Because.\n---\n a.py   | 2 +-\n new.py | 1 +\n"
        " 2 files changed, 2 insertions(+), 1 deletion(-)\n create mode 100644 new.py\n\n"
        "diff --git a/a.py b/a.py\n"
    )
    assert b"[PATCH] Change it" in mail(ADA, (1, 1), "Change it\n", patch)


def test_file_names():
    assert file_name(7, "Close: the (old)  Ü's one.") == "0007-Close-the-old-s-one.patch"

    assert len(file_name(1, "long word " * 20)) <= 64


@pytest.fixture
def repo(tmp_path, monkeypatch):
    fakes.use_fakes(monkeypatch)
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "a.py").write_text("old_one\nold_two  # keep\n")
    monkeypatch.chdir(folder)
    return fakes.repository(folder)


def test_names_stay_and_are_replaced(repo, tmp_path, capfd):
    folder = tmp_path / "x" / "y"
    assert run(["diff", "--series", str(folder)]) == 1
    out, err = capfd.readouterr()
    (patch,) = folder.iterdir()
    assert (out, err) == (f"{patch}\n", "Wrote 1 patch.\n")
    patch.write_text("old")
    (folder / "0002-Mine.patch").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    assert run(["diff", "-q", "--series", str(folder)]) == 1
    err = capfd.readouterr().err
    assert err == f"warning: {folder} holds other patches, which stay: 0002-Mine.patch\n"
    assert patch.read_text().startswith("From 0000")
    assert (folder / "0002-Mine.patch").read_text() == "mine"
    assert fakes.git(repo, "status", "--porcelain") == ""


def test_the_message_is_that_of_pr(repo, tmp_path, capfd):
    run(["diff", "--series", str(tmp_path / "p")])
    am(repo, *(tmp_path / "p").iterdir())
    message = fakes.git(repo, "log", "-1", "--format=%B").rstrip("\n")
    fakes.git(repo, "checkout", "-q", "-B", "main", "HEAD~")
    capfd.readouterr()
    run(["pr", "--dry-run", "--output-format", "json"])
    (commit,) = json.loads(capfd.readouterr().out)["commits"]
    assert message == commit.rstrip("\n")


def test_json(repo, tmp_path, capfd):
    assert run(["diff", "-q", "--output-format", "json", "--series", str(tmp_path / "p")]) == 1
    (found,) = json.loads(capfd.readouterr().out)["patches"]
    assert found["rule"] == "fake-first"
    assert found["subject"] == "Replace old_one by new_one"
    assert Path(found["path"]).is_file()
    assert found["files"] == [{"path": "a.py", "new": False, "added": 1, "removed": 1}]


def test_nothing_to_change(repo, tmp_path, capfd):
    (repo / "a.py").write_text("x = 1\n")
    fakes.commit(repo, "nothing")
    assert run(["diff", "--series", str(tmp_path / "p")]) == 0
    assert capfd.readouterr() == ("", "Nothing to change.\n")
    assert not (tmp_path / "p").exists()


def test_a_dirty_tree_is_warned_of(repo, tmp_path, capfd):
    (repo / "a.py").write_text("old_one\n")
    assert run(["diff", "-q", "--series", str(tmp_path / "p")]) == 1
    assert capfd.readouterr().err == (
        "warning: a.py has uncommitted changes; commit or stash them; `git am` will refuse the "
        "series until then\n"
    )


def test_what_cannot_be_written(repo, tmp_path, capfd, monkeypatch):
    (tmp_path / "file").write_text("")
    assert run(["diff", "--series", str(tmp_path / "file" / "p")]) == 2
    assert "cannot be written" in capfd.readouterr().err
    fakes.git(repo, "config", "--unset", "user.email")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for name in ("EMAIL", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    fakes.git(repo, "config", "user.useConfigOnly", "true")
    assert run(["diff", "--series", str(tmp_path / "p")]) == 2
    assert "git knows no author" in capfd.readouterr().err


class TestStat:
    """``diff --stat`` against git itself."""

    def same(self, root: Path, changes: dict[str, tuple[int, int]]) -> None:
        """Files that lose and get so many lines, told by looplift and by git."""
        before = {
            path: "".join(f"old {n}\n" for n in range(removed)) + "end\n"
            for path, (_, removed) in changes.items()
        }
        after = {
            path: "".join(f"new {n}\n" for n in range(added)) + "end\n"
            for path, (added, _) in changes.items()
        }
        for path, text in before.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        fakes.commit(root, "before")
        for path, text in after.items():
            (root / path).write_text(text)
        files = {path: SourceFile(path, text) for path, text in sorted(before.items())}
        patch = make_patch(CodeBase(root, files), CodeBase(root, files).with_texts(after))
        for width in (72, 80):
            command = ["-c", "core.quotePath=false", "diff", f"--stat={width}"]
            assert diffstat(patch, width) == fakes.git(root, *command)

    @pytest.mark.parametrize(
        "changes",
        [
            {"a.py": (1, 1)},
            {"a.py": (3, 0)},
            {"a.py": (0, 3), "b.py": (0, 1)},
            {"a.py": (500, 3), "b.py": (1, 1), "c.py": (3, 400), "d.py": (1, 0)},
            {"a.py": (30, 34), "b.py": (31, 31)},
            {"deep/er/and/deep/er/and/deep/er/and/a_rather_long_name_of_a_module.py": (9, 9)},
            {"deep/" * 20 + "a.py": (90, 9), "b.py": (1000, 1)},
            {"no_slash_" * 12 + ".py": (90, 9)},
            {"größe.py": (2, 2), "世界/世界世界世界.py": (2, 200)},
            {"with blank.py": (1, 0), 'quo"te.py': (1, 0)},
        ],
    )
    def test_chosen(self, tmp_path, changes):
        self.same(fakes.repository(tmp_path), changes)

    def test_random(self, tmp_path):
        fakes.repository(tmp_path)
        source = random.Random(3)
        for number in range(25):
            shutil.rmtree(tmp_path / str(number - 1), ignore_errors=True)
            fakes.commit(tmp_path, "clean")
            names = ["/".join("x" * source.randint(1, 40) for _ in range(3)) for _ in range(4)]
            self.same(
                tmp_path,
                {
                    f"{number}/{name}{index}.py": (source.randint(1, 90), source.randint(0, 120))
                    for index, name in enumerate(names)
                },
            )

    def test_the_command(self, repo, capfd):
        assert run(["diff", "--stat"]) == 1
        out = capfd.readouterr().out
        assert out == " a.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n"
        (repo / "a.py").write_text("x = 1\n")
        assert run(["diff", "--stat"]) == 0
        assert capfd.readouterr().out == ""


def test_what_format_patch_writes_reads_the_same(repo, tmp_path):
    """The same commit by git: same names, same headers, same subject."""
    run(["diff", "-q", "--series", str(tmp_path / "p")])
    (ours,) = (tmp_path / "p").iterdir()
    am(repo, ours)
    done = subprocess.run(
        ["git", "format-patch", "-1", "-o", str(tmp_path / "theirs")],
        cwd=repo, capture_output=True, text=True, check=True,
    )  # fmt: skip
    theirs = Path(done.stdout.strip())
    assert theirs.name == ours.name
    left, right = (email.message_from_bytes(path.read_bytes()) for path in (ours, theirs))
    for header in ("From", "Date", "Subject"):
        assert left[header] == right[header]
    assert (
        left.get_payload().splitlines()[:-2]
        == [line for line in right.get_payload().splitlines() if not line.startswith("index ")][:-2]
    )
