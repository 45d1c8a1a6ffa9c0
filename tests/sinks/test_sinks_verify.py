"""``looplift apply --verify``: what the user's command fails with is left out, the rest lands."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

import fakes
import pytest
from golden.runner import GOLDEN, copy_application, files

from cli.main import run
from codemods import verified
from codemods.plan.climb import Climb
from codemods.sinks.tracebacks import places
from codemods.sinks.verify import failures

PYTHON = shlex.quote(sys.executable)


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """Three modules that the fake passes change."""
    fakes.use_fakes(monkeypatch)
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "a.py").write_text("old_one\nold_two\n")
    (folder / "b.py").write_text("old_one\n")
    (folder / "c.py").write_text("old_two\n")
    (folder / ".gitignore").write_text("*.db\n")
    monkeypatch.chdir(folder)
    return fakes.repository(folder)


@pytest.fixture
def apply(capfd):
    """Call apply --verify and give exit code, output and errors."""

    def call(command: str, *arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(["apply", "-q", "--verify", command, *arguments])
        return (code, *capfd.readouterr())

    return call


def said(repo: Path) -> str:
    return (repo / ".looplift_cache" / "verify.log").read_text()


def test_what_passes_lands(repo, apply):
    code, out, _ = apply("grep -q old_one a.py || cat a.py")
    assert (code, out) == (0, "")
    assert (repo / "a.py").read_text() == "new_one\nnew_two\n"
    log = said(repo)
    assert "==== before: grep" in log and "==== after: grep" in log
    assert "new_one\nnew_two\n" in log


def test_the_summary(repo, capfd):
    assert run(["apply", "--verify", "true"]) == 0
    err = capfd.readouterr().err
    assert err.startswith("Verified: before: exit code 0 (")
    assert "; after: exit code 0 (" in err
    assert "Output: .looplift_cache/verify.log\n" in err
    assert err.endswith("Environment: the current one.\n")


def test_a_baseline_that_fails_is_said_and_nothing_is_left_out(repo, capfd):
    assert run(["apply", "--verify", "echo broken; exit 3"]) == 0
    err = capfd.readouterr().err
    assert "before: exit code 3" in err
    assert "The command fails before the migration, so nothing was left out" in err
    assert (repo / "a.py").read_text() == "new_one\nnew_two\n"
    assert "broken" in said(repo)


@pytest.mark.parametrize("command", ["no-such-program -q", "./a.py"])
def test_a_command_that_can_not_be_run_judges_nothing(repo, capfd, command):
    """It is no suite that fails: nothing is written."""
    assert run(["apply", "--verify", command]) == 2
    err = capfd.readouterr().err
    assert err.startswith("looplift: error: the command of --verify can't be run (exit code 12")
    assert command.split()[0] in err and err.endswith("; the environment is the current one\n")
    assert fakes.git(repo, "status", "--porcelain") == ""


KNOWN = """printf 'FAILED tests/test_a.py::test_b - 1\\nERROR tests/test_c.py\\n'
grep -q new_two c.py && printf 'FAILED tests/test_a.py::test_new[x - y] - assert\\n'
echo '== 2 failed, 3 passed in 0.10s =='; exit 1"""


def test_tests_that_fail_before_may_fail_after(repo, capfd):
    """The suite is red before already: what counts is what fails beside that."""
    assert run(["apply", "--verify", KNOWN, "--output-format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)["verify"]
    assert found["before"]["failures"] == ["tests/test_a.py::test_b", "tests/test_c.py"]
    assert found["before"]["counts"] == "2 failed, 3 passed"
    assert [(left["rule"], left["paths"]) for left in found["left_out"]] == [
        ("fake-second", ["c.py"])
    ]
    assert (repo / "a.py").read_text() == "new_one\nnew_two\n"
    assert (repo / "c.py").read_text() == "old_two\n"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("FAILED t.py::test_a - assert 1 == 2\n", ("t.py::test_a",)),
        ("FAILED t.py::test_a[asyncio]\n", ("t.py::test_a",)),
        ("FAILED t.py::test_a[1-asyncio] - x\n", ("t.py::test_a[1]",)),
        ("ERROR t.py\n", ("t.py",)),
        ("FAIL: test_a (t.Case.test_a)\nERROR: setUpClass (t.B)\n",
         ("setUpClass (t.B)", "test_a (t.Case.test_a)")),
        ("ERROR    app:main.py:3 a log line FAILED\n  FAILED no\n", ()),
        ("3 passed in 0.1s\n", ()),
    ],
)  # fmt: skip
def test_the_tests_that_failed(said, names):
    assert failures(said) == names


def test_a_file_that_breaks_it_is_left_out(repo, capfd):
    """The first pass may not touch b.py; everything else lands."""
    assert run(["apply", "--verify", "grep -q old_one b.py"]) == 0
    err = capfd.readouterr().err
    assert "Left out: fake-first in b.py, since the command passes without it and fails" in err
    assert (repo / "a.py").read_text() == "new_one\nnew_two\n"
    assert (repo / "b.py").read_text() == "old_one\n"
    assert (repo / "c.py").read_text() == "new_two\n"
    assert said(repo).count("\n==== after: exit code 0") == 1


def test_a_pass_that_breaks_it_everywhere_is_left_out_with_what_needs_it(repo, capfd):
    command = "grep -q old_one a.py && grep -q old_one b.py"
    assert run(["apply", "--verify", command, "--output-format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)["verify"]
    assert found["before"]["code"] == 0
    assert found["after"]["code"] == 0
    assert found["left_out"][0]["rule"] == "fake-first"
    assert found["output"] == ".looplift_cache/verify.log"
    assert (repo / "a.py").read_text().startswith("old_one\n")
    assert (repo / "b.py").read_text() == "old_one\n"


def test_what_needs_a_pass_that_is_left_out(repo, capfd):
    command = "! grep -q new_one *.py && ! grep -q new_two a.py"
    (repo / "b.py").write_text("x\n")
    fakes.commit(repo, "only a.py")
    assert run(["apply", "--verify", command]) == 0
    err = capfd.readouterr().err
    assert "Left out: fake-first, since" in err
    assert "Left out: fake-second, since it needs fake-first" in err
    assert fakes.git(repo, "status", "--porcelain") == ""


def test_the_copy(repo, apply):
    """It is a git work tree of its own, has what git does not ignore, and goes away."""
    (repo / "mine.txt").write_text("untracked")
    (repo / "data.db").write_text("ignored")
    command = "git status --porcelain; ls; pwd; echo origin=$LOOPLIFT_ORIGIN; touch made.txt"
    assert apply(command)[0] == 0
    before, after = said(repo).split("==== after: git")
    assert "?? mine.txt" in before and " M a.py" not in before
    assert " M a.py" in after and "\nmade.txt\n" not in after
    assert "data.db" not in before
    assert f"origin={repo}\n" in before
    assert f"\n{repo}\n" not in before
    assert not (repo / "made.txt").exists()
    assert len(fakes.git(repo, "worktree", "list").splitlines()) == 1
    assert fakes.git(repo, "branch").split() == ["*", "main"]


def test_in_a_folder_of_the_repository(repo, apply, monkeypatch):
    (repo / "sub").mkdir()
    (repo / "sub" / "d.py").write_text("old_one\n")
    fakes.commit(repo, "more")
    monkeypatch.chdir(repo / "sub")
    assert apply("cat d.py")[0] == 0
    assert "old_one\n" in said(repo) and "new_one\n" in said(repo)


def test_without_git(tmp_path, monkeypatch, apply):
    fakes.use_fakes(monkeypatch)
    (tmp_path / "a.py").write_text("old_one\n")
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.chdir(tmp_path)
    assert apply("cat a.py; ls; test ! -e __pycache__")[0] == 0
    assert (tmp_path / "a.py").read_text() == "new_one\n"


def test_an_editable_install_does_not_lead_back(repo, apply, tmp_path, monkeypatch):
    """What is imported is the copy, also where the environment knows the original."""
    monkeypatch.setenv("PYTHONPATH", str(repo))
    (repo / "a.py").write_text("names = 'old_one'\n")
    fakes.commit(repo, "importable")
    assert apply(f"cd / && {PYTHON} -c 'import a; print(a.names, a.__file__)'")[0] == 0
    assert "old_one" in said(repo) and "new_one" in said(repo)
    assert str(repo / "a.py") not in said(repo)


def test_the_environment(repo, apply, tmp_path, monkeypatch):
    programs = tmp_path / "env" / "bin"
    programs.mkdir(parents=True)
    (programs / "judge").write_text("#!/bin/sh\necho judged in $VIRTUAL_ENV, token=$GITHUB_TOKEN\n")
    (programs / "judge").chmod(0o755)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    assert apply("judge", "--verify-env", str(tmp_path / "env"))[0] == 0
    assert f"judged in {tmp_path / 'env'}, token=\n" in said(repo)
    code, _, err = apply("judge", "--verify-env", str(tmp_path / "nothing"))
    assert code == 2
    assert "is not a virtual environment" in err


def test_the_time_limit_ends_what_was_started(repo, apply, tmp_path):
    mark = tmp_path / "mark"
    command = f"(sleep 3; touch {mark}) & grep -q old_one b.py || sleep 30"
    start = time.monotonic()
    assert apply(command, "--verify-timeout", "0.5")[0] == 0
    assert time.monotonic() - start < 20
    assert "with fake-first: took too long" in said(repo)
    assert (repo / "b.py").read_text() == "old_one\n"
    time.sleep(3)
    assert not mark.exists()


def test_nothing_to_change(repo, apply):
    (repo / "a.py").write_text("x\n")
    for name in ("b.py", "c.py"):
        (repo / name).unlink()
    fakes.commit(repo, "nothing")
    assert apply("true")[0] == 0
    assert "==== after" not in said(repo)


def test_a_dirty_tree_is_refused_before_the_command_runs(repo, apply):
    (repo / "a.py").write_text("old_one\n")
    code, _, err = apply("true")
    assert code == 2
    assert "has uncommitted changes" in err
    assert not (repo / ".looplift_cache" / "verify.log").exists()


def test_a_golden_application_with_its_own_suite(tmp_path, monkeypatch, apply):
    """Its suite passes before and after, so everything lands."""
    folder = copy_application(GOLDEN / "crud_shop" / "before", tmp_path / "shop")
    fakes.repository(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    suite = f"{PYTHON} -m pytest -q -p no:cacheprovider"
    code, _, err = apply(suite, "--verify-env", "current")
    assert code == 0, err
    assert fakes.tree(folder) == files(GOLDEN / "crud_shop" / "after"), said(folder)
    assert said(folder).count("\n==== after: exit code 0, 3 passed") == 1, said(folder)


def test_what_is_connected_with_a_function_is_left_out_with_it(tmp_path, monkeypatch, capfd):
    """One dependency may not become async: its consumers stay as well, the other code does not."""
    folder = copy_application(GOLDEN / "leaky_return" / "before", tmp_path / "desk")
    fakes.repository(folder)
    monkeypatch.chdir(folder)
    command = "! grep -q 'async def get_db' database.py"
    assert run(["apply", "--verify", command, "--verify-env", "current"]) == 0
    err = capfd.readouterr().err
    assert "Left out: async-session of " in err and ", since the command passes without it" in err
    assert "  with what is connected: " in err and "in crud.py" in err
    assert "async def get_db" not in (folder / "database.py").read_text()
    text = (folder / "main.py").read_text()
    assert "def tickets(" in text and "async def tickets(" not in text
    assert "async def close(" in text
    assert ".query(" not in (folder / "crud.py").read_text()
    assert os.path.lexists(folder / ".looplift_cache" / "undo.json")


def test_in_a_large_application_the_traceback_leads_to_it(tmp_path, monkeypatch, capfd):
    """What hangs on each of its functions would take too long to find out."""
    folder = copy_application(GOLDEN / "crud_shop" / "before", tmp_path / "shop")
    fakes.repository(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(verified, "_MOST_PARTS", 0)
    line = "sed -n 's/^\\([0-9]*\\):.*/sql_app\\/crud.py:\\1: AttributeError/p'"
    command = f"! grep -n 'async def product_is_used' sql_app/crud.py | {line} | grep ."
    assert run(["apply", "--verify", command, "--verify-env", "current"]) == 0
    err = capfd.readouterr().err
    assert "Left out: async-session of product_is_used in sql_app/crud.py, since" in err
    text = (folder / "sql_app" / "crud.py").read_text()
    assert "\ndef product_is_used(" in text and "async def create_user(" in text
    assert "run_sync(crud.product_is_used, " in (folder / "sql_app" / "main.py").read_text()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("a.py:4: in f\na.py:9: E\n\na.py:4: in f\nb.py:2: E\n", ["a.py:4", "b.py:2", "a.py:9"]),
        ('  File "{folder}/sub/a.py", line 3, in f\n', ["sub/a.py:3"]),
        ('  File "/elsewhere/a.py", line 3, in f\n../b.py:1: E\nno/such thing.py: 3\n', []),
        ("FAILED tests/a.py::test - a.py:3\nsee a.py:3\n", []),
    ],
)
def test_the_places_of_tracebacks(tmp_path, said, found):
    """Those that most tracebacks share come first, and of these the deepest."""
    folder = tmp_path.resolve()
    seen = places(said.format(folder=folder), folder, folder)
    assert [f"{path}:{line}" for path, line in seen] == found


CENSUS = """from functools import wraps

from sqlalchemy.orm import Session

from . import models


def at_most(limit):
    def decorate(function):
        @wraps(function)
        def wrapper(*args, **kwargs):
            return min(function(*args, **kwargs), limit)

        return wrapper

    return decorate


@at_most(1000)
def population(db: Session):
    return db.query(models.User).count()
"""
ROUTE = """

@app.get("/population")
def read_population(db: Session = Depends(get_db)):
    return census.population(db)
"""
TEST = """

def test_population():
    assert client.get("/population").json() > 0
"""


def test_a_trap_that_is_converted_all_the_same(tmp_path, monkeypatch, capfd):
    """A function under a sync decorator can't become async. Told to do it, the pass breaks it: the
    suite finds that out, this function alone is left, and the rest lands green."""
    folder = copy_application(GOLDEN / "crud_shop" / "before", tmp_path / "shop")
    app = folder / "sql_app"
    (app / "census.py").write_text(CENSUS)
    main, tests = app / "main.py", app / "tests" / "test_sql_app.py"
    text = main.read_text().replace("from . import crud", "from . import census, crud")
    main.write_text(text + ROUTE)
    tests.write_text(tests.read_text() + TEST)
    fakes.repository(folder)
    monkeypatch.chdir(folder)
    obstacle = Climb._obstacle
    monkeypatch.setattr(
        Climb,
        "_obstacle",
        lambda self, function: why if "decorator" not in (why := obstacle(self, function)) else "",
    )
    command = f"{PYTHON} -m pytest -q -x -p no:cacheprovider -k 'create_user or population'"
    where = ("--verify-env", "current")
    assert run(["apply", "-j", "1", "--no-cache", "--verify", command, *where]) == 0
    err = capfd.readouterr().err
    assert "before: exit code 0" in err and "; after: exit code 0" in err
    assert "Left out: async-session of population in sql_app/census.py, since the command" in err
    assert "\ndef population(db: Session):\n" in (app / "census.py").read_text()
    assert "await db.run_sync(census.population)" in main.read_text()
    assert "async def create_user(" in main.read_text()
    assert "create_async_engine(" in (app / "database.py").read_text()
    assert (folder / ".looplift_cache" / "verify.log").read_text().count("2 passed") > 1
