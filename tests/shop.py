"""A small application with a manifest, for commands that run the real passes."""

from __future__ import annotations

from pathlib import Path

APPLICATION = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("postgresql+psycopg2://user@db/shop")
SessionLocal = sessionmaker(bind=engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return [item.name for item in db.scalars(select(Item))]
"""

MANIFEST = """\
[tool.poetry]
name = "shop"
version = "1"

[tool.poetry.dependencies]
python = "^3.11"
fastapi = "^0.115"
sqlalchemy = "^2.0"
psycopg2-binary = "^2.9"
"""

LOCK = '[[package]]\nname = "sqlalchemy"\nversion = "2.0.40"\n'


def write(folder: Path, more: str = "") -> Path:
    """Write the application with ``more`` at its end, and give its folder."""
    (folder / "main.py").write_text(APPLICATION + more)
    (folder / "pyproject.toml").write_text(MANIFEST)
    (folder / "poetry.lock").write_text(LOCK)
    return folder
