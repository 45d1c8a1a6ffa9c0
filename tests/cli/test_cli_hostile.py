"""Repositories that want to run something: reading and applying run none of it."""

from __future__ import annotations

import os

import fakes
import pytest

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
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).write_bytes(script.read_bytes())
        (hooks / name).chmod(0o755)
    (repo / "setup.py").write_text(f"open({str(mark)!r}, 'w')\nold_one\n")
    (repo / "conftest.py").write_text(f"open({str(mark)!r}, 'w')\n")
    return mark


@pytest.mark.parametrize("command", ["check", "diff", "plan", "apply --allow-dirty", "apply"])
def test_nothing_of_it_runs(looplift, trap, command):
    result = looplift(*command.split())
    assert result.code in (0, 1)
    assert not trap.exists()


def test_a_dry_run_of_pr_runs_nothing(looplift, trap, repo):
    (repo / "setup.py").unlink()
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
