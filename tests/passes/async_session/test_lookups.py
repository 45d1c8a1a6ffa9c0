"""Functions that are looked up by a name made at run time stay what they are."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from passes.async_session.decided import HEAD, treatments

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.passes.base import Decision
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

FINDERS = """
        def find_first(db):
            return db.get(Item, 1)

        def find_last(db):
            return db.get(Item, 2)

        def total(db):
            return len(db.scalars(select(Item)).all())

        class Finders:
            def find_first(self, db):
                return db.get(Item, 1)

        finders = Finders()
"""
ROUTE = """
        @app.get("/{{kind}}")
        def read(kind: str, db: Session = Depends(get_db)):
            find_first(db), find_last(db), total(db), finders.find_first(db)
            found = {lookup}
            return found(db)
"""


def _treated(lookup: str) -> set[str]:
    snippet = FINDERS + ROUTE.format(lookup=lookup)
    head = "import sys\n"
    from passes.async_session.decided import flip

    (run,) = flip(snippet, head + HEAD).runs
    return {
        decision.symbol
        for decision in run.outcome.decisions
        if any("looked up by name" in reason for reason in decision.reasons[:1])
    }


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        ('globals()[f"find_{kind}"]', {"find_first", "find_last"}),
        ('globals().get("find_" + kind)', {"find_first", "find_last"}),
        ('globals()["total"]', {"total"}),
        ("globals()[kind]", {"find_first", "find_last", "total"}),
        ('getattr(finders, f"find_{kind}")', {"Finders.find_first"}),
        ('getattr(sys.modules[__name__], "find_first")', {"find_first", "Finders.find_first"}),
    ],
)
def test_names_at_run_time(lookup: str, expected: set[str]) -> None:
    assert _treated(lookup) == expected


def test_attributes_that_are_not_called() -> None:
    found = treatments(
        """
        class Thing:
            def load(self, db):
                return db.get(Item, 1)

        @app.get("/")
        def read(field: str, db: Session = Depends(get_db)):
            thing = Thing()
            return {"value": getattr(thing, field), "name": thing.load(db).name}
        """
    )
    assert set(found.values()) == {"native"}


#: A helper that calls what it is given the path, or the name, of.
HELPERS = """
        import importlib
        import tasks

        def call(path):
            module, _, name = path.rpartition(".")
            return getattr(importlib.import_module(module), name)()

        @app.get("/items")
        def items(db: Session = Depends(get_db)):
            return db.get(Item, 1).name
"""
TASKS = """
from app import Item, SessionLocal


def clean():
    with SessionLocal() as db:
        return db.get(Item, 1)


def count():
    with SessionLocal() as db:
        return db.get(Item, 2)
"""
BY_NAME = """
        def by_name(name):
            return getattr(tasks, name)()
"""
USE = """
        @app.get("/tasks")
        def run(name: str):
            clean()
            count()
            return {lookup}

        from tasks import clean, count
"""


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        ('call("tasks.clean")', {"clean"}),
        ('"tasks:count"', {"count"}),
        ('by_name("clean")', {"clean"}),
        ("by_name(name)", {"clean", "count"}),
        ('getattr(__import__(name), "clean")()', {"clean"}),
        ('"tasks.Clean"', set()),
        ('"clean"', set()),
        ('call("os.path")', set()),
    ],
)
def test_names_that_are_passed_on(lookup: str, expected: set[str]) -> None:
    helpers = HELPERS + (BY_NAME if "by_name" in lookup else "")
    assert _left({"app.py": HEAD + dedent(helpers + USE.format(lookup=lookup))}) == expected


def test_paths_in_tests_and_docstrings_name_nothing() -> None:
    text = HEAD + dedent(HELPERS + USE.format(lookup="None"))
    patched = "from unittest.mock import patch\n\npatch('tasks.clean')\n"
    assert _left({"app.py": f'"""tasks.clean"""\n{text}', "tests/test_a.py": patched}) == set()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project.scripts]\nclean = "tasks:clean"\n'),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    clean = tasks:clean\n"),
    ],
)
def test_entry_points(path: str, text: str) -> None:
    files = {"app.py": HEAD + dedent(HELPERS + USE.format(lookup="None")), path: text}
    (clean,) = [d for d in _decisions(files) if d.symbol == "clean"]
    assert clean.treatment != "native" and "is a console script" in clean.reasons[0]


def _left(files: dict[str, str]) -> set[str]:
    return {
        d.symbol
        for d in _decisions(files)
        if any("by name" in why or "by a string" in why for why in d.reasons[:1])
    }


def _decisions(files: dict[str, str]) -> tuple[Decision, ...]:
    sources = {p: SourceFile(p, t) for p, t in {"tasks.py": TASKS, **files}.items()}
    (run,) = migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1)).runs
    return run.outcome.decisions


STEPS = """
        import copy
        import importlib
        import json

        class Job:
            def load(self, db):
                return db.get(Item, 1).name

            def label(self):
                return "job"

        def chosen(job, name):
            return getattr(job, name, None)

        def check(value):
            return value is not None

        def call(value, db):
            return value(db)

        @app.get("/{name}")
        def read(name: str, db: Session = Depends(get_db)):
            job = Job()
            job.load(db)
            kept = []
            STEP
"""


@pytest.mark.parametrize(
    ("step", "stays"),
    [
        ("getattr(job, name)(db)", True),
        ("return copy.deepcopy(getattr(job, name))(db)", True),
        ("return copy.deepcopy(getattr(job, name))", False),
        ("return getattr(job, name) == 'job'", False),
        ("return getattr(job, name)()", False),
        ("return getattr(job, name)(1, 2, 3)", False),
        ("kept.append(getattr(job, name))", True),
        ("return {'a': getattr(job, name)}['a'](db)", True),
        ("return {'a': getattr(job, name)}.get('a')(db)", True),
        ("return [step(db) for step in [getattr(job, name)]]", True),
        ("return json.dumps({'a': getattr(job, name)})", False),
        ("return getattr(job, name).__name__", False),
        ("return getattr(job, name).__call__(db)", True),
        ("return getattr(job, name).delay(3)", False),
        ("return (getattr(job, name) or job.label)(db)", True),
        ("return 1 if getattr(job, name) else 0", False),
        ("if (step := getattr(job, name)): return step(db)", True),
        ("step = getattr(job, name); return step(db)", True),
        ("step = getattr(job, name); return str(step)", False),
        ("return chosen(job, name)(db)", True),
        ("return check(chosen(job, name))", False),
        ("return call(getattr(job, name), db)", True),
        ("return check(getattr(job, name))", False),
        ("return call(getattr(job, 'label'), db)", False),
        ("return importlib.import_module(name).run(getattr(job, name))", True),
    ],
)
def test_only_what_may_be_called_stays(step: str, stays: bool) -> None:
    found = treatments(STEPS.replace("STEP", step))
    assert (found["Job.load"] != "native") is stays


@pytest.mark.parametrize(
    ("path", "expected"),
    [('f"tasks_{kind}"', set()), ('f"task{kind}"', {"clean"}), ('"task" + kind', {"clean"})],
)
def test_modules_whose_name_is_made(path: str, expected: set[str]) -> None:
    body = f"getattr(importlib.import_module({path}), f'cl{{kind}}')()"
    assert _left({"app.py": HEAD + dedent(HELPERS + USE.format(lookup=body))}) == expected
