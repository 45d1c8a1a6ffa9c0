"""What a pass prepares for another one is undone where that one has nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.passes import all_passes
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship()
"""

MAIN = """\
from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

{imports}
from models import Item

app = FastAPI()


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return [item.owner.name for item in db.scalars(select(Item)).all()]
"""

DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine)


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""


def _migrated(imports: str, *names: str) -> Migration:
    texts = {"models.py": MODELS, "database.py": DATABASE, "main.py": MAIN.format(imports=imports)}
    files = {path: SourceFile(path, text) for path, text in sorted(texts.items())}
    rules = [rule for rule in all_passes() if rule.name in names]
    return migrate(CodeBase(Path(), files), rules, Options(cache=False))


@pytest.mark.parametrize("home", ["database", "shared_package.database"])
def test_nothing_is_loaded_for_an_application_that_stays_sync(home: str) -> None:
    done = _migrated(f"from {home} import get_db", "eager-loading", "async-session")
    flips = home == "database"
    main = done.after.files["main.py"].text
    assert ("async def items" in main, "Item.owner" in main) == (flips, flips)
    if not flips:
        assert done.changed == ()
        assert not [f for f in done.findings if f.rule == "eager-loading"]


def test_eager_loading_alone_loads() -> None:
    done = _migrated("from shared_package.database import get_db", "eager-loading")
    assert "Item.owner" in done.after.files["main.py"].text
