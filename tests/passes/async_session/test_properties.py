"""Properties that wait: every read of them is awaited, or nothing of it becomes async."""

from __future__ import annotations

import pytest
from passes.async_session.decided import OTHER, after, treatments

CONTROLLER = """
from functools import cached_property


class Reader:
    def __init__(self, db: Session, key: int):
        self.db = db
        self.key = key

    @property
    def item(self) -> Item | None:
        return self.db.get(Item, self.key)

    @cached_property
    def first(self) -> str:
        \"\"\"The name that comes first.\"\"\"
        names = self.db.scalars(select(Item.name).order_by(Item.name)).all()
        if not names:
            return "nothing"
        return names[0]

    @cached_property
    def label(self):
        return f"{self.first}/{self.item.name}"


@app.get("/{key}")
def read(key: int, db: Session = Depends(get_db)):
    reader = Reader(db, key)
    return [reader.label, reader.item.name, {reader.first: reader.first.title()}]
"""


def test_a_property_is_awaited_where_it_is_read() -> None:
    """So is what reads it: another property, a route."""
    text = after(CONTROLLER)
    assert "@property\n    async def item(self) -> Item | None:" in text
    assert 'f"{await self.first}/{(await self.item).name}"' in text
    assert "await reader.label" in text
    assert "(await reader.item).name" in text
    assert "{await reader.first: (await reader.first).title()}" in text
    assert set(treatments(CONTROLLER).values()) == {"native"}


def test_a_cached_property_keeps_its_value() -> None:
    """A coroutine can be awaited once only."""
    text = after(CONTROLLER)
    assert "cached_property" not in text
    assert (
        '        """The name that comes first."""\n'
        '        if "first" in self.__dict__:\n'
        '            return self.__dict__["first"]\n'
    ) in text
    assert (
        '            self.__dict__["first"] = "nothing"\n'
        '            return self.__dict__["first"]\n'
        '        self.__dict__["first"] = names[0]\n'
        '        return self.__dict__["first"]\n'
    ) in text


def test_what_a_cached_property_gives_is_asked_for_once() -> None:
    """The result, run: the value is kept where ``cached_property`` keeps it."""
    body = after(CONTROLLER).partition("class Reader:")[2].partition("@app.get")[0]
    asked: list[object] = []

    class Names(list[str]):
        def all(self) -> list[str]:
            return self

    class Db:
        async def scalars(self, statement: object) -> Names:
            asked.append(statement)
            return Names(["a", "b"])

    class Anything:
        def __getattr__(self, name: str) -> Anything:
            return self

        def __call__(self, *_: object) -> Anything:
            return self

        def __or__(self, _: object) -> Anything:
            return self

    space: dict[str, object] = {"AsyncSession": Db, "Item": Anything(), "select": Anything()}
    exec("class Reader:" + body, space)
    reader = space["Reader"](Db(), 1)  # type: ignore[operator]

    async def twice() -> list[str]:
        return [await reader.first, await reader.first]

    import asyncio

    assert asyncio.run(twice()) == ["a", "a"]
    assert len(asked) == 1


LEFT = {
    "read by a lambda": ("reader.item.name,", "(lambda: reader.item.name)(),"),
    "read of something unknown": (
        "reader = Reader(db, key)",
        "reader = Reader(db, key)\n    print([each.item for each in globals()['known']()])",
    ),
    "set by somebody": (
        "reader = Reader(db, key)",
        "reader = Reader(db, key)\n    reader.item = None",
    ),
    "read of its class": (
        "reader = Reader(db, key)",
        "reader = Reader(db, key)\n    print(Reader.item)",
    ),
    "an attribute in a class below": (
        '@app.get("/{key}")',
        'class Other(Reader):\n    item = None\n\n\n@app.get("/{key}")',
    ),
    "with a setter": (
        "    @cached_property\n    def first",
        "    @item.setter\n    def item(self, value):\n        pass\n\n"
        "    @cached_property\n    def first",
    ),
    "a property of a model": (
        "class Reader:\n",
        "class Reader(Base):\n    __tablename__ = 'readers'\n"
        "    number: Mapped[int] = mapped_column(primary_key=True)\n",
    ),
    "read by templates": (
        "reader = Reader(db, key)",
        "reader = Reader(db, key)\n    templates.TemplateResponse(request, 'x.html')",
    ),
}


@pytest.mark.parametrize("way", LEFT)
def test_a_property_stays_sync(way: str) -> None:
    """Where one of its reads can't wait or is not known, and all that shares its session too."""
    old, new = LEFT[way]
    assert old in CONTROLLER
    found = treatments(CONTROLLER.replace(old, new) + OTHER)
    assert found["Reader.item"] == "left"
    assert found["read"] == "left"
