"""``looplift check``: lines, summary, exit codes, selection, suppression, cache."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import fakes
import pytest

import codemods.cache
from codemods.findings import Finding
from codemods.passes import Outcome


def test_findings_are_one_a_line_then_a_summary(looplift, repo):
    result = looplift("check")
    assert result.code == 1
    assert result.out.splitlines() == [
        "app/a.py:2:12: LL901 `old_one` blocks",
        "app/a.py:2:20: LL911 `old_two` blocks",
        "app/b.py:1:5: LL901 `old_one` blocks",
        "app/b.py:2:5: LL911 `old_two` blocks",
        "Found 4 findings in 2 files (2 native, 1 bridged, 1 left). "
        "1 further edit with --unsafe-fixes.",
    ]
    assert result.err == ""


def test_no_findings(looplift, repo):
    result = looplift("check", "app/plain.py")
    assert (result.code, result.out) == (0, "No findings.\n")


def test_paths_are_relative_to_the_working_directory(looplift, repo, monkeypatch):
    monkeypatch.chdir(repo / "app")
    assert looplift("check").out.startswith("a.py:2:12: ")
    monkeypatch.chdir("/")
    assert looplift("check", repo).out.startswith(f"{str(repo)[1:]}/app/a.py:2:12: ")


def test_paths_outside_of_the_working_directory_are_relative_to_the_root(
    looplift, repo, monkeypatch, tmp_path
):
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert looplift("check", repo).out.startswith("app/a.py:2:12: ")


def test_only_findings_below_path_are_reported(looplift, repo):
    result = looplift("check", "app/b.py")
    assert result.code == 1
    assert "a.py" not in result.out
    assert "further" not in result.out


def test_quiet_prints_findings_only(looplift, repo):
    assert len(looplift("check", "-q").out.splitlines()) == 4


def test_json(looplift, repo):
    result = looplift("check", "--output-format", "json")
    data = json.loads(result.out)
    assert result.code == 1
    assert data["version"] == 1
    assert data["withheld"] == 1
    assert data["findings"][0] == {
        "path": "app/a.py",
        "line": 2,
        "column": 12,
        "code": "LL901",
        "rule": "fake-first",
        "message": "`old_one` blocks",
        "level": "safe",
        "treatment": "native",
        "symbol": "",
        "reasons": ["called by `main` in app/a.py:1", "a route"],
    }


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--select", "LL901"], {"LL901"}),
        (["--select", "fake-second"], {"LL911"}),
        (["--select", "LL90,LL92"], {"LL901", "LL921"}),
        (["--select", "LL901", "--select", "LL911"], {"LL901", "LL911"}),
        (["--select", "ALL"], {"LL901", "LL911"}),
        (["--select", "LL"], {"LL901", "LL911"}),
        (["--select", "ALL", "--unsafe-fixes"], {"LL901", "LL911", "LL921"}),
        (["--select", "fake-unsafe"], {"LL921"}),
        (["--extend-select", "fake-unsafe"], {"LL901", "LL911", "LL921"}),
        (["--unsafe-fixes"], {"LL901", "LL911", "LL921"}),
        (["--ignore", "LL90"], {"LL911"}),
        (["--ignore", "LL9", "--select", "LL911"], {"LL911"}),
        (["--ignore", "LL911", "--select", "LL9"], {"LL901", "LL921"}),
        (["--exclude", "app/b.py", "--ignore", "fake-first"], {"LL911"}),
        (["--exclude", "app"], set()),
    ],
)
def test_selection(looplift, repo, arguments, codes):
    out = looplift("check", "-q", *arguments).out
    assert {line.split()[1] for line in out.splitlines()} == codes


@pytest.mark.parametrize("rule", ["LL7", "nonsense", "fake", "LL9011"])
def test_an_unknown_rule_is_one_sentence(looplift, repo, rule):
    result = looplift("check", "--select", rule)
    assert result.code == 2
    assert result.out == ""
    assert result.err == (f"looplift: error: unknown rule `{rule}` (`looplift rules` lists them)\n")


def test_a_path_that_is_not_there(looplift, repo):
    result = looplift("check", "nowhere")
    assert result.code == 2
    assert result.err == f"looplift: error: {repo}/nowhere: no such file or folder\n"


def test_comments_suppress(looplift, repo):
    (repo / "app" / "b.py").write_text(
        "a = old_one  # looplift: ignore\n"
        "b = old_one  # looplift: ignore[LL901]\n"
        "c = old_one  # looplift: ignore[fake-first]\n"
        "d = old_one  # noqa: LL901\n"
        "e = old_one  # noqa: E501, LL901\n"
        "f = old_one  # looplift: ignore[LL911]\n"
        "g = old_one  # noqa\n"
        "h = old_one, '# looplift: ignore'\n"
        "i = old_one  # noqa: E501\n"
        'j = old_one, """\n# noqa\n"""  # looplift: ignore\n'
        "k = (\n    old_one,  # looplift: ignore\n    old_one,\n)\n"
        "l = [\n    old_one,\n    old_one,\n]  # looplift: ignore[LL901]\n"
    )
    out = looplift("check", "-q", "app/b.py", "--ignore", "LL001").out
    assert [line.split(":")[1] for line in out.splitlines()] == ["6", "7", "8", "9", "15"]


def test_comments_that_silence_nothing(looplift, repo):
    (repo / "app" / "b.py").write_text(
        "a = 1  # looplift: ignore\n"
        "b = old_one  # looplift: ignore[LL911, LL901]\n"
        "c = 1  # noqa: E501, LL901\n"
        "d = 1  # noqa: E501\n"
        "e = old_one  # looplift: ignore[fake-second]\n"
        "f = 1  # looplift: ignore[LL001, LL901]\n"
        "g = old_three  # looplift: ignore[LL921]\n"
        "h = 1  # looplift: ignore[LL921]\n"
        "i = old_one  # looplift: ignore[LL9]\n"
        "j = '# looplift: ignore'\n"
    )
    result = looplift("check", "app/b.py")
    assert [line for line in result.out.splitlines()[:-1] if "LL001" in line] == [
        "app/b.py:5:14: LL001 the comment silences `fake-second`, which finds nothing here",
    ]
    assert "LL001" not in looplift("check", "-q", "--ignore", "LL001", "app/b.py").out
    # Rules that do not look are not judged; all of them look with --unsafe-fixes.
    assert "LL001" not in looplift("check", "-q", "--select", "LL901,LL001", "app/b.py").out
    lines = looplift("check", "-q", "--unsafe-fixes", "app/b.py").out.splitlines()
    found = [line.split(":")[1] for line in lines if "LL001" in line]
    assert found == ["1", "3", "5", "8"]
    assert "b.py:3:8: LL001 the comment silences `LL901`, which finds nothing here" in "\n".join(
        lines
    )


def test_silenced_lines_of_other_files(looplift, repo):
    (repo / "app" / "b.py").write_text("# looplift: skip-file\na = old_one\n")
    assert looplift("apply", "--allow-dirty", "-q").code == 0
    assert (repo / "app" / "b.py").read_text().endswith("a = old_one\n")
    assert "new_one" in (repo / "app" / "a.py").read_text()


def test_what_would_edit_a_frozen_file_is_left_as_a_whole(looplift, repo, monkeypatch):
    """A pass that knows nothing of frozen files edits none of them."""

    def plan(program, options):
        finding = Finding("app/a.py", 1, 1, "LL901", "old", "fake-first")
        texts = dict.fromkeys(("app/a.py", "app/b.py"), "new\n")
        return Outcome(texts=texts, findings=(finding,))

    fakes.use_fakes(monkeypatch, (replace(fakes.FIRST, plan=plan),))
    (repo / "app" / "b.py").write_text("# looplift: skip-file\na = old_one\n")
    before = fakes.tree(repo)
    result = looplift("apply", "--allow-dirty")
    assert result.code == 0
    assert "    app/a.py:1:1: LL901 old\n" in result.out
    assert "because it has to edit app/b.py, which is to be left alone" in result.out
    assert fakes.tree(repo) == before


def test_skip_file(looplift, repo):
    (repo / "app" / "b.py").write_text('"""Doc."""\n# looplift: skip-file\na = old_one\n')
    assert looplift("check", "app/b.py").code == 0
    (repo / "app" / "b.py").write_text("\n" * 10 + "# looplift: skip-file\na = old_one\n")
    assert looplift("check", "app/b.py").code == 1


def test_files_that_cannot_be_read_do_not_stop_the_others(looplift, repo):
    (repo / "app" / "bad.py").write_bytes(b"# coding: utf-8\nx = '\xff'\n")
    result = looplift("check")
    assert result.code == 1
    assert result.err.startswith("app/bad.py:1: cannot be decoded as utf-8")
    assert len(result.err.splitlines()) == 1
    assert len(result.out.splitlines()) == 5


def test_odd_names_stay_on_one_line(looplift, repo):
    (repo / "app" / "two\nlines\x1b[31m.py").write_text("old_one\n")
    result = looplift("check", "-q")
    assert r"app/two\nlines\x1b[31m.py:1:1: LL901" in result.out
    assert len(result.out.splitlines()) == 5


def test_passes_that_know_nothing_of_lines_leave_the_file(looplift, repo):
    (repo / "app" / "b.py").write_text("a = old_one  # looplift: ignore[LL901]\nb = old_one\n")
    assert looplift("apply", "--allow-dirty", "-q").code == 0
    assert (repo / "app" / "b.py").read_text().count("old_one") == 2
    assert "new_one" in (repo / "app" / "a.py").read_text()


class TestCache:
    @pytest.fixture
    def checks(self, monkeypatch):
        """Count the checks that are not answered by the cache."""
        calls = []
        real = codemods.cache.Project.check

        def check(project):
            calls.append(project)
            return real(project)

        monkeypatch.setattr(codemods.cache.Project, "check", check)
        return calls

    def test_the_second_check_is_answered_from_the_cache(self, looplift, repo, checks):
        first, second = looplift("check"), looplift("check")
        assert first == second
        assert len(checks) == 1

    def test_it_ignores_itself(self, looplift, repo):
        looplift("check")
        assert (repo / ".looplift_cache" / ".gitignore").read_text().endswith("*\n")
        assert fakes.git(repo, "status", "--porcelain") == ""

    def test_what_changes_the_result_is_seen(self, looplift, repo, checks):
        looplift("check")
        (repo / "app" / "a.py").write_text("fine\n")
        assert len(looplift("check", "-q").out.splitlines()) == 2
        looplift("check", "--unsafe-fixes")
        looplift("check", "app")
        looplift("check", "--exclude", "b.py")
        (repo / "app" / "new.py").write_text("")
        looplift("check")
        assert len(checks) == 6

    def test_jobs_and_output_do_not_matter(self, looplift, repo, checks):
        looplift("check")
        looplift("check", "-j", "1", "--output-format", "json", "-q")
        assert len(checks) == 1

    def test_no_cache(self, looplift, repo, checks):
        looplift("check", "--no-cache")
        looplift("check", "--no-cache")
        assert len(checks) == 2
        assert not (repo / ".looplift_cache").exists()

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"key": 1}', b"null"])
    def test_an_unreadable_one_is_ignored(self, looplift, repo, content):
        first = looplift("check")
        (repo / ".looplift_cache" / "check.json").write_bytes(content)
        assert looplift("check") == first

    def test_a_forged_one_is_ignored(self, looplift, repo):
        first = looplift("check")
        location = repo / ".looplift_cache" / "check.json"
        data = json.loads(location.read_text())
        data["report"]["findings"][0]["level"] = "nonsense"
        location.write_text(json.dumps(data))
        assert looplift("check") == first

    def test_a_link_is_not_followed(self, looplift, repo, tmp_path: Path):
        (tmp_path / "outside").mkdir()
        (repo / ".looplift_cache").symlink_to(tmp_path / "outside")
        assert looplift("check").code == 1
        assert list((tmp_path / "outside").iterdir()) == []

    def test_a_new_looplift_starts_afresh(self, looplift, repo, checks, monkeypatch):
        looplift("check")
        monkeypatch.setattr(codemods.cache, "own_source", lambda: "other")
        looplift("check")
        assert len(checks) == 2
