"""The runner's own parts: comparing folders, preparing databases, sending requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import runner
from .databases import PostgresServer, sqlite_database
from .scenario import load

APP = """
import os

from fastapi import FastAPI, Form, Header, Request, UploadFile
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["URL"])
app = FastAPI()
seen = []


@app.get("/names")
def names():
    with engine.connect() as connection:
        return connection.scalars(text("select name from names order by name")).all()


@app.post("/form")
def form(one: str = Form()):
    return {"one": one, "token": one * 2}


@app.post("/upload")
async def upload(file: UploadFile):
    return {"name": file.filename, "size": len(await file.read())}


@app.post("/raw")
async def raw(request: Request, x_token: str = Header()):
    return [(await request.body()).decode(), x_token]


@app.get("/count/{index}")
def count(index: int):
    seen.append(index)
    return sorted(seen)[: index + 1]
"""

SCENARIO = """
description = "every kind of request"
app = "app:app"
blocks_before = false
prepare = "prepare.sql"
seed = "seed.py"
environment = { URL = "{database_url}" }

[[request]]
method = "GET"
path = "/names"

[[request]]
method = "POST"
path = "/form"
form = { one = "x" }
capture = { token = "token" }

[[request]]
method = "POST"
path = "/upload"
files = { file = { name = "a.txt", content = "hello" } }

[[request]]
method = "POST"
path = "/raw"
content = "{{token}}: {token}"
headers = { x-token = "{token}" }

[[request]]
method = "GET"
path = "/count/{index}"
repeat = 2

[[request]]
method = "GET"
path = "/count/0"
concurrent = 3

[[request]]
method = "GET"
path = "/nothing"
status = 404
"""

SEED = """
def run(connection, database):
    connection.execute(f"insert into names values ('{database}')")
"""


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    folder = tmp_path / "golden"
    (folder / "before").mkdir(parents=True)
    (folder / "before" / "app.py").write_text(APP)
    (folder / "scenario.toml").write_text(SCENARIO)
    (folder / "prepare.sql").write_text(
        "create table names (name text); insert into names values ('a');"
    )
    (folder / "seed.py").write_text(SEED)
    return folder


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_kind_of_request(
    golden: Path, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    scenario = load(golden)
    if database == "sqlite":
        fresh = sqlite_database(tmp_path / "names.sqlite")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        fresh = server.database()
    run = runner.run(golden / "before", scenario, fresh, tmp_path / "run")
    assert runner.troubles(run, scenario, migrated=False) == []
    assert [[answer["body"] for answer in sent] for sent in run.transcript["exchanges"]] == [
        [f'["a","{database}"]'],
        ['{"one":"x","token":"xx"}'],
        ['{"name":"a.txt","size":5}'],
        ['["{token}: xx","xx"]'],
        ["[0]", "[0,1]"],
        ["[0]", "[0]", "[0]"],
        ['{"detail":"Not Found"}'],
    ]
    assert run.tables == {"names": (("name",), [("'a'",), (f"'{database}'",)])}


def test_nothing_to_capture(golden: Path, tmp_path: Path) -> None:
    text = SCENARIO.replace('token = "token"', 'token = "id"')
    (golden / "scenario.toml").write_text(text)
    scenario = load(golden)
    fresh = sqlite_database(tmp_path / "names.sqlite")
    run = runner.run(golden / "before", scenario, fresh, tmp_path / "run")
    [trouble] = runner.troubles(run, scenario, migrated=False)
    assert "nothing to capture at 'id': POST /form answered 200" in trouble


def test_application_that_never_answers(golden: Path, tmp_path: Path) -> None:
    (golden / "before" / "app.py").write_text("import time\ntime.sleep(60)\n")
    text = SCENARIO.replace('app = "app:app"', 'app = "app:app"\ntimeout = 1')
    (golden / "scenario.toml").write_text(text)
    fresh = sqlite_database(tmp_path / "names.sqlite")
    with pytest.raises(runner.UnfinishedError, match="did not finish in time"):
        runner.run(golden / "before", load(golden), fresh, tmp_path / "run")


def test_the_developers_environment_is_not_passed_on(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    seen = runner.environment(load(golden), sqlite_database(tmp_path / "x.sqlite"))
    assert seen["URL"] == f"sqlite:///{tmp_path}/x.sqlite"
    assert "GITHUB_TOKEN" not in seen


def test_text_differences(tmp_path: Path) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    for folder in (left, right):
        (folder / "app").mkdir(parents=True)
        (folder / "app" / "same.py").write_text("x = 1\n")
    assert runner.text_differences(left, right) == []
    (left / "app" / "gone.py").write_text("x = 1\n")
    (right / "app" / "new.py").write_text("x = 1\n")
    (right / "app" / "__pycache__").mkdir()
    (right / "app" / "__pycache__" / "same.pyc").write_text("")
    (left / "app" / "ends.py").write_bytes(b"x = 1\n")
    (right / "app" / "ends.py").write_bytes(b"x = 1\r\n")
    ends, gone, new = runner.text_differences(left, right)
    assert ends == "app/ends.py: the bytes differ (line ends or encoding)"
    assert gone.startswith("--- app/gone.py (expected)\n+++ /dev/null")
    assert new.startswith("--- /dev/null\n+++ app/new.py (made)")
    runner.replace_files(left, right)
    assert runner.text_differences(left, right) == []


def test_syntax_errors(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("async def f():\n    await g()\n")
    (tmp_path / "bad.py").write_text("def f():\n    await g()\n")
    [error] = runner.syntax_errors(tmp_path)
    assert error.startswith("bad.py: 'await' outside async function")
