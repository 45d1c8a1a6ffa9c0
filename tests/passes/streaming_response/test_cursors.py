"""Rows are not sent from PostgreSQL where there is no transaction for their cursor."""

from __future__ import annotations

import pytest
from running import HEAD, messages, migrated

ITEMS = """
@app.get("/items", response_model=list[ItemOut])
async def items(db: Db):
    return (await db.scalars(select(Item).order_by(Item.id))).all()


@app.get("/names")
async def names(db: Db):
    found = (await db.scalars(select(Item).order_by(Item.id))).all()
    return Response(",".join(item.name for item in found), media_type="text/plain")
"""
ENGINE = 'create_async_engine(os.environ["STREAMED_DATABASE"])'
LEVEL = 'create_async_engine(os.environ["STREAMED_DATABASE"], isolation_level="AUTOCOMMIT")'
POSTGRESQL = {"requirements.txt": "fastapi\npsycopg\n"}

WITHOUT = {
    "an engine": HEAD.replace(ENGINE, LEVEL),
    "options of an engine": HEAD.replace(
        ENGINE, f'{ENGINE}.execution_options(isolation_level="autocommit")'
    ),
    "a setting": 'OPTIONS = {"isolation_level": "AUTOCOMMIT"}\n'
    + HEAD.replace(ENGINE, f"{ENGINE[:-1]}, **OPTIONS)"),
    "a function that gives it": HEAD.replace(
        f"engine = {ENGINE}",
        f"def make():\n    made = {LEVEL}\n    return made\n\n\nengine = make()",
    ),
}
WITHIN = {
    "another level": HEAD.replace(ENGINE, LEVEL.replace("AUTOCOMMIT", "SERIALIZABLE")),
    "an engine of one function": HEAD + "async def create_database(url):\n"
    '    admin = create_async_engine(url, isolation_level="AUTOCOMMIT")\n'
    "    async with admin.connect() as connection:\n"
    '        await connection.exec_driver_sql("CREATE DATABASE items")\n',
    "a connection": HEAD + "async def vacuum():\n"
    "    async with engine.connect() as connection:\n"
    '        await connection.execution_options(isolation_level="AUTOCOMMIT")\n'
    '        await connection.exec_driver_sql("VACUUM")\n',
}


@pytest.mark.parametrize("name", WITHOUT)
def test_rows_stay_without_a_transaction(name: str) -> None:
    found = messages(migrated(ITEMS, WITHOUT[name], POSTGRESQL))
    assert [("AUTOCOMMIT" in found[one]) for one in ("items", "names")] == [True, True]


@pytest.mark.parametrize("name", WITHIN)
def test_rows_are_sent_within_one(name: str) -> None:
    assert messages(migrated(ITEMS, WITHIN[name], POSTGRESQL)) == {"items": "", "names": ""}


@pytest.mark.parametrize("files", [{}, {"requirements.txt": "fastapi\naiosqlite\n"}])
def test_other_databases_need_none(files: dict[str, str]) -> None:
    found = messages(migrated(ITEMS, WITHOUT["an engine"], files))
    assert found == {"items": "", "names": ""}


def test_a_url_says_that_it_is_postgresql() -> None:
    head = 'URL = "postgresql+asyncpg:///items"\n' + WITHOUT["an engine"]
    assert "AUTOCOMMIT" in messages(migrated(ITEMS, head, {}))["items"]
