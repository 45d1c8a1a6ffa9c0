"""Commands and jobs, on the database that the settings name."""

from datetime import date

import pytest
from fastapi.concurrency import run_in_threadpool

from clinic import commands, crud, jobs, worker
from clinic.database import Base, SessionLocal, engine

pytestmark = pytest.mark.anyio

DAY = date(2026, 1, 31)


@pytest.fixture(autouse=True)
async def tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


def test_commands(capsys):
    assert commands.hire(["Ada", "Zoe"]) == 0
    assert commands.hire(["Ada", "Eve"]) == 1
    assert commands.report() == 0
    assert capsys.readouterr().out == "1 Ada\n2 Zoe\n3 Eve\nAda: 0\nEve: 0\nZoe: 0\n0 in all\n"


async def test_jobs():
    async with SessionLocal() as db:
        doctor = await crud.add_doctor(db, "Ada")
        await crud.book(db, doctor, "Bob", DAY)
        assert await run_in_threadpool(jobs.remind_due, DAY) == 1
        assert await run_in_threadpool(jobs.remind_due, DAY) == 0
        await crud.book(db, doctor, "Cyd", DAY)
        assert await worker.remind(DAY) == 1
        assert await run_in_threadpool(jobs.tell, "now", times=2) == [
            "now: Ada",
            "now: Ada",
        ]
        assert await run_in_threadpool(commands.report) == 0
