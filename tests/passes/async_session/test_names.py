"""What a name means by where it stands: beside a module or a method of the same name."""

from __future__ import annotations

from pathlib import Path

from passes.async_session.decided import after
from passes.async_session.suites import flipped, passing

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

SESSIONS = """\
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session, create_engine

engine = create_engine("sqlite:///items.db")


def get_session():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
"""
ROUTE = """\
from fastapi import FastAPI
from sqlmodel import text

from dependencies.sqlmodel import SessionDep

app = FastAPI()


@app.get("/")
def read(session: SessionDep):
    return session.scalar(text("select 1"))
"""


def test_a_module_with_the_name_of_a_library_does_not_stand_for_it() -> None:
    for packages in ((), ("dependencies/__init__.py",)):
        texts = {"dependencies/sqlmodel.py": SESSIONS, "main.py": ROUTE}
        texts |= dict.fromkeys(packages, "")
        files = {path: SourceFile(path, text) for path, text in texts.items()}
        result = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).after
        assert "Annotated[AsyncSession, Depends(get_session)]" in (
            result["dependencies/sqlmodel.py"].text
        )
        assert "async def read(" in result["main.py"].text


def test_a_method_named_list_is_not_meant_by_the_annotations_in_front_of_it() -> None:
    text = after(
        """
class Items:
    def add(self, db: Session, items: list[Item]) -> list[Item]:
        db.add_all(items)
        db.commit()
        return items

    def list(self, db: Session) -> list[Item]:
        return db.scalars(select(Item)).all()


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return [item.name for item in Items().list(db)]
"""
    )
    assert "async def list(self, db: AsyncSession) -> list[Item]:" in text
    assert "for item in await Items().list(db)]" in text


BOTH = """\
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session as PlainSession
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, create_engine, select

engine = create_engine("sqlite:///a.db")
Plain = sessionmaker(engine)
app = FastAPI()


def get_session():
    with Session(engine) as session:
        yield session


def get_plain():
    with Plain() as session:
        yield session


@app.get("/exec")
def read(session: Session = Depends(get_session)):
    return session.exec(select(1)).one()


@app.get("/execute")
def read_plain(session: PlainSession = Depends(get_plain)):
    return session.execute(text("select 2")).scalar()
"""
BOTH_TEST = """\
from app import app
from fastapi.testclient import TestClient


def test_both():
    with TestClient(app) as client:
        assert [client.get(path).json() for path in ("/exec", "/execute")] == [1, 2]
"""


def test_two_classes_of_one_name(tmp_path: Path) -> None:
    """SQLModel's session and SQLAlchemy's: neither import hides the other."""
    files = {"app.py": BOTH, "test_app.py": BOTH_TEST}
    new = flipped(files)
    assert "session: SQLModelAsyncSession = Depends(get_session)" in new["app.py"]
    assert "session: AsyncSession = Depends(get_plain)" in new["app.py"]
    assert passing(new, tmp_path) == 1


def test_a_name_that_is_taken() -> None:
    """What the module itself calls AsyncSession keeps its name."""
    text = BOTH.replace("app = FastAPI()", "app = FastAPI()\nAsyncSession = dict")
    new = flipped({"app.py": text})["app.py"]
    assert "AsyncSession = dict" in new
    assert "AsyncSession as SQLAlchemyAsyncSession" in new
    assert "session: SQLAlchemyAsyncSession = Depends(get_plain)" in new
