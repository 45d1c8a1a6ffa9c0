"""A session that outlives its request: nothing that uses it becomes async, or gets a thread."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, OTHER, after, treatments
from passes.async_session.suites import flipped

READ = "return [i.name for i in {}.scalars(select(Item))]"
REPOSITORY = """
class Items:
    def __init__(self, db: Session):
        self.db = db

    def names(self):
        return [i.name for i in self.db.scalars(select(Item))]
"""


def route(body: str, parameters: str = "", name: str = "read") -> str:
    """A path operation that was async and only blocked."""
    return f'\n\n@app.get("/{name}")\nasync def {name}({parameters}):\n    {body}\n'


#: Who keeps a session from one request to the next.
KEPT = {
    "module": "db = SessionLocal()" + route(READ.format("db")),
    "generator": "db = next(get_db())" + route(READ.format("db")),
    "engine": "db = Session(engine)" + route(READ.format("db")),
    "table": 'sessions = {"main": SessionLocal()}' + route(READ.format('sessions["main"]')),
    "dependency": "kept = SessionLocal()\n\n\ndef give():\n    return kept\n"
    + route(READ.format("db"), "db: Session = Depends(give)"),
    "cache": "from functools import lru_cache\n\n\n@lru_cache\ndef give():\n"
    "    return SessionLocal()\n" + route(READ.format("db"), "db: Session = Depends(give)"),
    "global": "kept = None\n\n\ndef give():\n    global kept\n    if kept is None:\n"
    "        kept = SessionLocal()\n    return kept\n" + route(READ.format("give()")),
    "default": f"def names(db: Session = SessionLocal()):\n    {READ.format('db')}\n"
    + route("return names()"),
    "opened by default": f"def names(db: Session = next(get_db())):\n    {READ.format('db')}\n"
    + route("return names()"),
    "class": f"class Items:\n    db = SessionLocal()\n\n    def names(self):\n"
    f"        {READ.format('self.db')}\n" + route("return Items().names()"),
    "object": f"{REPOSITORY}\n\nitems = Items(SessionLocal())" + route("return items.names()"),
    "opens itself": "class Items:\n    def __init__(self):\n        self.db = SessionLocal()\n\n"
    f"    def names(self):\n        {READ.format('self.db')}\n\n\nitems = Items()"
    + route("return items.names()"),
    "singleton": REPOSITORY.replace(
        "    def names",
        "    @classmethod\n    def only(cls):\n        if not hasattr(cls, 'one'):\n"
        "            cls.one = cls(SessionLocal())\n        return cls.one\n\n    def names",
    )
    + route("return Items.only().names()"),
    "closure": "def register():\n    db = SessionLocal()\n\n"
    f'    @app.get("/read")\n    async def read():\n        {READ.format("db")}\n\n\nregister()\n',
    "imported": "import held" + route(READ.format("held.db")),
}

#: What only looks like it.
OPENED = {
    "for each request": REPOSITORY
    + route("return Items(db).names()", "db: Session = Depends(get_db)"),
    "for each object": "class Items:\n    db: Session = Depends(get_db)\n\n    def names(self):\n"
    f"        {READ.format('self.db')}\n"
    + route(READ.format("db"), "db: Session = Depends(get_db)"),
    "for each task": "from sqlalchemy.orm import scoped_session\n\n"
    "registry = scoped_session(SessionLocal)" + route(READ.format("registry")),
    "by a provider": "from dependency_injector import containers, providers\n\n\n"
    f"{REPOSITORY}\n\nclass Container(containers.DeclarativeContainer):\n"
    "    db = providers.Dependency(instance_of=Session)\n"
    "    items = providers.Factory(Items, db=db)\n"
    + route("return Items(db).names()", "db: Session = Depends(get_db)"),
    "by a script": REPOSITORY
    + route("return Items(db).names()", "db: Session = Depends(get_db)")
    + '\n\nif __name__ == "__main__":\n    db = SessionLocal()\n    print(Items(db).names())\n',
}

#: Those that are asked, several at once, before and after.
EXECUTED = ("module", "opened by default", "class", "imported")

ASKED = """
import asyncio, sys, warnings
warnings.simplefilter("error", RuntimeWarning)
import httpx
import app
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
engine = create_engine("sqlite:///items.db")
app.Base.metadata.drop_all(engine)
app.Base.metadata.create_all(engine)
with Session(engine) as db:
    db.add_all([app.Item(name="a"), app.Item(name="b")])
    db.commit()
async def ask():
    at = httpx.ASGITransport(app.app)
    async with httpx.AsyncClient(transport=at, base_url="http://test") as client:
        for path in ("/read", "/other"):
            for answer in await asyncio.gather(*(client.get(path) for _ in range(9))):
                assert answer.status_code == 200, answer.text
                print(answer.text)
asyncio.run(ask())
"""


@pytest.mark.parametrize("name", KEPT)
def test_what_uses_a_kept_session_stays_as_it_is(name: str, tmp_path: Path) -> None:
    head = HEAD.replace('.db")', '.db", connect_args={"check_same_thread": False})')
    before = {"app.py": f"{head}{KEPT[name]}{OTHER}"}
    if name == "imported":
        # A module of its own, which takes the factory from where it is.
        factory, rest = before["app.py"].split("app = FastAPI()", 1)
        before = {
            "database.py": factory.replace("from fastapi import Depends, FastAPI, Request\n", ""),
            "held.py": "from database import SessionLocal\n\ndb = SessionLocal()\n",
            "app.py": "from fastapi import Depends, FastAPI\nfrom sqlalchemy import select\n"
            "from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n\n"
            f"from database import SessionLocal\n\napp = FastAPI(){rest}",
        }
    migrated = flipped(before)
    text = migrated["app.py"]
    assert "async def other(db: AsyncSession" in text
    assert "async def read(" in text
    assert text.count("await ") - text.count("await engine.dispose()") == 2
    if name not in EXECUTED:
        return
    answers = []
    for files in (before, migrated):
        for path, content in files.items():
            (tmp_path / path).write_text(content)
        command = [sys.executable, "-c", ASKED]
        answers.append(subprocess.check_output(command, cwd=tmp_path, timeout=60, text=True))
    assert answers[0] == answers[1]
    assert answers[0].count('["a","b"]') == 9


@pytest.mark.parametrize("name", OPENED)
def test_a_session_for_each_request_becomes_async(name: str) -> None:
    assert treatments(OPENED[name] + OTHER)["read"] == "native"


def test_no_thread_is_given_a_kept_session() -> None:
    """An async caller waits for a thread elsewhere; here it goes on blocking, one at a time."""
    both = f"""
kept = SessionLocal()


def names():
    {READ.format("kept")}


@app.get("/both")
async def both(db: Session = Depends(get_db)):
    return [names(), db.get(Item, 1).name]
"""
    text = after(both)
    assert "run_in_threadpool" not in text
    assert treatments(both)["both"] == "left"
