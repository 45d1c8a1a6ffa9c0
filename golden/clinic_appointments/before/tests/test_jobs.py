"""Commands and jobs, on the database that the settings name."""

from datetime import date

import pytest

from clinic import commands, crud, jobs, worker
from clinic.database import Base, SessionLocal, engine

DAY = date(2026, 1, 31)


@pytest.fixture(autouse=True)
def tables():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)


def test_commands(capsys):
    assert commands.hire(["Ada", "Zoe"]) == 0
    assert commands.hire(["Ada", "Eve"]) == 1
    assert commands.report() == 0
    assert capsys.readouterr().out == "1 Ada\n2 Zoe\n3 Eve\nAda: 0\nEve: 0\nZoe: 0\n0 in all\n"


def test_jobs():
    with SessionLocal() as db:
        doctor = crud.add_doctor(db, "Ada")
        crud.book(db, doctor, "Bob", DAY)
        assert jobs.remind_due(DAY) == 1
        assert jobs.remind_due(DAY) == 0
        crud.book(db, doctor, "Cyd", DAY)
        assert worker.remind(DAY) == 1
        assert jobs.tell("now", times=2) == ["now: Ada", "now: Ada"]
        assert commands.report() == 0
