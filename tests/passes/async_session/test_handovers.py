"""Sessions that are handed to models, and schemas that read whatever they like of a row."""

from __future__ import annotations

import pytest
from passes.async_session.decided import HEAD, after, treatments

MODELS = """
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T", bound=Base)
S = TypeVar("S", bound=BaseModel)


class Named(Base):
    __tablename__ = "named"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    def __init__(self, **given):
        session: Session = given.pop("session")
        self.name = session.scalars(select(Item.name)).first() or given["name"]

    def update(self, *args, **given):
        self.__init__(*args, **given)


class NamedOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str


"""

REPOSITORY = """
class Repo(Generic[T, S]):
    def __init__(self, session: Session, model: type[T], schema: type[S]):
        self.session = session
        self.model = model
        self.schema = schema

    def create(self, data: dict) -> S:
        row = self.model(session=self.session, **data)
        self.session.add(row)
        self.session.commit()
        return self.schema.model_validate(row)

    def one(self, key: int) -> T | None:
        return self.session.get(self.model, key)


@app.post("/")
def add(data: dict, db: Session = Depends(get_db)):
    return Repo(db, Named, NamedOut).create(data)
"""

WAYS = {
    "a constructor behind a type variable": (
        "row = self.model(session=self.session, **data)",
        "await self.session.run_sync(lambda session: self.model(session=session, **data))",
    ),
    "a model that is named": (
        "row = Named(session=self.session, **data)",
        "await self.session.run_sync(lambda session: Named(session=session, **data))",
    ),
    "a method of the models": (
        "row = self.one(1)\n        row.update(session=self.session, **data)",
        "await self.session.run_sync(lambda session: row.update(session=session, **data))",
    ),
}


def _repo(way: str = "") -> str:
    return REPOSITORY.replace("row = self.model(session=self.session, **data)", way or "row = T()")


@pytest.mark.parametrize("way", WAYS)
def test_a_model_gets_a_sync_session(way: str) -> None:
    """Its code stays as it is, whatever the constructor does with its keywords."""
    written, expected = WAYS[way]
    text = after(_repo(written), HEAD + MODELS)
    assert expected in " ".join(text.split()).replace("( ", "(").replace(" )", ")")
    assert "async def create(self" in text
    found = treatments(_repo(written), HEAD + MODELS)
    assert found["Named.__init__"] == "bridged"
    assert found["Repo.create"] == found["add"] == "native"


KEPT = {
    "a model that keeps the session": (
        'self.name = session.scalars(select(Item.name)).first() or given["name"]',
        "self.session = session",
    ),
    "a constructor that hands it out": (
        "        self.__init__(*args, **given)",
        '        session: Session = given["session"]\n        return session',
    ),
}


@pytest.mark.parametrize("way", KEPT)
def test_a_model_that_keeps_its_session_stays_sync(way: str) -> None:
    """A sync session is of no use behind ``run_sync``."""
    old, new = KEPT[way]
    assert old in MODELS
    text = _repo("row = self.one(1)\n        row.update(session=self.session, **data)")
    found = treatments(text, HEAD + MODELS.replace(old, new))
    assert found["Repo.create"] == found["add"] == "left"


def test_a_class_that_is_no_model_stays_sync() -> None:
    """What a type variable stands for may keep the session, and use it later."""
    text = _repo("row = self.model(session=self.session, **data)")
    models = MODELS.replace("bound=Base)", 'bound="Keeper")') + (
        "class Keeper:\n    def __init__(self, **given):\n        self.db = given['session']\n\n\n"
    )
    assert treatments(text, HEAD + models)["add"] == "left"


def test_a_schema_that_nothing_is_known_of_reads_in_run_sync() -> None:
    """It may load what was not loaded with the row."""
    text = after(_repo("row = self.one(1)"), HEAD + MODELS)
    assert "await self.session.run_sync(lambda _: self.schema.model_validate(row))" in text


COMPREHENSIONS = {
    "rows that are there": (
        "[self.schema.model_validate(row) for row in rows]",
        "return await self.session.run_sync(lambda _: "
        "[self.schema.model_validate(row) for row in rows])",
    ),
    "rows that are waited for": (
        "[self.schema.model_validate(row) for row in self.session.scalars(select(self.model))]",
        "return [await self.session.run_sync(lambda _: self.schema.model_validate(row)) "
        "for row in await self.session.scalars(select(self.model))]",
    ),
    "the row itself is waited for": (
        "self.schema.model_validate(self.session.scalars(select(self.model)).one())",
        "return await self.session.run_sync(lambda _, row: self.schema.model_validate(row), "
        "(await self.session.scalars(select(self.model))).one())",
    ),
}


@pytest.mark.parametrize("way", COMPREHENSIONS)
def test_what_is_awaited_stays_outside(way: str) -> None:
    """A lambda can't wait: only what does not is moved into it."""
    written, expected = COMPREHENSIONS[way]
    snippet = REPOSITORY.replace(
        "    def one(",
        f"    def every(self):\n        rows = self.session.scalars(select(self.model)).all()\n"
        f"        return {written}\n\n    def one(",
    )
    text = " ".join(after(snippet, HEAD + MODELS).split())
    for wide, narrow in (("( ", "("), (" )", ")"), ("[ ", "["), (" ]", "]"), (",)", ")")):
        text = text.replace(wide, narrow)
    assert expected in text, text


def test_a_schema_that_is_known_is_left_to_the_loader() -> None:
    """Eager loading has looked at what it reads."""
    snippet = REPOSITORY.replace("self.schema.model_validate(row)", "NamedOut.model_validate(row)")
    assert "return NamedOut.model_validate(row)" in after(snippet, HEAD + MODELS)


def test_a_schema_that_may_be_another_one_reads_in_run_sync() -> None:
    """Of one of them nothing is known."""
    snippet = REPOSITORY.replace(
        "    def one(self, key: int) -> T | None:\n"
        "        return self.session.get(self.model, key)",
        "    def one(self, key: int, other=None):\n        schema = other or self.schema\n"
        "        return schema.model_validate(self.session.get(self.model, key))",
    ).replace(
        "return Repo(db, Named, NamedOut).create(data)",
        "return Repo(db, Named, NamedOut).one(1, other=NamedOut)",
    )
    text = after(snippet, HEAD + MODELS)
    assert "self.session.run_sync(lambda _, row: schema.model_validate(row)" in text.replace(
        "\n            ", ""
    )


def test_a_dict_has_nothing_to_load() -> None:
    """Only objects with attributes can load."""
    snippet = REPOSITORY.replace(
        "self.schema.model_validate(row)", "self.schema.model_validate(data)"
    )
    assert "return self.schema.model_validate(data)" in after(snippet, HEAD + MODELS)
