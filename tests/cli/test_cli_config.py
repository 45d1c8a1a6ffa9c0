"""``[tool.looplift]``: what it can say, and what is said of mistakes in it."""

from __future__ import annotations

import pytest


def write(repo, text, name="pyproject.toml"):
    (repo / name).write_text("[project]\nname = 'x'\n\n" + text)


def codes(result):
    return [(line.split(":")[0], line.split()[1]) for line in result.out.splitlines()]


def test_select_and_ignore(looplift, repo):
    write(repo, '[tool.looplift]\nselect = ["LL9"]\nignore = ["fake-second"]\n')
    assert {code for _, code in codes(looplift("check", "-q"))} == {"LL901", "LL921"}
    # As in ruff, --select starts afresh and --ignore adds.
    assert {code for _, code in codes(looplift("check", "-q", "--select", "LL911"))} == {"LL911"}
    assert {code for _, code in codes(looplift("check", "-q", "--ignore", "LL92"))} == {"LL901"}


def test_every_key(looplift, repo):
    write(
        repo,
        """
[tool.looplift]
extend-select = ["fake-unsafe"]
exclude = ["nothing"]
extend-exclude = ["app/b.py"]
unsafe-fixes = false
jobs = 1
driver = { postgresql = "asyncpg" }
streaming = { include = ["read_*"], exclude = ["/countries"], threshold = 5000 }

[tool.looplift.per-file-ignores]
"app/*" = ["LL901"]
""",
    )
    assert codes(looplift("check", "-q")) == [("app/a.py", "LL911"), ("app/a.py", "LL921")]


def test_the_nearest_one_counts(looplift, repo):
    write(repo, '[tool.looplift]\nselect = ["LL901"]\n')
    (repo / "app" / "pyproject.toml").write_text("[project]\nname = 'inner'\n")
    assert {code for _, code in codes(looplift("check", "-q", "app"))} == {"LL901"}
    (repo / "app" / "pyproject.toml").write_text('[tool.looplift]\nselect = ["LL911"]\n')
    assert {code for _, code in codes(looplift("check", "-q", "app"))} == {"LL911"}
    assert {code for _, code in codes(looplift("check", "-q", "app/a.py"))} == {"LL911"}
    assert {code for _, code in codes(looplift("check", "-q", "."))} == {"LL901"}


def test_patterns_are_relative_to_their_file(looplift, repo):
    (repo / "app" / "sub").mkdir()
    (repo / "app" / "sub" / "c.py").write_text("old_one\n")
    (repo / "app" / "pyproject.toml").write_text(
        '[tool.looplift]\nexclude = ["./sub/c.py"]\nper-file-ignores = {"b.py" = ["ALL"]}\n'
    )
    assert {path for path, _ in codes(looplift("check", "-q", "app"))} == {"app/a.py"}


@pytest.mark.parametrize(
    "pattern", ["app/b.py", "b.py", "app/b*", "**/b.py", "app/", "app", "!app/a.py"]
)
def test_per_file_ignores(looplift, repo, pattern):
    write(repo, f'[tool.looplift.per-file-ignores]\n"{pattern}" = ["LL90", "fake-second"]\n')
    assert ("app/b.py", "LL901") not in codes(looplift("check", "-q"))
    assert ("app/b.py", "LL911") not in codes(looplift("check", "-q"))


def test_another_file(looplift, repo):
    (repo / "looplift.toml").write_text('select = ["LL911"]\n')
    result = looplift("check", "-q", "--config", "looplift.toml")
    assert {code for _, code in codes(result)} == {"LL911"}
    result = looplift("check", "--config", "nowhere.toml")
    assert (result.code, result.err) == (
        2,
        "looplift: error: nowhere.toml: no such configuration file\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nslect = []", "5: unknown key `slect` (did you mean `select`?)"),
        ("\n\nselect = 'LL9'", "6: `select` has to be a list of strings"),
        ("\njobs = -1", "5: `jobs` has to be a number that is not negative"),
        ("\nunsafe-fixes = 1", "5: `unsafe-fixes` has to be true or false"),
        ("\nignore = ['LL1']", "5: unknown rule `LL1` (`looplift rules` lists them)"),
    ],
)
def test_mistakes_name_the_line(looplift, repo, text, message):
    write(repo, "[tool.looplift]" + text)
    result = looplift("check")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"looplift: error: pyproject.toml:{message}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.looplift.driver]\npostgresql = 'pg'",
            "pyproject.toml:4: unknown async driver `pg` for postgresql (known: psycopg, asyncpg)",
        ),
        (
            "[tool.looplift.per-file-ignores]\nx = ['LL1']",
            "pyproject.toml:4: unknown rule `LL1` (`looplift rules` lists them)",
        ),
        ("[tool]\nlooplift = 1", "pyproject.toml: `tool.looplift` has to be a table"),
        ("[tool.looplift", "pyproject.toml: is not valid TOML: "),
    ],
)
def test_mistakes_are_one_sentence(looplift, repo, text, message):
    write(repo, text)
    result = looplift("check")
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(f"looplift: error: {message}")
    assert len(result.err.splitlines()) == 1


def test_a_file_without_tools_says_nothing(looplift, repo):
    (repo / "pyproject.toml").write_text("tool = 1\n")
    assert looplift("check").code == 1


@pytest.mark.parametrize(
    ("driver", "message"),
    [
        ("asyncpg", "--driver: a driver is given as `database=driver`, not as `asyncpg`"),
        ("dbase=x", "--driver: unknown database `dbase` (known: "),
        ("sqlite=x", "--driver: unknown async driver `x` for sqlite (known: aiosqlite)"),
    ],
)
def test_drivers_on_the_command_line(looplift, repo, driver, message):
    result = looplift("check", "--driver", driver)
    assert result.code == 2
    assert result.err.startswith(f"looplift: error: {message}")


def test_drivers_reach_the_passes(looplift, repo, monkeypatch):
    import fakes

    from codemods.passes import Outcome
    from codemods.passes.base import Pass

    seen = []

    def plan(program, options):
        seen.append(options.driver)
        return Outcome()

    rule = Pass("x", 1, "x", fakes.FIRST.level, fakes.FIRST.codes, "", plan)
    monkeypatch.setattr("codemods.passes.all_passes", lambda: (rule,))
    write(repo, '[tool.looplift]\ndriver = {postgresql = "psycopg", sqlite = "aiosqlite"}\n')
    looplift("check", "--driver", "postgresql=asyncpg")
    assert seen == [(("postgresql", "asyncpg"), ("sqlite", "aiosqlite"))]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x00"])
def test_a_binary_file_is_broken_configuration(looplift, repo, data):
    (repo / "pyproject.toml").write_bytes(data)
    result = looplift("check")
    assert result.code == 2
    assert "is not valid TOML" in result.err


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('only = ["read_users"]', "`include`, `exclude`, `threshold`, `format`"),
        ("threshold = -1", "`threshold` has to be a number"),
        ('format = "xml"', "`format` has to be one of array, jsonl"),
        ('include = "read_users"', "`include` has to be a list of strings"),
    ],
)
def test_streaming_is_checked(looplift, repo, table, reason):
    write(repo, f"[tool.looplift.streaming]\n{table}\n")
    result = looplift("check", "-q")
    assert result.code == 2
    assert reason in result.err


def test_the_format_of_streams_on_the_command_line_wins(looplift, repo, monkeypatch):
    import fakes

    from codemods.passes.base import Outcome, Pass

    seen = []

    def plan(program, options):
        seen.append((options.stream_format, options.stream_threshold))
        return Outcome()

    rule = Pass("x", 1, "x", fakes.FIRST.level, fakes.FIRST.codes, "", plan)
    monkeypatch.setattr("codemods.passes.all_passes", lambda: (rule,))
    looplift("check")
    write(repo, '[tool.looplift.streaming]\nformat = "jsonl"\nthreshold = 7\n')
    looplift("check")
    looplift("check", "--stream-format", "array")
    assert seen == [("array", 0), ("jsonl", 7), ("array", 7)]
