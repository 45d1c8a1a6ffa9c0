"""``looplift diff`` and ``plan``: what is printed where, and that git takes the diff."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import fakes
import pytest

from cli.main import run
from codemods.passes import Outcome

ROOT = Path(__file__).parents[2]


def apply_check(repo, patch: str, *arguments: str) -> str:
    return fakes.git(repo, "apply", *arguments, data=patch.encode())


def test_only_the_diff_is_on_stdout(looplift, repo):
    result = looplift("diff")
    assert result.code == 1
    assert result.out.startswith(
        "diff --git a/app/a.py b/app/a.py\n--- a/app/a.py\n+++ b/app/a.py\n@@ "
    )
    assert result.err == "Would change 2 files (+2 -2). 1 further edit with --unsafe-fixes.\n"
    apply_check(repo, result.out, "--check")
    assert apply_check(repo, result.out, "--numstat") == "1\t1\tapp/a.py\n1\t1\tapp/b.py\n"


def test_nothing_is_written(looplift, repo):
    before = fakes.tree(repo)
    looplift("diff")
    looplift("plan")
    looplift("check")
    assert fakes.tree(repo) == before


def test_nothing_to_change(looplift, repo):
    result = looplift("diff", "app/plain.py")
    assert (result.code, result.out, result.err) == (0, "", "Nothing to change.\n")
    assert looplift("diff", "-q", "app/plain.py").err == ""


def test_paths_are_relative_to_the_root(looplift, repo, monkeypatch):
    monkeypatch.chdir(repo / "app")
    assert looplift("diff", "a.py").out.startswith("diff --git a/app/a.py ")


def test_colour(looplift, repo, monkeypatch):
    assert "\x1b[" not in looplift("diff").out
    coloured = looplift("diff", "--color", "always")
    assert "\x1b[32m+" in coloured.out
    assert "\x1b[1m" in coloured.err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in looplift("diff").out
    assert "\x1b[" not in looplift("diff", "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in looplift("diff").out


def test_json(looplift, repo):
    result = looplift("diff", "-q", "--output-format", "json")
    data = json.loads(result.out)
    first, second = data["files"]
    (hunk,) = first.pop("hunks")
    assert first == {"path": "app/a.py", "new": False, "added": 1, "removed": 1}
    apply_check(repo, data["diff"], "--check")
    lines = {name: hunk[name] for name in ("old_start", "old_lines", "new_start", "new_lines")}
    assert lines == {"old_start": 1, "old_lines": 5, "new_start": 1, "new_lines": 5}
    assert (hunk["rules"], hunk["level"]) == (["fake-first", "fake-second"], "safe")
    assert [(f["line"], f["code"]) for f in hunk["findings"]] == [(2, "LL901"), (2, "LL911")]
    assert hunk["findings"][0]["reasons"] == ["called by `main` in app/a.py:1", "a route"]
    assert [d["treatment"] for d in hunk["decisions"]] == ["native", "native"]
    (hunk,) = second["hunks"]
    assert hunk["rules"] == ["fake-first"]
    assert [f["treatment"] for f in hunk["findings"]] == ["bridged", "left"]


def test_each_hunk_has_its_own_reasons(looplift, repo):
    rest = "\n" * 20
    (repo / "app" / "a.py").write_text(
        f"# first\nold_one{rest}# second\nold_two{rest}# third\nold_three  # make_file\n"
    )
    data = json.loads(looplift("diff", "--output-format", "json", "--unsafe-fixes").out)
    (file,) = [file for file in data["files"] if file["path"] == "app/a.py"]
    assert [hunk["rules"] for hunk in file["hunks"]] == [
        ["fake-first"], ["fake-second"], ["fake-unsafe"],
    ]  # fmt: skip
    assert [hunk["level"] for hunk in file["hunks"]] == ["safe", "safe", "unsafe"]
    codes = [[f["code"] for f in hunk["findings"]] for hunk in file["hunks"]]
    assert codes == [["LL901"], ["LL911"], ["LL921"]]
    (made,) = [file for file in data["files"] if file["path"] == "made/helper.py"]
    assert made["hunks"][0]["rules"] == ["fake-first"]


def test_every_hunk_of_a_real_migration_has_a_pass(repo, tmp_path, monkeypatch, capfd):
    source = ROOT / "golden" / "leaky_return" / "before"
    folder = tmp_path / "app"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    monkeypatch.chdir(folder)
    capfd.readouterr()
    assert run(["diff", "-q", "--output-format", "json"]) == 1
    data = json.loads(capfd.readouterr().out)
    hunks = [hunk for file in data["files"] for hunk in file["hunks"]]
    assert len(hunks) == sum(line.startswith("@@ ") for line in data["diff"].splitlines())
    assert all(hunk["rules"] and hunk["level"] == "safe" for hunk in hunks)
    explained = [hunk for hunk in hunks if hunk["findings"] or hunk["decisions"]]
    assert len(explained) > len(hunks) / 2
    assert any(reason for hunk in hunks for d in hunk["decisions"] for reason in d["reasons"])


def test_long_lines_are_not_wrapped(looplift, repo):
    (repo / "app" / "a.py").write_text("x = old_one" + " + 1" * 500 + "\n")
    for color in ("never", "always"):
        assert len(looplift("diff", "--color", color).out.splitlines()[5]) > 2000


def test_edits_outside_of_path_are_refused(looplift, repo, monkeypatch):
    (repo / "other").mkdir()
    (repo / "other" / "c.py").write_text("")
    outcome = Outcome(texts={"other/c.py": "x\n"})
    monkeypatch.setattr(
        "codemods.passes.all_passes", lambda: (replace(fakes.FIRST, plan=lambda *_: outcome),)
    )
    for command in ("diff", "apply", "plan", "pr"):
        result = looplift(command, "app", *(["--dry-run"] if command == "pr" else []))
        assert result.code == 0
        assert (
            "other/c.py:1: `fake-first` has to edit this file, outside of app: it is left out; "
            f"give the wider path {repo}\n"
        ) in result.err
    assert looplift("diff").code == 1


def test_what_needs_no_file_outside_of_path_is_done(looplift, repo, monkeypatch):
    (repo / "other").mkdir()
    (repo / "other" / "c.py").write_text("")
    outcome = Outcome(texts={"other/c.py": "x\n"})
    outside = replace(fakes.FIRST, name="fake-outside", plan=lambda *_: outcome)
    monkeypatch.setattr("codemods.passes.all_passes", lambda: (outside, fakes.FIRST))
    result = looplift("diff", "app")
    assert result.code == 1
    assert "other/c.py" not in result.out
    assert "new_one" in result.out
    assert "`fake-outside` has to edit this file" in result.err


def test_a_pass_alone_is_run_with_a_warning(looplift, repo):
    result = looplift("diff", "--select", "fake-second")
    assert result.code == 1
    assert result.err.splitlines()[0] == (
        "warning: `fake-second` expects `fake-first` to have been applied before"
    )
    assert "new_one" not in result.out


def test_without_git(looplift, tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("old_one\n")
    monkeypatch.chdir(tmp_path)
    result = looplift("diff")
    assert result.out.startswith("diff --git a/a.py b/a.py\n")


def test_an_unexpected_error_is_one_sentence(looplift, repo, monkeypatch):
    def plan(*_):
        raise ValueError("two\nlines")

    monkeypatch.setattr("codemods.passes.all_passes", lambda: (replace(fakes.FIRST, plan=plan),))
    for command in ("check", "diff", "apply", "plan"):
        result = looplift(command)
        assert result.code == 2
        assert result.out == ""
        assert result.err == (
            "looplift: internal error: ValueError: two\\nlines (please report; run with "
            "LOOPLIFT_DEBUG=1 for the traceback)\n"
        )
    monkeypatch.setenv("LOOPLIFT_DEBUG", "1")
    assert "Traceback" in looplift("diff").err


def test_files_that_cannot_be_parsed_are_named(looplift, repo, monkeypatch):
    (repo / "app" / "bad.py").write_text("x = 1\ndef f(:\n  old_one\n")

    def plan(program, options):
        for module in program.modules:
            _ = module.tree
        return Outcome()

    monkeypatch.setattr("codemods.passes.all_passes", lambda: (replace(fakes.FIRST, plan=plan),))
    for command in ("check", "diff", "plan", "apply"):
        result = looplift(command)
        assert result.code == 0
        assert result.err.startswith("app/bad.py:2: cannot be parsed (")


class TestPlan:
    def test_text(self, looplift, repo):
        result = looplift("plan")
        assert result.code == 0
        assert result.out == (
            "fake-first: Replace old_one by new_one\n"
            "  app/a.py:2 f: native, becomes new (1 site)\n"
            "    because called by `main` in app/a.py:1\n"
            "      because a route\n"
            "  app/b.py:1 f: bridged, becomes new (1 site)\n"
            "    because called by `main` in app/b.py:1\n"
            "      because a route\n"
            "fake-second: Replace old_two by new_two\n"
            "  app/a.py:2 f: native, becomes new (1 site)\n"
            "    because called by `main` in app/a.py:1\n"
            "      because a route\n"
            "  app/b.py:2 f: left, becomes new (1 site)\n"
            "    because called by `main` in app/b.py:1\n"
            "      because a route\n"
            "Sites: 2 native (50 %), 1 bridged, 1 left. 1 further edit with --unsafe-fixes.\n"
        )

    def test_json(self, looplift, repo):
        data = json.loads(looplift("plan", "--output-format", "json").out)
        assert data["sites"] == {"native": 2, "bridged": 1, "left": 1, "share": 0.5}
        assert data["passes"][0]["rule"] == "fake-first"
        assert data["passes"][0]["decisions"][0]["symbol"] == "f"

    def test_tests_are_counted_apart(self, looplift, repo):
        (repo / "tests").mkdir()
        (repo / "tests" / "test_a.py").write_text("y = old_one\n")
        data = json.loads(looplift("plan", "--output-format", "json").out)
        assert data["sites"] == {"native": 2, "bridged": 1, "left": 1, "share": 0.5}
        assert data["test_sites"] == {"native": 1, "bridged": 0, "left": 0, "share": 1.0}
        out = looplift("plan").out
        assert "\nSites in tests: 1 native (100 %), 0 bridged, 0 left.\nSites: 2 native" in out

    def test_nothing(self, looplift, repo):
        assert looplift("plan", "app/plain.py").out == "Sites: none.\n"


class TestRules:
    def test_list(self, looplift):
        lines = looplift("rules").out.splitlines()
        assert lines[0] == "fake-first (safe): Replace old_one by new_one"
        assert lines[1] == "  LL901 fake-first-word: The word `old_one`"

    @pytest.mark.parametrize("name", ["fake-second", "LL911", "ll911"])
    def test_page(self, looplift, name):
        out = looplift("rules", name).out
        assert out.startswith("# fake-second\n\nReplace old_two by new_two\n\nLevel: safe: on by")
        assert "Needs: `fake-first`." in out
        assert "## Why is this bad\nBecause `old_two` blocks the loop," in out

    def test_unknown(self, looplift):
        result = looplift("rules", "x")
        assert (result.code, result.err) == (
            2,
            "looplift: error: unknown rule `x` (`looplift rules` lists them)\n",
        )

    def test_json(self, looplift):
        data = json.loads(looplift("rules", "--output-format", "json").out)
        assert [rule["name"] for rule in data["rules"]] == [
            "fake-first",
            "fake-second",
            "fake-unsafe",
        ]


class TestEntryPoint:
    def test_version_and_help(self, looplift):
        assert looplift("--version").out.startswith("looplift 0.")
        for command in ("check", "diff", "plan", "apply", "pr", "rules"):
            result = looplift(command, "--help")
            assert result.code == 0
            assert "Exit codes:" in result.out

    def test_usage_errors(self, looplift, repo):
        for arguments in (["check", "--nonsense"], ["nonsense"], ["check", "--color", "pink"]):
            assert looplift(*arguments).code == 2

    def test_help_imports_nothing_heavy(self):
        code = (
            "import sys; from cli.main import run; run(['check', '--help']); "
            "heavy = {'libcst', 'git', 'httpx', 'black', 'unidiff', 'rich', 'tomlkit'}; "
            "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")

    def test_a_closed_pipe_is_no_error(self, repo):
        command = f"{sys.executable} -m cli.main rules | true"
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""
