"""What a name means by where it stands: beside a module or a method of the same name."""

from __future__ import annotations

from pathlib import Path

from passes.async_session.decided import after

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
