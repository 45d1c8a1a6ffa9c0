"""Results that the driver streams are streamed by the async session too, or stay bridged."""

from __future__ import annotations

import pytest
from passes.async_session.providers_app import colours, migrated

ROUTE = """
from sqlalchemy import select, table


@app.get("/")
def read(s=Depends(get_db)):
    rows = select(table("t")).execution_options(yield_per=10)
    {}
"""

NATIVE = {
    "a loop": (
        "for row in s.execute(rows):\n        print(row)",
        "async for row in await s.stream(rows):",
    ),
    "scalars": (
        "return [row for row in s.scalars(rows)]",
        "return [row async for row in await s.stream_scalars(rows)]",
    ),
    "views": (
        "return [row for row in s.execute(rows).mappings().unique()]",
        "async for row in (await s.stream(rows)).mappings().unique()]",
    ),
    "partitions": (
        "for part in s.scalars(rows).partitions(5):\n        print(part)",
        "async for part in (await s.stream_scalars(rows)).partitions(5):",
    ),
    "a terminal": (
        "return s.scalars(rows).all()",
        "return await (await s.stream_scalars(rows)).all()",
    ),
    "a list": (
        "return list(s.scalars(rows))",
        "return [item async for item in await s.stream_scalars(rows)]",
    ),
    "a sum": (
        "return sum(row for row in s.scalars(rows))",
        "return sum([row async for row in await s.stream_scalars(rows)])",
    ),
    "options of the call": (
        'return s.execute(text("x"), execution_options={"stream_results": True}).all()',
        'await s.stream(text("x"), execution_options={"stream_results": True})\n    ).all()',
    ),
    "a name": (
        "found = s.execute(rows)\n    return [row for row in found.mappings()]",
        "found = await s.stream(rows)\n    return [row async for row in found.mappings()]",
    ),
    "an iterator": (
        "found = iter(s.scalars(rows))\n    return [next(found, 0), *[row for row in found]]",
        "found = await s.stream_scalars(rows)\n"
        "    return [await anext(found, 0), *[row async for row in found]]",
    ),
    "a loop that asks for more": (
        "found = iter(s.scalars(rows))\n    while (row := next(found, None)) is not None:\n"
        "        print(row)",
        "while (row := await anext(found, None)) is not None:",
    ),
    "an option that is off": (
        "return s.scalars(select().execution_options(stream_results=False)).all()",
        "(await s.scalars(select().execution_options(stream_results=False))).all()",
    ),
}


@pytest.mark.parametrize("name", NATIVE)
def test_streamed(name: str) -> None:
    body, expected = NATIVE[name]
    assert expected in migrated(ROUTE.format(body)).after["app.py"].text


BRIDGED = {
    "kept": "found = s.execute(rows)\n    return zip(found, [1])",
    "kept and lazy": "found = s.execute(rows)\n    return (row for row in found)",
    "kept in two": "found = s.execute(rows)\n    found = found or 1\n    return list(found)",
    "kept below": "found = s.execute(rows)\n    return lambda: next(found, None)",
    "stepped to the end": "found = s.execute(rows)\n    try:\n        return next(found)\n"
    "    except StopIteration:\n        return None",
    "with arguments": "found = iter(s.execute(rows), None)\n    return next(found, None)",
    "lazy": "return (row for row in s.execute(rows))",
    "returned": "return s.execute(rows)",
}


@pytest.mark.parametrize("name", BRIDGED)
def test_not_streamed(name: str) -> None:
    migration = migrated(ROUTE.format(BRIDGED[name]))
    assert colours(migration)["read"] == "left"
    assert "stream" not in migration.after["app.py"].text.replace("StreamingResponse", "")


def test_a_statement_of_a_caller() -> None:
    migration = migrated(
        """
        from sqlalchemy import select, table


        def many(s, statement):
            for row in s.execute(statement):
                print(row)


        def large():
            return select(table("t")).execution_options(yield_per=5)


        @app.get("/")
        def read(s=Depends(get_db)):
            many(s, large())
        """
    )
    assert "async for row in await s.stream(statement):" in migration.after["app.py"].text


SQLMODEL = """\
from fastapi import Depends, FastAPI
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///app.db")
app = FastAPI()


class Item(SQLModel, table=True):
    id: int = Field(primary_key=True)
    name: str


def get_db():
    with Session(engine) as session:
        yield session


"""
EXEC = """
@app.get("/")
def read(s: Session = Depends(get_db)):
    rows = select({}).execution_options(yield_per=10)
    return [row for row in s.exec(rows)]
"""


@pytest.mark.parametrize(
    ("selected", "method"), [("Item", "stream_scalars"), ("Item.id, Item.name", "stream")]
)
def test_exec_of_sqlmodel(selected: str, method: str) -> None:
    text = migrated(EXEC.format(selected), SQLMODEL).after["app.py"].text
    assert f"return [row async for row in await s.{method}(rows)]" in text


def test_exec_whose_rows_are_kept_stays_sync() -> None:
    body = EXEC.format("Item").replace("[row for row in s.exec(rows)]", "next(iter(s.exec(rows)))")
    assert colours(migrated(body, SQLMODEL))["read"] == "left"
