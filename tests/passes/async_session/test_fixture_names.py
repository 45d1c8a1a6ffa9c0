"""Tests that ask for a fixture by its name: it is made before they run, or they are told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

APP = """\
from fastapi import Depends, FastAPI, Request
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///a.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/")
def read(request: Request, db=Depends(get_db)):
    return [request.headers.get("x-role", "none"), db.execute(text("select 1")).scalar()]
"""
CONFTEST = """\
import pytest
from app import SessionLocal, app, get_db
from fastapi.testclient import TestClient


@pytest.fixture
def session():
    with SessionLocal() as db:
        yield db


@pytest.fixture
def public_client(session):
    app.dependency_overrides[get_db] = lambda: session
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
def admin_client(session):
    app.dependency_overrides[get_db] = lambda: session
    with TestClient(app, headers={"x-role": "admin"}) as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
def number():
    return 1
"""
TEST = """\
import pytest
from sqlalchemy import text


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("kind", ["public_client", "admin_client"])
def test_kinds(times: int, kind: str, request):
    client = request.getfixturevalue(kind)
    for _ in range(times):
        role, one = client.get("/").json()
    assert role in ("none", "admin")
    assert one == 1


@pytest.mark.parametrize(
    ["kind", "role"], [("public_client", "none"), ("admin_client", "admin")]
)
def test_roles(kind, role, request):
    assert request.getfixturevalue(kind).get("/").json() == [role, 1]


def test_constant(request):
    admin_client = request.getfixturevalue("admin_client")
    assert admin_client.get("/").json() == ["admin", 1]


def test_session(request):
    db = request.getfixturevalue("session")
    assert db.execute(text("select 1")).scalar() == 1


@pytest.mark.parametrize("name", ["number"])
def test_number(request, name):
    assert request.getfixturevalue(name) == 1
"""


def test_made_before(tmp_path: Path) -> None:
    """One of several is chosen by a fixture; one that is named becomes a parameter."""
    before = {"app.py": APP, "conftest.py": CONFTEST, "test_items.py": TEST}
    after = flipped(before)
    assert '"admin_client"], indirect=["kind"])' in after["test_items.py"]
    assert "kind: AsyncClient, request):\n    client = kind\n" in after["test_items.py"]
    assert "async def test_constant(request, admin_client):\n    assert" in after["test_items.py"]
    assert "def test_number(request, name):\n    assert request" in after["test_items.py"]
    assert passing(before, tmp_path / "before") == 9
    assert passing(after, tmp_path / "after") == 9


BY_FIXTURES = """\
import pytest


@pytest.fixture
def admin_client(request):
    return request.getfixturevalue("public_client")


@pytest.fixture(params=["public_client", "admin_client"])
def any_client(request):
    return request.getfixturevalue(request.param)


class TestItems:
    def test_constant(self, request):
        client = request.getfixturevalue("admin_client")
        assert client.get("/").json() == ["none", 1]

    def test_any(self, any_client):
        assert any_client.get("/").json() == ["none", 1]
"""


def test_fixtures_that_ask(tmp_path: Path) -> None:
    """A fixture may ask for another by its name: no test runs at that time."""
    files = {"app.py": APP, "conftest.py": CONFTEST, "test_items.py": BY_FIXTURES}
    after = flipped(files)
    assert "def any_client(request):\n    return request.get" in after["test_items.py"]
    assert passing(after, tmp_path) == 3


def told(test: str) -> list[str]:
    """What the flip says of a test that asks for a fixture."""
    texts = {"app.py": APP, "conftest.py": CONFTEST, "test_item.py": test}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    done = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    found = [f for f in done.findings if f.code == "LL410"]
    assert all(f.treatment is Treatment.LEFT for f in found)
    return [f.path for f in found]


CHOSEN = """\
import pytest


@pytest.mark.parametrize("kind", ["public_client", "admin_client"])
def test_item({parameters}):
    {before}client = request.getfixturevalue({asked})
    assert client.get("/").status_code == 200
"""


@pytest.mark.parametrize(
    ("parameters", "before", "asked"),
    [
        ("request, kind", "", "kind + ''"),
        ("request, kind", "print(kind); ", "kind"),
        ("request, kind, admin_client", "", "kind"),
        ("request, kind", "if kind: ", "kind"),
        ("request, kind", "admin_client = 1; ", "'admin_client'"),
    ],
)
def test_told(parameters: str, before: str, asked: str) -> None:
    test = CHOSEN.format(parameters=parameters, before=before, asked=asked)
    assert told(test) == ["test_item.py"]


@pytest.mark.parametrize("asked", ["'number'", "kind"])
def test_not_told(asked: str) -> None:
    assert told(CHOSEN.format(parameters="request, kind", before="", asked=asked)) == []


FIXTURE_NAMED_TEST = """\
import pytest
from app import SessionLocal, app
from fastapi.testclient import TestClient
from sqlalchemy import text

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def test_db():
    with SessionLocal() as db:
        yield db


def test_it(test_db):
    assert test_db.execute(text("select 1")).scalar() == 1


def test_over_http():
    assert TestClient(app).get("/").json() == ["none", 1]
"""


def test_a_fixture_that_is_named_like_a_test(tmp_path: Path) -> None:
    files = flipped({"app.py": APP, "test_app.py": FIXTURE_NAMED_TEST})
    assert "@pytest.fixture\nasync def test_db(" in files["test_app.py"]
    assert "@pytest.mark.anyio\nasync def test_it(" in files["test_app.py"]
    assert passing(files, tmp_path) == 2
