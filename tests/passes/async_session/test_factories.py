"""Factories of tests that are given a session: what they save is awaited, or told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes import all_passes
from codemods.pipeline import inspect
from codemods.selection import resolve
from codemods.source import CodeBase, SourceFile

APP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker
)

engine = create_engine("sqlite:///a.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Pet(Base):
    __tablename__ = "pets"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/pets")
def pets(db: Session = Depends(get_db)):
    return list(db.scalars(select(Pet.name).order_by(Pet.id)))
"""
FACTORIES = """\
import factory
from polyfactory.factories.sqlalchemy_factory import SQLAlchemyFactory

from app import Owner, Pet
{imports}

class OwnerFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Owner
        sqlalchemy_get_or_create = ("name",)
        sqlalchemy_session_persistence = "flush"{meta}

    name = factory.Sequence(lambda n: f"owner {{n}}")

    @factory.post_generation
    def cats(self, create, extracted, **kwargs):
        for _ in range(extracted or 0):
            PetFactory(owner=self, name="cat")


class PetFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Pet
        sqlalchemy_session_persistence = "commit"{meta}

    name = factory.Sequence(lambda n: f"pet {{n}}")
    owner = factory.SubFactory(OwnerFactory)


class PolyFactory(SQLAlchemyFactory[Pet]):
    __model__ = Pet
    __set_relationships__ = False
    __set_primary_key__ = False{poly}
"""
DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine(
    "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
)
TestSession = scoped_session(sessionmaker(bind=engine, expire_on_commit=False))


class Current:
    session = None


def current():
    return Current.session
"""
CONFTEST = """\
import pytest
from fastapi.testclient import TestClient

from app import Base, app, get_db
from database import Current, TestSession, engine
from factories import OwnerFactory, PetFactory, PolyFactory


@pytest.fixture(autouse=True)
def session({parameter}):
    Base.metadata.create_all(engine)
    session = TestSession()
    {given}
    yield session
    session.rollback()
    TestSession.remove()
    Base.metadata.drop_all(engine)


@pytest.fixture
def client(session):
    app.dependency_overrides[get_db] = lambda: session
    yield TestClient(app)
    app.dependency_overrides.clear()


@pytest.fixture
def pet():
    return PetFactory(name="Rex")
"""
TEST = """\
from app import Owner, Pet
from factories import OwnerFactory, PetFactory, PolyFactory
from sqlalchemy import func, select


def litter(size, **given):
    return PetFactory.create_batch(size, **given)


def test_list(client, pet):
    PetFactory.create_batch(2)
    PetFactory(name="last", owner__name="Ann")
    assert client.get("/pets").json()[::3] == ["Rex", "last"]


class TestOwners:
    def test_nested(self, client):
        owner = OwnerFactory(cats=2)
        OwnerFactory(name=PetFactory(owner=owner).name)
        assert len(client.get("/pets").json()) == 3

    def test_get_or_create(self, session):
        assert OwnerFactory(name="a").id == OwnerFactory(name="a").id
        assert session.scalar(select(func.count()).select_from(Owner)) == 1


def test_helper(client):
    assert [one.name for one in litter(2, owner=OwnerFactory(name="Bob"))]
    assert len([PetFactory(name=str(_)) for _ in range(2)]) == 2
    assert len(client.get("/pets").json()) == 4


def test_argument(session):
    PetFactory(name="one")
    PetFactory(name=session.scalars(select(Pet.name)).one() + "!")
    assert session.scalars(select(Pet.name).order_by(Pet.id)).all() == ["one", "one!"]


def test_polyfactory(session):
    owner = OwnerFactory(name="Cy")
    PolyFactory.create_sync(owner_id=owner.id, name="poly")
    PolyFactory.create_batch_sync(2, owner_id=owner.id)
    assert session.scalar(select(func.count()).select_from(Pet)) == 3


def test_build():
    assert OwnerFactory.build(name="x").name == "x"
"""
_ASSIGNED = """for one in (OwnerFactory, PetFactory):
        one._meta.sqlalchemy_session = session
    PolyFactory.__session__ = session"""
_PATCHED = """for one in (OwnerFactory, PetFactory):
        monkeypatch.setattr(one._meta, "sqlalchemy_session", session)
    monkeypatch.setattr(PolyFactory, "__session__", session)"""
_IMPORT = "from database import TestSession, current\n"
_POLY = "\n    __session__ = TestSession"
_META = "\n        sqlalchemy_session"


def suite(given: str, meta: str = "", poly: str = "", parameter: str = "") -> dict[str, str]:
    """An application whose tests give their factories a session in one of the ways."""
    factories = FACTORIES.format(imports=_IMPORT if meta else "", meta=meta, poly=poly)
    return {
        "app.py": APP,
        "database.py": DATABASE,
        "factories.py": factories,
        "conftest.py": CONFTEST.format(given=given, parameter=parameter),
        "test_pets.py": TEST,
    }


SUITES = {
    "assigned": suite(_ASSIGNED),
    "patched": suite(_PATCHED, parameter="monkeypatch"),
    "registry": suite("Current.session = session", f"{_META} = TestSession", _POLY),
    "function": suite("Current.session = session", f"{_META}_factory = current", _POLY),
    "lambda": suite("Current.session = session", f"{_META}_factory = lambda: current()", _POLY),
}


@pytest.mark.parametrize("name", ["assigned", "registry", "function"])
def test_saved(name: str, tmp_path: Path) -> None:
    """The same tests pass, with every object saved before it is looked for."""
    after = flipped(SUITES[name])
    assert ".run_sync(lambda _: PetFactory.create_batch(2))" in after["test_pets.py"]
    assert "await PolyFactory.create_async(" in after["test_pets.py"]
    assert passing(SUITES[name], tmp_path / "before") == 7
    assert passing(after, tmp_path / "after") == 7


@pytest.mark.parametrize(
    ("name", "file", "given"),
    [
        ("patched", "conftest.py", '"sqlalchemy_session", session.sync_session)'),
        ("patched", "conftest.py", '(PolyFactory, "__async_session__", session)'),
        ("lambda", "factories.py", "sqlalchemy_session_factory = lambda: current().sync_session"),
    ],
)
def test_given(name: str, file: str, given: str) -> None:
    """Other ways to give a session."""
    assert given in flipped(SUITES[name])[file]


def test_only_added() -> None:
    """A factory that writes nothing needs no place to wait, only the sync session."""
    files = suite(_ASSIGNED)
    files["factories.py"] += """

class PlainFactory(factory.alchemy.SQLAlchemyModelFactory):
    class Meta:
        model = Owner

    name = factory.Sequence(str)
"""
    files["test_plain.py"] = """
from factories import PlainFactory


def test_plain(session):
    PlainFactory._meta.sqlalchemy_session = session
    assert PlainFactory() in session.new
"""
    after = flipped(files)["test_plain.py"]
    assert "    PlainFactory._meta.sqlalchemy_session = session.sync_session\n" in after
    assert "assert PlainFactory() in session.new" in after
    assert "async def" not in after


def test_a_session_that_is_opened_for_a_factory() -> None:
    test = """\
from app import SessionLocal
from factories import PolyFactory


def test_made():
    PolyFactory.__session__ = SessionLocal()
    assert PolyFactory.create_sync(owner_id=1).id


def test_built():
    assert PolyFactory.build(owner_id=1).owner_id == 1
"""
    after = flipped(suite(_ASSIGNED) | {"test_pets.py": test})["test_pets.py"]
    assert "    PolyFactory.__async_session__ = SessionLocal()\n" in after
    assert "    assert (await PolyFactory.create_async(owner_id=1)).id\n" in after
    assert "\ndef test_built():\n    assert PolyFactory.build(owner_id=1)" in after


def told(test: str) -> list[int]:
    """The lines of a test of which it is said that they save and can't wait."""
    texts = {**suite(_ASSIGNED), "test_pets.py": test}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    options = Options(jobs=1)
    rules = resolve(options, all_passes()).passes
    found = inspect(CodeBase(Path("/nowhere"), files), rules, options).findings
    assert all(f.treatment is Treatment.LEFT for f in found if f.code == "LL409")
    return [f.line for f in found if f.code == "LL409"]


@pytest.mark.parametrize(
    "made",
    [
        "list(map(lambda n: PetFactory(name=n), 'ab'))",
        "[make() for make in [lambda: PetFactory()]]",
    ],
)
def test_told(made: str) -> None:
    test = f"from factories import PetFactory\n\n\ndef test_made(session):\n    assert {made}\n"
    assert told(test) == [5]


def test_told_of_fixtures() -> None:
    text = "from factories import PetFactory\nfrom pytest_factoryboy import register\n\n"
    assert told(f"{text}register(PetFactory)\n") == [4]


@pytest.mark.parametrize("made", ["PetFactory.build()", "PetFactory()", "[PetFactory()]"])
def test_not_told(made: str) -> None:
    test = f"from factories import PetFactory\n\n\ndef test_made(session):\n    assert {made}\n"
    assert told(test) == []
