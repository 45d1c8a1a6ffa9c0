"""Repositories that want to run something: reading and applying run none of it."""

from __future__ import annotations

import os
import time

import fakes
import pytest
from golden.runner import GOLDEN, copy_application

from cli.main import run

HOOKS = ("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-push")


@pytest.fixture
def trap(repo, tmp_path):
    """A repository whose configuration, hooks and modules all leave a mark when they run."""
    mark = tmp_path / "mark"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\necho $0 >> {mark}\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "core.sshCommand", "diff.external", "core.pager", "core.editor"):
        fakes.git(repo, "config", name, str(script))
    for name in ("status", "ls-files", "rev-parse"):
        fakes.git(repo, "config", f"alias.{name}", f"!{script}")
    for name in ("clean", "smudge", "process"):
        fakes.git(repo, "config", f"filter.Evil.{name}", str(script))
    for name in ("diff.Evil.textconv", "diff.Evil.command", "core.gitProxy", "gpg.program"):
        fakes.git(repo, "config", name, str(script))
    fakes.git(repo, "config", "credential.helper", f"!{script}")
    fakes.git(repo, "config", "core.alternateRefsCommand", str(script))
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).write_bytes(script.read_bytes())
        (hooks / name).chmod(0o755)
    (repo / "setup.py").write_text(f"open({str(mark)!r}, 'w')\nold_one\n")
    (repo / "conftest.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (repo / ".git" / "info" / "attributes").write_text("*.py filter=Evil diff=Evil merge=Evil\n")
    for path in repo.rglob("*.py"):  # git would have to look at what is in them
        os.utime(path, (1, 1))
    return mark


@pytest.mark.parametrize(
    "command",
    ["check", "diff", "diff --stat", "diff --series ../series", "plan", "apply --allow-dirty"],
)
def test_nothing_of_it_runs(looplift, trap, command):
    result = looplift(*command.split())
    assert result.code in (0, 1)
    assert not trap.exists()


def test_a_dry_run_of_pr_runs_nothing(looplift, trap, repo):
    fakes.git(repo, "config", "core.fsmonitor", "false")  # for the commit
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "filter.Evil.process=")
    for name in ("clean", "smudge"):
        quiet += ("-c", f"filter.Evil.{name}=")
    fakes.git(repo, *quiet, "add", "-A")
    fakes.git(repo, *quiet, "commit", "-qm", "all")
    trap.unlink(missing_ok=True)
    for path in repo.rglob("*.py"):
        os.utime(path, (2, 2))
    assert looplift("pr", "--dry-run").code == 0
    assert not trap.exists()


def test_links_out_of_the_root_are_neither_read_nor_written(looplift, repo, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("old_one\n")
    (repo / "app" / "link.py").symlink_to(outside / "secret.py")
    (repo / "linked").symlink_to(outside)
    fakes.commit(repo, "links")
    result = looplift("apply")
    assert result.code == 0
    assert "secret" not in result.out
    assert "link" not in result.out
    assert (outside / "secret.py").read_text() == "old_one\n"


def test_names_with_newlines_and_escapes(looplift, repo):
    name = 'app/two\nlines\t"quoted" \x1b[31m\\ \u00e9.py'
    (repo / name).write_text("old_one\n")
    (repo / os.fsdecode(b"app/bad\xff.py")).write_text("old_one\n")
    fakes.commit(repo, "odd")
    patch = looplift("diff").out
    assert patch.count("diff --git") == 4
    assert "\x1b" not in patch
    result = looplift("apply")
    assert result.code == 0
    assert "\x1b" not in result.out
    assert (repo / name).read_text() == "new_one\n"
    fakes.git(repo, "checkout", "-q", ".")
    fakes.git(repo, "apply", data=patch.encode())
    assert (repo / name).read_text() == "new_one\n"


def test_a_journal_that_the_repository_brings(looplift, repo):
    (repo / ".looplift_cache").mkdir()
    (repo / ".looplift_cache" / "journal.json").write_text('{"entries": [{"path": "../x"}]}')
    result = looplift("apply")
    assert result.code == 2
    assert "is not a journal of looplift; remove it" in result.err
    assert looplift("check").code == 1


@pytest.fixture(scope="module")
def monsters(tmp_path_factory):
    """An application with modules that no person wrote."""
    root = copy_application(GOLDEN / "leaky_return" / "before", tmp_path_factory.mktemp("m") / "r")
    head = "from sqlalchemy.orm import Session\n"
    query = "def f(db: Session):\n    return db.query(y).all()\n"
    deep = "".join(f"{' ' * n}if db.query({n}).first():\n" for n in range(1, 90))
    sums = " + ".join(f"db.query({n}).count()" for n in range(3000))
    texts = {
        "long": f"{head}y = '{'a' * 50_000_000}'\n{query}",
        "parentheses": f"{head}y = {'(' * 100_000}1{')' * 100_000}\n{query}",
        "brackets": f"{head}y = {'[' * 150}{']' * 150}\n{query}",
        "deep": f"{head}def f(db: Session):\n{deep}{' ' * 90}pass\n",
        "sums": f"{head}def f(db: Session):\n    return {sums}\n",
        "chain": f"{head}def f(db: Session):\n    db.query(1){'.filter(True)' * 3000}.all()\n",
        "nul": f"{head}y = '\0'\n{query}",
    }
    for name, text in texts.items():
        (root / f"{name}.py").write_text(text)
    return fakes.repository(root)


@pytest.mark.parametrize("command", ["check", "plan", "diff"])
def test_monsters_are_passed_over_and_the_rest_is_read(monsters, command, capfd):
    """Each is named with the reason, in time; nothing ends in a traceback."""
    start = time.monotonic()
    assert run([command, str(monsters), "--no-cache"]) == (command != "plan")
    assert time.monotonic() - start < 120
    out, err = capfd.readouterr()
    assert "long.py:1: is larger than" in err
    assert "parentheses.py:2: cannot be parsed" in err
    assert "internal error" not in err and "Traceback" not in err
    assert "crud.py" in out
