"""Methods of one name in many classes: only those that a call can run are tied by it."""

from __future__ import annotations

from passes.async_session.decided import after, treatments

SERVICES = """
from abc import ABC, abstractmethod
from typing import Annotated


class Service(ABC):
    @abstractmethod
    def create(self):
        pass


class Items(Service):
    def create(self, db: Session, data):
        item = Item(name=data["name"])
        db.add(item)
        db.commit()
        return item.id


class Renames(Service):
    # The session stands elsewhere: no call of the other one says anything of these.
    def create(self, data, db: Session, old: str = ""):
        found = db.scalars(select(Item).filter_by(name=data)).all()
        return len(found)


class Classes:
    def first(db: Session):
        return db.scalar(select(Item.name))


items = Items()
renames = Renames()


@app.get("/")
def read(db: Session = Depends(get_db)):
    return [items.create(db, {"name": "a"}), renames.create("a", db), Classes.first(db=db)]


@app.get("/dead")
def dead(db: Session = Depends(get_db)):
    return items.remove_all(db)
"""


def test_the_arguments_of_a_sibling_are_not_its_own() -> None:
    assert set(treatments(SERVICES).values()) == {"native"}
    text = after(SERVICES)
    assert "(await db.scalars(select(Item).filter_by(name=data))).all()" in text
    assert "await Classes.first(db=db)" in text


def test_a_function_in_the_metadata_of_an_annotation_is_not_called() -> None:
    bare = """
from typing import Annotated


def count(db: Annotated[Session, get_db]):
    return len(db.scalars(select(Item)).all())


@app.get("/")
def read(db: Session = Depends(get_db)):
    return count(db)
"""
    assert set(treatments(bare).values()) == {"native"}


def test_a_registry_forgets_what_is_closed() -> None:
    registry = """
from sqlalchemy.orm import scoped_session

registry = scoped_session(SessionLocal)


def get_scoped():
    db = registry()
    try:
        yield db
    finally:
        db.close()


@app.get("/")
def read(db: Session = Depends(get_scoped)):
    return db.scalar(select(Item.name))
"""
    text = after(registry)
    assert "registry = async_scoped_session(SessionLocal, scopefunc=current_task)" in text
    assert "    finally:\n        await registry.remove()" in text


def test_a_registry_of_sync_code_keeps_its_factory() -> None:
    registry = """
from sqlalchemy.orm import scoped_session

Registry = scoped_session(sessionmaker())


def initialize(engine):
    Registry.configure(bind=engine)


@app.get("/")
def read(db: Session = Depends(get_db)):
    return db.scalar(select(Item.name))
"""
    text = after(registry)
    assert "\nRegistry = scoped_session(sessionmaker())\n" in text
    assert "await db.scalar" in text
