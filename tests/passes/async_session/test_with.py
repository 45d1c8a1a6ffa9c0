"""With statements that enter several things, and locks."""

from __future__ import annotations

from passes.async_session.providers_app import after, colours, migrated


def test_what_stays_sync_is_entered_by_a_with_of_its_own() -> None:
    text = after(
        """
        @contextmanager
        def locked(db: Session, name: str):
            db.execute(text("SELECT 1"))
            yield name


        @app.get("/")
        def read(db: Session = Depends(get_db)):
            with locked(db, "x") as name, contextlib.suppress(ZeroDivisionError):
                return name
        """
    )
    assert (
        '    async with locked(db, "x") as name:\n'
        "        with contextlib.suppress(ZeroDivisionError):\n"
        "            return name\n"
    ) in text


def test_two_sessions_at_once() -> None:
    text = after(
        """
        @app.get("/")
        def read():
            with SessionLocal() as one, SessionLocal.begin() as other:
                return one.scalar(text("1")) == other.scalar(text("1"))
        """
    )
    assert "async with SessionLocal() as one, SessionLocal.begin() as other:" in text


def test_nothing_waits_while_it_holds_a_lock_of_threads() -> None:
    migration = migrated(
        """
        lock = threading.Lock()


        def alone(db: Session):
            with lock:
                return db.scalar(text("SELECT 1"))


        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return alone(db)


        @app.get("/other")
        def other(db: Session = Depends(get_db)):
            return db.scalar(text("SELECT 1"))
        """
    )
    found = colours(migration)
    assert (found["alone"], found["read"], found["other"]) == ("left", "left", "native")
    text = migration.after["app.py"].text
    assert "def read(db: Session = Depends(sync_get_db)):" in text
    assert "async def other(db: AsyncSession = Depends(get_db)):" in text
