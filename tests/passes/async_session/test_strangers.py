"""Sessions that code elsewhere makes stay sync, and so does all that uses them."""

from __future__ import annotations

import pytest
from passes.async_session.decided import HEAD, after, flip, treatments

ROUTE = """
@app.get("/items")
def items(db: Session = Depends(get_db)):
    return names(db)


def names(db: Session):
    return db.scalars(select(Item.name)).all()
"""
#: The application without what makes its sessions.
REST = HEAD[: HEAD.index("engine = ")] + HEAD[HEAD.index("app = ") : HEAD.index("def get_db")]
ELSEWHERE = {
    "the dependency": "from company.database import get_db\n",
    "the factory": """from company.database import SessionLocal


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
""",
    "the engine": """from company.database import engine


def get_db():
    with Session(engine) as db:
        yield db
""",
    "the engine of a factory": """from company import database

SessionLocal = sessionmaker(bind=database.engine)


def get_db():
    with SessionLocal() as db:
        yield db
""",
    "a context manager": """from company.database import session_scope


def get_db():
    with session_scope() as db:
        yield db
""",
}


@pytest.mark.parametrize("source", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_is_made_elsewhere_stays_sync(source: str) -> None:
    text = REST + source
    migration = flip(ROUTE, text)
    assert migration.after["app.py"].text == migration.before["app.py"].text
    assert set(treatments(ROUTE, text).values()) == {"left"}


def test_a_factory_that_is_set_later_is_not_known() -> None:
    later = """
SessionLocal = None


def set_factory(factory):
    global SessionLocal
    SessionLocal = factory


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""
    assert "async def" not in after(ROUTE, REST + later)


def test_a_second_database_from_elsewhere_keeps_its_users_only() -> None:
    other = """
from company.database import get_other


@app.get("/other")
def others(db: Session = Depends(get_other)):
    return db.scalars(select(Item.name)).all()


@app.get("/own")
def own(db: Session = Depends(get_db)):
    return db.scalars(select(Item.name)).all()
"""
    text = after(other)
    assert "def others(db: Session = Depends(get_other))" in text
    assert "async def own(db: AsyncSession = Depends(get_db))" in text
