"""Functions that only scripts reach stay sync, and so do the tests that call only those."""

from __future__ import annotations

from pathlib import Path

from suites import flipped, passing

FILES = {
    "app.py": """from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)


app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


def ids(db: Session) -> list[int]:
    return list(db.scalars(select(Item.id)))


@app.get("/items")
def items(db: Session = Depends(get_db)) -> list[int]:
    return ids(db)
""",
    "wait.py": """from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app import engine


def ready(bind: Engine) -> int:
    with Session(bind) as session:
        return session.scalars(select(1)).one()


def main() -> None:
    print(ready(engine))


if __name__ == "__main__":
    main()
""",
    "conftest.py": """import pytest

from app import Base, SessionLocal, engine


@pytest.fixture(autouse=True)
def db() -> object:
    Base.metadata.create_all(engine)
    with SessionLocal() as session:
        yield session
""",
    "test_wait.py": """from app import engine
from wait import main, ready


def test_ready() -> None:
    assert ready(engine) == 1


def test_main(capsys) -> None:
    main()
    assert capsys.readouterr().out == "1\\n"
""",
    "test_items.py": """from app import Item, ids


def test_ids(db) -> None:
    db.add(Item())
    db.commit()
    assert len(ids(db)) == 1
""",
}


def test_a_test_of_a_script_stays_as_it_is(tmp_path: Path) -> None:
    after = flipped(FILES)
    assert "async def items(" in after["app.py"]
    assert after["wait.py"] == FILES["wait.py"].replace("engine)", "sync_engine)").replace(
        "import engine", "import sync_engine"
    )
    assert "def test_ready() -> None:\n    assert ready(sync_engine) == 1" in after["test_wait.py"]
    assert "async" not in after["test_wait.py"] and "anyio" not in after["test_wait.py"]
    assert "async def test_ids(db)" in after["test_items.py"]
    assert "def anyio_backend() -> str:\n" in after["conftest.py"]
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    assert passing(FILES, tmp_path / "before") == passing(after, tmp_path / "after") == 3


def test_a_test_that_needs_a_session_too_becomes_async() -> None:
    both = """

def test_both(db) -> None:
    assert ready(engine) == 1
    assert ids(db) == []
"""
    text = FILES["test_wait.py"].replace("import engine\n", "import engine, ids\n") + both
    after = flipped({**FILES, "test_wait.py": text})
    assert "async def test_both(db)" in after["test_wait.py"]
    assert "await ids(db) == []" in after["test_wait.py"]
