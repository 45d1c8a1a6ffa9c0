"""Sessions and factories in ``request.state`` and ``app.state``: any module may read them there."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, treatments
from passes.async_session.suites import flipped, passing

DATABASE = """\
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
opened = []


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


Base.metadata.drop_all(engine)
Base.metadata.create_all(engine)
"""
ROUTES = """\
from fastapi import Depends, FastAPI, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from database import Item
from middleware import add_session, get_db, lifespan

app = FastAPI(lifespan=lifespan)
add_session(app)


@app.post("/items")
def add(name: str, db: Session = Depends(get_db)):
    item = Item(name=name)
    db.add(item)
    db.commit()
    return item.id


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return [item.name for item in db.scalars(select(Item).order_by(Item.id)).all()]


@app.get("/count")
def count(request: Request):
    return len(get_db(request).scalars(select(Item)).all())
"""
SUITE = """\
from fastapi.testclient import TestClient

from app import app


def test_items():
    with TestClient(app) as client:
        before = client.get("/count").json()
        assert client.post("/items", params={"name": "pen"}).status_code == 200
        assert client.get("/items").json()[-1] == "pen"
        assert client.get("/count").json() == before + 1
"""
NO_LIFESPAN = "lifespan = None\n"
STATE = """

def get_db(request: Request):
    return request.state.db
"""
MIDDLEWARE = {
    "a function": f"""\
from fastapi import Request, Response

from database import SessionLocal

{NO_LIFESPAN}

def add_session(app):
    @app.middleware("http")
    async def db_session(request: Request, call_next):
        response = Response("Internal server error", status_code=500)
        try:
            request.state.db = SessionLocal()
            response = await call_next(request)
        finally:
            request.state.db.close()
        return response
{STATE}""",
    "a class": f"""\
from fastapi import Request
from starlette.middleware.base import BaseHTTPMiddleware

from database import SessionLocal

{NO_LIFESPAN}

class Sessions(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        with SessionLocal() as db:
            request.state.db = db
            return await call_next(request)


def add_session(app):
    app.add_middleware(Sessions)
{STATE}""",
    "a factory of the application": """\
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from database import SessionLocal


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.factory = SessionLocal
    yield


def add_session(app):
    @app.middleware("http")
    async def db_session(request: Request, call_next):
        request.state.db = request.app.state.factory()
        try:
            return await call_next(request)
        finally:
            request.state.db.close()


def get_db(request: Request):
    return request.state.db
""",
}


@pytest.mark.parametrize("middleware", MIDDLEWARE.values(), ids=MIDDLEWARE)
def test_a_session_of_the_request_is_async(middleware: str, tmp_path: Path) -> None:
    files = {
        "database.py": DATABASE,
        "middleware.py": middleware,
        "app.py": ROUTES,
        "test_items.py": SUITE,
    }
    assert passing(files, tmp_path / "before") == 1
    after = flipped(files)
    assert "create_async_engine" in after["database.py"]
    assert "async def items(" in after["app.py"] and "async def count(" in after["app.py"]
    assert passing(after, tmp_path / "after") == 1
    assert flipped(after) == after


UNSEEN = {
    "another name": "    state = request.state\n    return vars(state)['db'].get(Item, 1)",
    "getattr": "    return getattr(request.state, 'db').get(Item, 1)",
    "a stranger": "    return stranger(request).state.db.get(Item, 1)",
}


@pytest.mark.parametrize("reads", UNSEEN.values(), ids=UNSEEN)
def test_what_is_read_in_unknown_ways_stays_sync(reads: str) -> None:
    snippet = f"""
from somewhere import stranger


@app.middleware("http")
async def sessions(request: Request, call_next):
    request.state.db = SessionLocal()
    try:
        return await call_next(request)
    finally:
        request.state.db.close()


@app.get("/")
def read(request: Request):
{reads}
"""
    assert "native" not in treatments(snippet, HEAD).values()
