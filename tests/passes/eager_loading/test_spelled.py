"""A class that a query's module does not import yet is imported as its neighbours are."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes.eager_loading import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

BASE = "from sqlalchemy.orm import DeclarativeBase\n\nclass Base(DeclarativeBase):\n    pass\n"
USER = """
from sqlalchemy.orm import Mapped, mapped_column, relationship
from store.base import Base

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    wishes = relationship("Wish")
"""
WISH = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship
from store.base import Base

class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)

class Wish(Base):
    __tablename__ = "wishes"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    shop: Mapped[Shop] = relationship()
"""
USES = """
from sqlalchemy import select
from sqlalchemy.orm import Session
from store.users import User

def shops(db: Session) -> list[int]:
    return [wish.shop.id for user in db.scalars(select(User)) for wish in user.wishes]
"""


def _files(wishes: str) -> dict[str, str]:
    return {
        "store/base.py": BASE,
        "store/users.py": USER,
        "store/parts/wishes.py": wishes,
        "desk/uses.py": USES,
    }


@pytest.mark.parametrize("folder", ["", "backend/"])
def test_folders_that_are_no_packages(folder: str) -> None:
    """The name is the one from the folder in which imports start."""
    text = _migrated({folder + path: text for path, text in _files(WISH).items()}, folder)
    assert "from store.parts.wishes import Wish" in text
    assert "selectinload(User.wishes).selectinload(Wish.shop)" in text


def test_no_circle_of_imports() -> None:
    """What imports the query's module can't be imported by it."""
    text = _migrated(_files(f"import desk.uses\n{WISH}"), "")
    assert "wishes import" not in text
    assert "selectinload" not in text


def _migrated(files: dict[str, str], folder: str) -> str:
    sources = {path: SourceFile.from_bytes(path, text.encode()) for path, text in files.items()}
    outcome = migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1))
    return outcome.after[f"{folder}desk/uses.py"].text
