import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from typer.testing import CliRunner as TyperRunner

from clinic import cli, service, worker
from clinic.db import Base, SessionLocal, engine
from clinic.main import app


@pytest.fixture(autouse=True)
def tables():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)


def test_commands(capsys):
    runner = TyperRunner()
    assert runner.invoke(cli.app, ["book", "ann", "--times", "2"]).stdout == "1,2\n"
    assert runner.invoke(cli.app, ["close-day"]).stdout == "2\n"
    assert runner.invoke(cli.app, ["close-day"]).stdout == "0\n"
    assert CliRunner().invoke(cli.count, ["missed"]).output == "2\n"
    assert cli.purge_main([]) == 0
    assert capsys.readouterr().out == "0\n"


def test_tasks():
    assert worker.remind.delay("bob").get() == 1
    assert worker.cancel.delay(7).get() == "unknown"
    assert worker.total() == 0


def test_service():
    with SessionLocal() as db:
        assert service.book(db, "cyd").id == 1
        db.commit()
        assert service.counts(db) == {"booked": 1}
    assert service.close_day() == 1


def test_http():
    with TestClient(app) as client:
        assert client.post("/visits?patient=dan").json() == {"id": 1}
        assert client.post("/close").json() == {"missed": 1}
        assert client.get("/counts").json() == {"missed": 1}
