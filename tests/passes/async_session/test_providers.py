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
    assert "@contextmanager\ndef sync_session_scope():\n    session = SyncSessionLocal()" in text
    assert "def work():\n    with sync_session_scope() as db:\n        return count(db)" in text
    assert "    async with session_scope() as db:\n        return await db.run_sync(count)" in text
    assert colours(migration)["work"] == "left"
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
