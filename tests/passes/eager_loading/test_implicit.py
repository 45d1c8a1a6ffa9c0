"""Reads that no attribute shows: special methods, and dataclasses that are walked over."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import Request, check

SPECIAL = """
class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship(order_by="Book.id")

    def __repr__(self):
        return f"<Shelf of {self.books}>"

    def __len__(self):
        return len(self.books)

    def __iter__(self):
        return iter(self.books)


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    writer_id: Mapped[int] = mapped_column(ForeignKey("writers.id"))
    writer: Mapped["Writer"] = relationship()

    @property
    def label(self):
        return f"{self.title} by {self.writer.name}"

    def __str__(self):
        return self.label

    def __repr__(self):
        return self.title

    def __eq__(self, other):
        return self.writer.name == other.writer.name

    __hash__ = Base.__hash__


class Writer(Base):
    __tablename__ = "writers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


Base.metadata.create_all(engine)
with SessionLocal() as seed:
    for name in ("ann", "bob"):
        seed.add(Shelf(books=[Book(title=name, writer=Writer(name=name))]))
    seed.commit()


"""

CASES: dict[str, tuple[str, str]] = {
    "an f-string": ('return f"{book}"', "immediateload(Book.writer)"),
    "a message": ('raise HTTPException(409, f"{book!s} is here")', "immediateload(Book.writer)"),
    "str": ("return str(book)", "immediateload(Book.writer)"),
    "format": ('return "{}".format(book)', "immediateload(Book.writer)"),
    "percent": ('return "%s of %s" % (book.id, book)', "immediateload(Book.writer)"),
    "a log": ('log.info("%s", book)', "immediateload(Book.writer)"),
    "a comparison": ("return book == db.get(Book, 2)", "immediateload(Book.writer)"),
    "a list": ('return f"{shelf}"', "selectinload(Shelf.books)"),
    "its length": ("return len(shelf)", "selectinload(Shelf.books)"),
    "its elements": ("return [book.id for book in shelf]", "selectinload(Shelf.books)"),
}


@pytest.mark.parametrize("name", CASES)
def test_special_methods(name: str) -> None:
    statement, expected = CASES[name]
    given = "shelf" if "shelf" in statement else "book"
    body = f"""
@app.get("/read")
def read(db: Db):
    {given} = db.get_one({given.capitalize()}, 1)
    {statement}
"""
    source = "import logging\n\n" + source_of(SPECIAL + "log = logging.getLogger()\n\n" + body)
    if name == "a log":
        source += "    logging.basicConfig(level=logging.INFO)\n    return 1\n"
    migration = check(source, [("GET", "/read")], needed=name != "a log")
    text = migration.after["app.py"].text
    assert expected in text.partition("def read")[2], text


DATACLASSES = """
import dataclasses

from sqlalchemy.orm import MappedAsDataclass


class Room(MappedAsDataclass, Base):
    __tablename__ = "rooms"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str]
    chairs: Mapped[list["Chair"]] = relationship(order_by="Chair.id")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), default=None)
    owner: Mapped[User | None] = relationship(repr=False, default=None)


class Chair(MappedAsDataclass, Base):
    __tablename__ = "chairs"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id"), init=False)
    colour: Mapped[str]


Base.metadata.create_all(engine)
with SessionLocal() as seed:
    seed.add(Room(name="hall", chairs=[Chair(colour="red"), Chair(colour="blue")]))
    seed.commit()


"""
WALKS: dict[str, tuple[str, list[Request], list[str]]] = {
    "a response without a model": (
        """
        @app.get("/rooms/{pk}")
        def room(pk: int, db: Db):
            return db.get(Room, pk)


        @app.get("/rooms")
        def rooms(db: Db):
            return db.scalars(select(Room)).all()
        """,
        [("GET", "/rooms/1"), ("GET", "/rooms/2"), ("GET", "/rooms")],
        ["selectinload(Room.chairs)", "load(Room.owner)"],
    ),
    "asdict": (
        """
        @app.get("/rooms/{pk}")
        def room(pk: int, db: Db):
            return dataclasses.asdict(db.get_one(Room, pk))
        """,
        [("GET", "/rooms/1")],
        ["selectinload(Room.chairs)", "immediateload(Room.owner)"],
    ),
    "repr": (
        """
        @app.get("/rooms/{pk}")
        def room(pk: int, db: Db):
            return repr(db.get_one(Room, pk))
        """,
        [("GET", "/rooms/1")],
        ["options=[selectinload(Room.chairs)]"],
    ),
    "a new one": (
        """
        @app.post("/rooms")
        def room(name: str, db: Db):
            room = Room(name=name, chairs=[])
            db.add(room)
            db.commit()
            return room
        """,
        [("POST", "/rooms?name=cellar")],
        ["db.get(", "populate_existing"],
    ),
}


@pytest.mark.parametrize("name", WALKS)
def test_dataclasses(name: str) -> None:
    body, requests, expected = WALKS[name]
    import textwrap

    migration = check(source_of(DATACLASSES + textwrap.dedent(body)), requests, needed=False)
    text = migration.after["app.py"].text
    for words in expected:
        assert words in text.partition("Chair(colour=")[2], text
