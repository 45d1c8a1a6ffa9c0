"""Calls that name nobody: hooks, registries, functions that are looked up."""

from __future__ import annotations

import pytest
from passes.async_session.providers_app import after, colours, migrated

HOOKS = """
hooks = []


def hook(function):
    hooks.append(function)
    return function


@hook
def count(name):
    with SessionLocal() as db:
        return db.scalar(text("SELECT 1"))


def fire(name):
    return [function(name) for function in hooks]


@app.get("/")
def read(db: Session = Depends(get_db)):
    db.execute(text("SELECT 1"))
    return fire("read")
"""


def test_hooks_that_stay_sync_get_a_thread() -> None:
    text = after(HOOKS)
    assert "    return await run_in_threadpool(fire, 'read')" in text.replace('"', "'")
    assert "def count(name):\n    with SyncSessionLocal() as db:" in text


def test_a_route_that_calls_hooks_itself_stays_sync() -> None:
    body = HOOKS.replace('return fire("read")', 'return [function("read") for function in hooks]')
    migration = migrated(body)
    assert colours(migration)["read"] == "left"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("function(name)", "function(name, 1)"),
        ("@hook\n", ""),
        (
            "def count(name):\n    with SessionLocal() as db:\n        return db.scalar",
            "def count(name):\n    return str",
        ),
    ],
    ids=["arguments that do not fit", "nothing is registered", "no database"],
)
def test_what_can_run_nothing_sync_is_called_as_before(old: str, new: str) -> None:
    body = HOOKS.replace(old, new)
    assert body != HOOKS
    assert 'return fire("read")' in after(body)


TEST = """
import pytest
from app import SessionLocal, count
from registry import COMMANDS


@pytest.fixture
def db():
    with SessionLocal() as session:
        yield session


def test_command(db):
    assert COMMANDS["rename"](db, "x") == "x"
    assert count(db) == 1
"""
REGISTRY = """
COMMANDS = {}


def command(function):
    COMMANDS[function.__name__] = function
    return function


@command
def rename(db, name):
    db.execute(name)
    return name
"""


def test_a_test_gives_its_session_to_a_command_through_run_sync() -> None:
    body = """
    def count(db: Session):
        return db.scalar(text("SELECT 1"))


    @app.get("/")
    def read(db: Session = Depends(get_db)):
        return count(db)
    """
    text = migrated(body, registry=REGISTRY, test_app=TEST).after["test_app.py"].text
    assert 'assert await db.run_sync(COMMANDS["rename"], "x") == "x"' in text
    assert "assert await count(db) == 1" in text


def test_a_function_of_an_unknown_module_may_be_meant_with_all_its_arguments() -> None:
    body = """
    import importlib


    @app.get("/{name}")
    def read(name: str, db: Session = Depends(get_db)):
        db.execute(text("SELECT 1"))
        return importlib.import_module(name).rows(3)


    @app.get("/")
    def first():
        return __import__("reports").rows(1)
    """
    reports = """
    from app import SessionLocal, text


    def rows(limit):
        with SessionLocal() as db:
            return db.execute(text("SELECT 1")).all()[:limit]
    """
    migration = migrated(body, reports=reports)
    awaited = "await importlib.import_module(name).rows(3)" in migration.after["app.py"].text
    assert awaited is (colours(migration)["rows"] == "native")


DECORATED = """
def with_session(function):
    def wrapper(*args):
        with SessionLocal() as session:
            return function(session, *args)

    return wrapper


@with_session
def total(session, minimum):
    return session.scalar(text("SELECT 1"))


@app.get("/")
def read(db: Session = Depends(get_db)):
    return [db.scalar(text("SELECT 1")), total(3)]
"""


def test_a_function_whose_decorator_opens_its_session_gets_a_thread() -> None:
    text = after(DECORATED)
    assert "await run_in_threadpool(total, 3)" in text
    assert "        with SyncSessionLocal() as session:" in text


def test_a_factory_that_only_sync_code_uses_keeps_the_sync_engine() -> None:
    body = """
    class Audited(Session):
        pass


    Auditing = sessionmaker(engine, class_=Audited)


    def audit():
        with Auditing() as session:
            session.execute(text("SELECT 1"))


    @app.get("/")
    def read(db: Session = Depends(get_db)):
        audit()
        return db.scalar(text("SELECT 1"))
    """
    text = after(body)
    assert "Auditing = sessionmaker(sync_engine, class_=Audited)" in text
    assert "await run_in_threadpool(audit)" in text


REGISTERED = """
hooks = []


def hook(function):
    hooks.append(function)
    return function


@hook
def count(name):
    with SessionLocal() as db:
        return db.scalar(text("SELECT 1"))


def fire():
    return [function("x") for function in hooks]


def logged(function):
    def inner(name):
        return function(name)

    return inner


def timed(limit):
    def decorator(function):
        def inner(name):
            return function(name)

        return inner

    return decorator


@logged
def upper(name):
    return name.upper()


@timed(3)
def lower(name):
    return name.lower()


def apply(function, name):
    return function(name)


def keep(name, function):
    hooks.append(function)
    return function(name)


@app.get("/")
def read(column=None, db: Session = Depends(get_db)):
    db.execute(text("SELECT 1"))
    return CALL
"""


@pytest.mark.parametrize(
    ("call", "stays"),
    [
        ("hooks[0]('x')", True),
        ("apply(lambda name: name, 'x')", False),
        ("apply(upper, 'x')", False),
        ("column.op('~')('x')", False),
        ("column.get('~')('x')", True),
        ("upper('x') + lower('x')", False),
        ("(lambda name: name)('x')", False),
        ("(upper if column else lower)('x')", False),
    ],
)
def test_what_an_unknown_callee_can_be(call: str, stays: bool) -> None:
    migration = migrated(REGISTERED.replace("CALL", call))
    assert (colours(migration)["read"] == "left") is stays


@pytest.mark.parametrize(("given", "threaded"), [("upper", False), ("hooks[0]", True)])
def test_a_parameter_is_what_its_callers_pass(given: str, threaded: bool) -> None:
    text = after(REGISTERED.replace("CALL", f"apply({given}, 'x')"))
    assert ("run_in_threadpool(apply" in text) is threaded
