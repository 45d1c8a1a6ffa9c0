import pytest
from click.testing import CliRunner
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient
from typer.testing import CliRunner as TyperRunner

from clinic import cli, service, worker
from clinic.db import Base, SessionLocal, engine
from clinic.main import app

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


def test_commands(capsys):
    runner = TyperRunner()
    assert runner.invoke(cli.app, ["book", "ann", "--times", "2"]).stdout == "1,2\n"
    assert runner.invoke(cli.app, ["close-day"]).stdout == "2\n"
    assert runner.invoke(cli.app, ["close-day"]).stdout == "0\n"
    assert CliRunner().invoke(cli.count, ["missed"]).output == "2\n"
    assert cli.purge_main([]) == 0
    assert capsys.readouterr().out == "0\n"


async def test_tasks():
    assert worker.remind.delay("bob").get() == 1
    assert worker.cancel.delay(7).get() == "unknown"
    assert await run_in_threadpool(worker.total) == 0


async def test_service():
    async with SessionLocal() as db:
        assert (await service.book(db, "cyd")).id == 1
        await db.commit()
        assert await db.run_sync(service.counts) == {"booked": 1}
    assert await run_in_threadpool(service.close_day) == 1


def test_http():
    with TestClient(app) as client:
        assert client.post("/visits?patient=dan").json() == {"id": 1}
        assert client.post("/close").json() == {"missed": 1}
        assert client.get("/counts").json() == {"missed": 1}
