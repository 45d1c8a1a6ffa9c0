"""Generators over the database, by what takes their items."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, OTHER
from passes.async_session.providers_app import after, colours, migrated
from passes.async_session.suites import flipped, passing

WALK = """
def walk(db: Session):
    for row in db.execute(text("SELECT 1")):
        yield row


@app.get("/")
def read(db: Session = Depends(get_db)):
    {body}
    return {{"value": str(value)}}
"""

CLEANS_UP = WALK.replace(
    'for row in db.execute(text("SELECT 1")):\n        yield row',
    'try:\n        yield db.execute(text("SELECT 1"))\n    finally:\n        db.commit()',
)

NATIVE = {
    "value = list(walk(db))": "value = [item async for item in walk(db)]",
    "value = sorted(walk(db))": "value = sorted([item async for item in walk(db)])",
    "first, *value = walk(db)": "first, *value = [item async for item in walk(db)]",
    "value = [0, *walk(db)]": "value = [0, *[item async for item in walk(db)]]",
    "value = next(walk(db))": "value = await anext(walk(db))",
    "value = next(walk(db), None)": "value = await anext(walk(db), None)",
    "value = max(row[0] for row in walk(db))": ("value = max([row[0] async for row in walk(db)])"),
    "value = [*(row[0] for row in walk(db))]": ("value = [*[row[0] async for row in walk(db)]]"),
    "value = {row: 1 for row in walk(db)}": "value = {row: 1 async for row in walk(db)}",
}

LEFT = [
    "value = any(row[0] for row in walk(db))",
    "value = next(row for row in walk(db))",
    "value = list(zip(walk(db), range(3)))",
    "value = 3 in walk(db)",
]


@pytest.mark.parametrize(("before", "expected"), NATIVE.items())
def test_consumed_in_an_async_way(before: str, expected: str) -> None:
    assert expected in after(WALK.format(body=before))


@pytest.mark.parametrize("before", LEFT)
def test_consumer_without_async_form(before: str) -> None:
    migration = migrated(WALK.format(body=before))
    assert before in migration.after["app.py"].text
    assert "native" not in colours(migration).values()


@pytest.mark.parametrize(
    "before",
    ["value = next(walk(db))", "for value in walk(db):\n        break"],
)
def test_generator_that_cleans_up_is_not_given_up(before: str) -> None:
    assert "async" not in after(CLEANS_UP.format(body=before))


def test_delegation() -> None:
    text = after(
        """
        def walk(db: Session, level=0):
            yield db.execute(text("SELECT 1")).scalar()
            if level < 3:
                yield from walk(db, level + 1)


        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return [value for value in walk(db)]
        """
    )
    assert "        async for item in walk(db, level + 1):\n            yield item\n" in text
    assert "return [value async for value in walk(db)]" in text


def test_a_call_in_a_lazy_generator_expression_keeps_its_function_sync() -> None:
    migration = migrated(
        """
        def exists(db: Session, id: int):
            return db.execute(text("SELECT 1")).first() is not None


        def check(db: Session, ids: list[int]):
            return any(exists(db, id) for id in ids)


        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return check(db, [1]) and exists(db, 2)
        """
    )
    text = migration.after["app.py"].text
    assert "return await db.run_sync(check, [1]) and await db.run_sync(exists, 2)" in text
    assert "any(exists(db, id) for id in ids)" in text


DELEGATED = {
    "app.py": HEAD + OTHER,
    "tests/test_items.py": """\
import pytest

from app import Base, Item, engine, get_db


@pytest.fixture
def session():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    yield from get_db()


def test_item(session):
    session.add(Item(name="a"))
    session.commit()
    assert session.get(Item, 1).name == "a"
""",
}


def test_what_a_fixture_delegates_to_a_provider_is_a_session(tmp_path: Path) -> None:
    after_it = flipped(DELEGATED)
    assert "async def test_item(session)" in after_it["tests/test_items.py"]
    assert passing(DELEGATED, tmp_path / "before") == 1
    assert passing(after_it, tmp_path / "after") == 1
