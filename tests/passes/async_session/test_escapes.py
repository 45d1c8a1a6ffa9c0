"""Sessions that go where they can't be followed: what uses them stays sync, all together."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, OTHER, after, engine_is_sync, treatments

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

ESCAPES = {
    "a method as a value, of the session of a route": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            add, save = db.add, db.commit
            add(Item(name="x"))
            save()
        """,
    "a table of handlers": """
        def first(db):
            return db.get(Item, 1)

        HANDLERS = {"first": first, "none": lambda db: None}

        @app.get("/{kind}")
        def read(kind: str, db: Session = Depends(get_db)):
            return HANDLERS[kind](db)
        """,
    "partial": """
        from functools import partial

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return [item.name for item in map(partial(db.get, Item), (1, 2))]
        """,
    "the state of a request": """
        def show(request):
            return getattr(request.state, "db").get(Item, 1).name

        @app.get("/")
        def read(request: Request, db: Session = Depends(get_db)):
            request.state.db = db
            return show(request)
        """,
    "a context variable": """
        from contextvars import ContextVar

        current = ContextVar("current")

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            current.set(db)
            return current.get().get(Item, 1).name
        """,
    "keywords without names": """
        def find(**given):
            return given["db"].get(Item, 1)

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return find(db=db).name
        """,
    "a library": """
        from somewhere import paginate

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return paginate(db, select(Item))
        """,
    "a class from a table": """
        class Repo:
            def __init__(self, db: Session):
                self.db = db

            def __len__(self):
                return len(self.db.scalars(select(Item)).all())

        KINDS = {"item": Repo}

        @app.get("/{kind}")
        def read(kind: str, db: Session = Depends(get_db)):
            return len(KINDS[kind](db))
        """,
}


@pytest.mark.parametrize("snippet", ESCAPES.values(), ids=ESCAPES)
def test_what_lets_it_go_keeps_a_sync_session(snippet: str) -> None:
    found = treatments(snippet + OTHER.replace("\n", "\n        "))
    assert found.pop("get_db") == found.pop("other") == "native"
    assert found["read"] == "left"
    assert "native" not in found.values()


def test_a_helper_that_lets_it_go_is_bridged() -> None:
    found = treatments(
        """
        def save(db, item):
            add, commit = db.add, db.commit
            add(item)
            commit()

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            save(db, Item(name="x"))
        """
    )
    assert found == {"get_db": "native", "save": "bridged", "read": "native"}


def test_what_is_bridged_is_called_with_a_sync_session_elsewhere() -> None:
    text = after(
        """
        import functools

        def guarded(f):
            @functools.wraps(f)
            def call(**given):
                return f(**given)
            return call

        def save(db, item):
            commit = db.commit
            commit()

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            save(db, Item(name="x"))

        @app.get("/2")
        @guarded
        def read2(db: Session = Depends(get_db)):
            save(db, Item(name="x"))
        """
    )
    assert "await db.run_sync(save, Item" in text
    assert "def read2(db: Session = Depends(sync_get_db)):\n    save(db, Item" in text


def test_what_is_followed_becomes_native() -> None:
    found = treatments(
        """
        class Mixin:
            def log(self):
                self.db.commit()

        class Start:
            def __init__(self, db: Session):
                self.db = db

        class Repo(Mixin, Start):
            def __init__(self, db: Session):
                super().__init__(db)

            def first(self):
                self.log()
                return self.db.get(Item, 1)

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            print(db, isinstance(db, Session))
            return Repo(db).first().name
        """
    )
    assert set(found.values()) == {"native"}
    assert {"Repo.first", "Mixin.log", "read"} <= set(found)


def test_another_name_of_a_function_is_followed() -> None:
    text = after(
        """
        def first(db):
            return db.get(Item, 1)

        seek = first

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return [first(db).name, seek(db).name]
        """
    )
    assert "[(await first(db)).name, (await seek(db)).name]" in text


def test_a_session_class_of_the_application_stays_sync() -> None:
    snippet = """
        class Own(Session):
            def first(self):
                return self.get(Item, 1)

        make = sessionmaker(engine, class_=Own)

        def give():
            with make() as db:
                yield db

        @app.get("/")
        def read(db: Own = Depends(give)):
            return db.first().name
        """
    assert "native" not in treatments(snippet).values()
    assert engine_is_sync(snippet)


def test_a_factory_of_the_application_is_not_awaited() -> None:
    found = treatments(
        """
        def create_tables(bind=engine):
            Base.metadata.create_all(bind)

        def make_app():
            create_tables()
            return FastAPI()

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return db.get(Item, 1).name
        """
    )
    assert found["make_app"] == found["create_tables"] == "left"
    assert found["read"] == "native"


CRUD = """\
from app import Item


def first(db):
    return db.get(Item, 1)
"""
USES = """\
from fastapi import Depends
from sqlalchemy.orm import Session

import crud
from app import Item, app, get_db


@app.get("/")
def read(db: Session = Depends(get_db)):
    if db.get(Item, 1) is None:
        return crud.CALLED(db)
"""


@pytest.mark.parametrize(
    ("crud", "called", "follows"),
    [
        (CRUD, "first", True),
        (CRUD, "last", True),  # it always raised AttributeError
        (f"from elsewhere import *\n{CRUD}", "last", False),
        (f"{CRUD}\n\ndef rename(item):\n    setattr(item, 'name', '')\n", "last", True),
        (f"{CRUD}\n\nimport sys\nsetattr(sys.modules[__name__], LOADED, first)\n", "last", False),
        (f"{CRUD}\n\ndef __getattr__(name):\n    return LOADED[name]\n", "last", False),
        (f"{CRUD}\n\nglobals().update(LOADED)\n", "last", False),
        (f"{CRUD}\n\nHANDLERS = {{'last': first}}\n", "last", False),
    ],
    ids=[
        "there",
        "nowhere",
        "star",
        "setattr",
        "setattr of the module",
        "getattr",
        "globals",
        "named in a text",
    ],
)
def test_a_function_that_a_module_does_not_have(crud: str, called: str, follows: bool) -> None:
    texts = {"app.py": HEAD, "crud.py": crud, "routes.py": USES.replace("CALLED", called)}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    migrated = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).after
    assert ("async def read" in migrated.files["routes.py"].text) is follows
