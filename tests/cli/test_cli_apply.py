"""``looplift apply``: what is written, what is refused, what is said."""

from __future__ import annotations

import json
from dataclasses import replace

import fakes

from codemods.passes import Outcome
from codemods.sinks import journal


def test_writes_and_says_what_was_done(looplift, repo):
    result = looplift("apply")
    assert (result.code, result.err) == (0, "")
    assert (repo / "app" / "a.py").read_text().startswith("def f():\n    return new_one(new_two)\n")
    assert (repo / "app" / "b.py").read_text() == "y = new_one  # bridge\nz = old_two  # keep\n"
    assert result.out == (
        "fake-first: 2 files changed (+2 -2)\n"
        "  LL901 fake-first-word: 1 done\n"
        "  bridged: 1\n"
        "    app/b.py:1:5: LL901 `old_one` blocks\n"
        "      because called by `main` in app/b.py:1\n"
        "      because a route\n"
        "fake-second: 1 file changed (+1 -1)\n"
        "  LL911 fake-second-word: 1 done\n"
        "  left: 1\n"
        "    app/b.py:2:5: LL911 `old_two` blocks\n"
        "      because called by `main` in app/b.py:1\n"
        "      because a route\n"
        "Files written:\n"
        "  app/a.py\n"
        "  app/b.py\n"
        "Changed 2 files (+2 -2): 2 native, 1 bridged, 1 left. "
        "1 further edit with --unsafe-fixes.\n"
    )


def test_the_diff_says_what_apply_does(looplift, repo):
    patch = looplift("diff").out
    looplift("apply")
    applied = fakes.tree(repo)
    fakes.git(repo, "checkout", "-q", ".")
    fakes.git(repo, "apply", data=patch.encode())
    assert fakes.tree(repo) == applied


def test_a_second_apply_changes_nothing(looplift, repo):
    looplift("apply")
    before = fakes.tree(repo)
    result = looplift("apply")
    assert result.code == 0
    assert result.last.startswith("Nothing to change. 1 place left as before.")
    assert fakes.tree(repo) == before


def test_a_dirty_tree_is_refused(looplift, repo):
    before = fakes.tree(repo)
    (repo / "app" / "plain.py").write_text("mine = 1\n")
    result = looplift("apply")
    assert result.code == 2
    assert result.err == (
        "looplift: error: app/plain.py has uncommitted changes; commit or stash them, or pass "
        "--allow-dirty\n"
    )
    assert fakes.tree(repo)["app/a.py"] == before["app/a.py"]
    assert looplift("apply", "--allow-dirty").code == 0


def test_untracked_files_are_not_dirt(looplift, repo):
    (repo / "new.txt").write_text("")
    assert looplift("apply").code == 0


def test_without_git(looplift, tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("old_one\n")
    monkeypatch.chdir(tmp_path)
    assert looplift("apply").code == 0
    assert (tmp_path / "a.py").read_text() == "new_one\n"


def test_new_files(looplift, repo):
    (repo / "app" / "a.py").write_text("old_one  # make_file\n")
    result = looplift("apply", "--allow-dirty")
    assert "  made/helper.py (new)\n" in result.out
    assert (repo / "made" / "helper.py").read_text() == "# made by fake-first\n"


def test_lines_are_those_of_the_result(looplift, repo, monkeypatch):
    def grow(program, options):
        texts = {f.path: "# new line\n" + f.text for f in program.codebase if "z =" in f.text}
        return Outcome(texts=texts)

    passes = (*fakes.PASSES[:2], replace(fakes.FIRST, name="grow", order=9, plan=grow))
    monkeypatch.setattr("codemods.passes.all_passes", lambda: passes)
    assert "    app/b.py:3:5: LL911 `old_two` blocks\n" in looplift("apply").out


def test_quiet_and_json(looplift, repo):
    data = json.loads(looplift("apply", "--output-format", "json").out)
    assert [item["path"] for item in data["files"]] == ["app/a.py", "app/b.py"]
    assert data["passes"][1]["findings"][1]["treatment"] == "left"
    fakes.git(repo, "checkout", "-q", ".")
    assert looplift("apply", "-q").out == ""


def test_an_interrupted_apply_is_dealt_with_first(looplift, repo, monkeypatch):
    """Killed after the first of two renames: the next run finishes, and says so."""
    real = journal.remove
    monkeypatch.setattr(journal, "remove", lambda root: None)
    looplift("apply")
    monkeypatch.setattr(journal, "remove", real)
    assert journal.pending(repo)
    assert "an apply was interrupted" in looplift("diff").err
    result = looplift("apply", "--allow-dirty")
    assert result.err == "looplift: an interrupted apply of 2 files was finished\n"
    assert result.code == 0
    assert not journal.pending(repo)
