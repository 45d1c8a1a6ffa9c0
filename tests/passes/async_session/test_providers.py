"""Functions that hand out sessions, kept in both colours where both use them."""

from __future__ import annotations

import ast

from passes.async_session.providers_app import HEAD, after, colours, migrated

SCOPE = """
@contextmanager
def session_scope():
    session = SessionLocal()
    try:
        yield session
        session.commit()
    finally:
        session.close()


def count(db: Session):
    return db.scalar(text("SELECT 1"))


def work():
    with session_scope() as db:
        return count(db)


@app.get("/start")
def start():
    threading.Thread(target=work).start()


@app.get("/")
def read():
    with session_scope() as db:
        return count(db)
"""


def test_scope_is_kept_twice_for_threads_and_routes() -> None:
    migration = migrated(SCOPE)
    text = migration.after["app.py"].text
    assert "async def session_scope():" in text
    opened = "session = SessionLocal(bind=unpooled_engine())"
    assert f"async def unpooled_session_scope():\n    {opened}" in text
    assert (
        "        async with unpooled_session_scope() as db:\n            return await count("
        in text
    )
    assert "\n    async with session_scope() as db:\n        return await count(db)" in text
    assert colours(migration)["work"] == "native"
    ast.parse(text)


def test_second_run_changes_nothing() -> None:
    text = after(SCOPE)
    assert after("", text + "\n") == text + "\n\n" or after("", text).strip() == text.strip()


def test_a_database_in_memory_has_one_engine() -> None:
    head = HEAD.replace("sqlite:///app.db", "sqlite://")
    text = after(SCOPE, head)
    assert "SyncSessionLocal" not in text
    assert "sync_session_scope" not in text


def test_a_function_that_opens_its_own_session_by_a_decorator() -> None:
    migration = migrated(
        SCOPE
        + """

def transactional(func):
    def wrapper(*args, **kwargs):
        if args and isinstance(args[0], Session):
            return func(*args, **kwargs)
        with session_scope() as session:
            return func(session, *args, **kwargs)

    return wrapper


@transactional
def save(db: Session, name: str):
    db.execute(text("SELECT 1"))


@app.post("/save")
def save_it(db: Session = Depends(get_db)):
    save(db, "x")
"""
    )
    text = migration.after["app.py"].text
    assert "isinstance(args[0], Session)" in text
    assert '    await db.run_sync(save, "x")' in text
    assert "        with sync_session_scope() as session:" in text


ALIAS = """
from typing import Annotated

Db = Annotated[Session, Depends(get_db)]


class Names:
    def __init__(self, db: Session):
        self.db = db

    def __str__(self):
        return self.db.scalar(text("SELECT 1"))


@app.get("/first")
def first(db: Db):
    return str(Names(db))


@app.get("/own")
def own(db: Db):
    return db.scalar(text("SELECT 1"))
"""


def test_an_alias_of_the_dependency_is_kept_twice() -> None:
    migration = migrated(ALIAS)
    text = migration.after["app.py"].text
    assert "Db = Annotated[AsyncSession, Depends(get_db)]\n" in text
    assert "SyncDb = Annotated[Session, Depends(sync_get_db)]\n" in text
    assert "\ndef first(db: SyncDb):\n" in text
    assert "async def own(db: Db):\n" in text
    assert colours(migration)["first"] == "left"


def test_an_alias_of_another_module_is_imported_in_both_forms() -> None:
    shared = "from app import Session, get_db\nfrom fastapi import Depends\n"
    shared += "from typing import Annotated\n\nDb = Annotated[Session, Depends(get_db)]\n"
    routes = (
        "from app import Session, app, text\nfrom shared import Db\n"
        + ALIAS.partition("Depends(get_db)]\n")[2]
    )
    migration = migrated("", shared=shared, routes=routes)
    text = migration.after["routes.py"].text
    assert "from shared import Db, SyncDb\n" in text
    assert "        self.db = db" in text and "    def __init__(self, db: Session):" in text
    text = migration.after["shared.py"].text
    assert "from app import Session, get_db, sync_get_db\n" in text
    assert "SyncDb = Annotated[Session, Depends(sync_get_db)]\n" in text


def test_an_alias_with_a_branch_is_not_kept_twice() -> None:
    body = ALIAS.replace(
        "\n\nclass Names:",
        "if __debug__:\n    Db = Annotated[Session, Depends(get_db, use_cache=False)]\n"
        "\n\nclass Names:",
    )
    assert "SyncDb" not in migrated(body).after["app.py"].text


def test_a_provider_in_a_module_that_names_no_method_of_a_session() -> None:
    files = {
        "base": "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n\n"
        'Made = sessionmaker(create_engine("sqlite:///app.db"))\n',
        "deps": "from base import Made\n\n\n"
        "def give():\n    with Made() as it:\n        yield it\n",
    }
    body = """
    from deps import give


    @app.get("/")
    def read(db: Session = Depends(give)):
        return db.scalar(text("SELECT 1"))
    """
    text = migrated(body, **files).after["deps.py"].text
    assert "async def give():\n    async with Made() as it:\n" in text
