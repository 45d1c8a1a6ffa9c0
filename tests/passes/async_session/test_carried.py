"""Functions that are handed to parameters and attributes, and made by other functions."""

from __future__ import annotations

import textwrap

import pytest
from passes.async_session.providers_app import after, colours, migrated

SERVICE = """
from typing import Callable, ContextManager


@contextmanager
def scope():
    with SessionLocal() as session:
        yield session


class Service:
    def __init__(self, opened: Callable[..., ContextManager[Session]], loud=None):
        self.opened = opened
        self.loud = loud

    def count(self):
        with self.opened() as session:
            return session.scalar(text("SELECT 1"))


@app.get("/")
def read():
    return Service(scope).count()
"""


def test_a_function_is_followed_into_a_parameter_and_an_attribute() -> None:
    text = after(SERVICE)
    assert "        async with self.opened() as session:" in text
    assert "return await Service(scope).count()" in text
    assert "opened: Callable[..., AsyncContextManager[AsyncSession]]" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.loud = loud", "self.loud = [opened]"),
        ("self.loud = loud", "self.loud = lambda: opened()"),
        ("Service(scope).count()", "Service(scope).count() + Service(lambda: scope()).count()"),
        ("        self.opened = opened\n", "        setattr(self, 'opened', opened)\n"),
    ],
    ids=["in a list", "in a lambda", "another one is a lambda", "by setattr"],
)
def test_a_function_that_is_lost_on_the_way_stays_sync(old: str, new: str) -> None:
    body = SERVICE.replace(old.replace("\\\n", "\n"), new.replace("\\\n", "\n"))
    assert body != SERVICE
    assert "async def scope" not in after(body)


def test_a_dataclass_that_holds_a_function_is_not_followed() -> None:
    body = SERVICE.replace(
        "    def __init__(self, opened: Callable[..., ContextManager[Session]], loud=None):\n"
        "        self.opened = opened\n        self.loud = loud\n",
        "    opened: Callable[..., ContextManager[Session]]\n",
    ).replace("class Service:", "import dataclasses\n\n\n@dataclasses.dataclass\nclass Service:")
    assert "async def scope" not in after(body)


MAKER = """
from typing import Callable


def counter(sql) -> Callable[[Session], int]:
    def count(db: Session) -> int:
        return db.scalar(text(sql))

    return count


count_all = counter("SELECT 1")


@app.get("/")
def read(db: Session = Depends(get_db)):
    return count_all(db)
"""


def test_a_function_that_another_one_makes_is_awaited_by_its_name() -> None:
    text = after(MAKER)
    assert "return await count_all(db)" in text
    assert "def counter(sql) -> Callable[[AsyncSession], Awaitable[int]]:" in text


@pytest.mark.parametrize(
    "line",
    ["TABLE = {1: counter('SELECT 2')}", "print(counter)", "OTHERS = [count_all]"],
)
def test_a_maker_whose_results_are_kept_elsewhere(line: str) -> None:
    text = after(MAKER + "\n\n" + line + "\n")
    assert "async def count(" not in text
    assert "await count_all" not in text


def test_a_dependency_that_a_function_makes() -> None:
    body = """
    def require(role):
        def check(db: Session = Depends(get_db)):
            return db.scalar(text(role))

        return check


    @app.get("/")
    def read(found=Depends(require("SELECT 1")), db: Session = Depends(get_db)):
        return [found, db.scalar(text("SELECT 1"))]
    """
    text = after(body)
    assert "    async def check(db: AsyncSession = Depends(get_db)):" in text
    assert "await db.scalar(text(role))" in text


def test_functions_that_are_called_in_one_place_have_one_colour() -> None:
    body = """
    def real(db: Session):
        return db.scalar(text("SELECT 1"))


    def fake(db: Session):
        return 1


    chosen = real if SessionLocal else fake


    @app.get("/")
    def read(db: Session = Depends(get_db)):
        return chosen(db)
    """
    text = after(body)
    assert ("async def fake" in text) == ("await chosen(db)" in text) == ("async def real" in text)


def test_a_method_that_a_container_hands_on() -> None:
    head = """
    from dependency_injector import containers, providers
    """
    body = """
    from service import Database, Service


    class Container(containers.DeclarativeContainer):
        db = providers.Singleton(Database)
        service = providers.Factory(Service, opened=db.provided.scope)


    @app.get("/")
    def read(service: Service = Depends(Container.service)):
        return service.count()
    """
    service = """
    from contextlib import contextmanager
    from typing import Callable

    from sqlalchemy import create_engine, text
    from sqlalchemy.orm import sessionmaker


    class Database:
        def __init__(self):
            self.factory = sessionmaker(create_engine("sqlite:///x.db"))

        @contextmanager
        def scope(self):
            with self.factory() as session:
                yield session


    class Service:
        def __init__(self, opened: Callable):
            self.opened = opened

        def count(self):
            with self.opened() as session:
                return session.scalar(text("SELECT 1"))
    """
    migration = migrated(textwrap.dedent(head) + textwrap.dedent(body), service=service)
    assert colours(migration)["Service.count"] == "native"
    assert "async with self.opened() as session:" in migration.after["service.py"].text


HANDED_ON = """
from typing import Callable


class Loader:
    def __init__(self, db: Session):
        self.db = db

    def load(self, number):
        return self.db.scalar(text("SELECT 1")) + number


def make(db: Session):
    def again(number):
        return db.scalar(text("SELECT 2")) + number

    return again


def run(read: Callable):
    return read(1)


def twice(read: Callable, other):
    return [run(read), run(other)]


@app.get("/")
def read(db: Session = Depends(get_db)):
    other = make(db)
    return twice(Loader(db).load, other)
"""


def test_a_function_that_is_handed_on_twice() -> None:
    text = after(HANDED_ON)
    assert "async def run(read: Callable" in text
    assert "    return await read(1)\n" in text
    assert "    return [await run(read), await run(other)]\n" in text
    assert "    return await twice(Loader(db).load, other)\n" in text


def test_who_hands_it_on_is_a_value_itself() -> None:
    text = after(HANDED_ON + "\n\nhandlers = [twice]\n")
    assert "await read(1)" not in text
    assert "    def load(self, number):\n        return self.db.scalar(" in text


@pytest.mark.parametrize(
    "more",
    [
        "def other():\n    return twice(print, print)\n",
        "def other(function):\n    return twice(function, function)\n",
    ],
    ids=["something outside", "something unknown"],
)
def test_what_else_is_handed_on_need_not_wait(more: str) -> None:
    text = after(HANDED_ON + "\n\n" + more)
    assert "return await given if isawaitable(given := read(1)) else given" in text


ALIAS = """
class Database:
    def session(self):
        with SessionLocal() as db:
            yield db

    def one(self):
        with SessionLocal() as db:
            return db.scalar(text("SELECT 1"))


database = Database()
give = database.session
one = database.one


@app.get("/")
def read(db: Session = Depends(give)):
    return [db.scalar(text("SELECT 1")), one()]


def of_tests():
    with SessionLocal() as db:
        yield db


app.dependency_overrides[give] = of_tests
"""


def test_a_method_that_a_module_gives_another_name() -> None:
    text = after(ALIAS)
    assert "    async def session(self):" in text
    assert "give = database.session" in text
    assert 'return [await db.scalar(text("SELECT 1")), await one()]' in text


@pytest.mark.parametrize(
    "more",
    [
        "kept = [one]",
        "print(list(map(lambda call: call(), (one,))))",
    ],
)
def test_a_name_of_a_method_that_is_lost(more: str) -> None:
    text = after(f"{ALIAS}\n\n{more}\n")
    assert "    def one(self):" in text
    assert "await one()" not in text
