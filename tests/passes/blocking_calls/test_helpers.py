"""Sync functions of the application, called on the loop: which are called in a thread."""

from __future__ import annotations

import pytest
from loop_app import HEAD, after, findings, freed, left

CALLS = """
from helpers import *
import helpers

@app.get('/')
async def route(n: int):
    return {call}
"""

#: The module helpers.py, the call and what it becomes.
CONVERTED = {
    "directly": (
        "import os\ndef f(a): os.system(a)",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "keyword only": (
        "import os\ndef f(*, a): os.system(a)",
        "helpers.f(a=n)",
        "run_in_threadpool(helpers.f, a=n)",
    ),
    "several levels": (
        "import os\ndef f(a): g(a)\ndef g(a): h(a)\ndef h(a): os.system(a)",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "recursion": (
        "import os\ndef f(a):\n    os.system(0)\n    return f(a - 1) if a else 0",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "a method": (
        "import os\nclass C:\n    wait = 1\n    def m(self, a): os.system(self.wait)\nc = C()",
        "c.m(n)",
        "run_in_threadpool(c.m, n)",
    ),
    "a static method": (
        "import os\nclass C:\n    @staticmethod\n    def m(a): os.system(a)",
        "helpers.C.m(n)",
        "run_in_threadpool(helpers.C.m, n)",
    ),
    "an abstract method": (
        "import abc, os\nclass C(abc.ABC):\n    @abc.abstractmethod\n"
        "    def m(self, a): os.system(0)\n"
        "class D(C):\n    def m(self, a): os.system(a)\nc: C = D()",
        "c.m(n)",
        "run_in_threadpool(c.m, n)",
    ),
    "a class": (
        "import os\nclass C:\n    def __init__(self, a):\n        os.system(a)\n        self.a = a",
        "helpers.C(n).a",
        "(await run_in_threadpool(helpers.C, n)).a",
    ),
    "a file line by line": (
        "def f(a):\n    with open('x') as lines:\n        return [line for line in lines]",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "a connection of its own": (
        "import sqlite3\ndef f(a):\n    c = sqlite3.connect('x')\n"
        "    rows = c.execute('SELECT 1').fetchall()\n    c.close()\n    return rows",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "constants are read": (
        "import os\nDELAY = {'a': 1}\ndef f(a): os.system(DELAY['a'])",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "settings in a cache": (
        "import os\nfrom functools import lru_cache\nfrom pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n    wait: int = 1\n"
        "@lru_cache\ndef settings(): return Settings()\n"
        "def f(a): os.system(settings().wait)",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "an object of its own changes": (
        "import os\ndef f(a):\n    found = []\n    os.system(a)\n    found.append(a)\n"
        "    return found",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
}

#: The module helpers.py, the call, and a part of the reason why it stays.
LEFT = {
    "a generator": (
        "import os\ndef f(a):\n    os.system(a)\n    yield a",
        "list(f(n))",
        "generator",
    ),
    "a context manager": (
        "import os\nfrom contextlib import contextmanager\n"
        "@contextmanager\ndef f(a):\n    os.system(a)\n    yield a",
        "f(n)",
        "generator",
    ),
    "a decorator": (
        "import os\ndef d(g): return g\n@d\ndef f(a): os.system(a)",
        "f(n)",
        "decorator",
    ),
    "a cache": (
        "import os\nfrom functools import lru_cache\n@lru_cache\ndef g(): return object()\n"
        "def f(a):\n    os.system(a)\n    g()",
        "f(n)",
        "has a cache",
    ),
    "a global changes": (
        "import os\nseen = 0\ndef f(a):\n    global seen\n    os.system(a)\n    seen += 1",
        "f(n)",
        "changes seen",
    ),
    "a global list changes": (
        "import os\nseen = []\ndef f(a):\n    os.system(a)\n    seen.append(a)",
        "f(n)",
        "changes seen",
    ),
    "by another name": (
        "import os\nseen = {}\ndef f(a):\n    os.system(a)\n    mine = seen\n    mine[a] = 1",
        "f(n)",
        "changes seen",
    ),
    "an argument that is shared changes": (
        "import os\nseen = []\ndef f(a):\n    os.system(1)\n    a.append(1)",
        "f(seen)",
        "changes seen",
    ),
    "a class attribute changes": (
        "import os\nclass C:\n    made = 0\n    def m(self, a):\n        os.system(a)\n"
        "        C.made += 1\nc = C()",
        "c.m(n)",
        "changes C.made",
    ),
    "an object changes": (
        "import os\nclass C:\n    def __init__(self): self.last = 0\n    def m(self, a):\n"
        "        os.system(a)\n        self.last = a\nc = C()",
        "c.m(n)",
        "changes C.last",
    ),
    "what others change is read": (
        "import os\nseen = []\ndef f(a):\n    os.system(a)\n    return [x for x in seen]\n"
        "def add(a): seen.append(a)",
        "f(n)",
        "reads seen",
    ),
    "the event loop": (
        "import asyncio, os\ndef f(a):\n    os.system(a)\n    asyncio.get_running_loop()",
        "f(n)",
        "asyncio",
    ),
    "a context variable": (
        "import os\nfrom contextvars import ContextVar\nv = ContextVar('v')\n"
        "def f(a):\n    os.system(a)\n    v.set(a)",
        "f(n)",
        "contextvars.ContextVar",
    ),
    "something of its thread": (
        "import threading, os\ndef f(a):\n    os.system(a)\n    return threading.get_ident()",
        "f(n)",
        "threading.get_ident",
    ),
    "a lock": (
        "import threading, os\nlock = threading.Lock()\ndef f(a):\n    with lock:\n"
        "        os.system(a)",
        "f(n)",
        "threading.Lock",
    ),
    "a session": (
        "import os\nfrom sqlalchemy.orm import Session\ndef f(a, db: Session):\n    os.system(a)",
        "f(n, None)",
        "database session",
    ),
    "an object of the ORM": (
        "import os\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
        "class Base(DeclarativeBase): pass\nclass Item(Base):\n    __tablename__ = 'items'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "def f(item: Item):\n    os.system(item.id)",
        "f(n)",
        "object of the ORM",
    ),
    "a callback": (
        "import os\ndef f(a, done):\n    os.system(a)\n    done()",
        "f(n, n)",
        "nothing is known",
    ),
    "a lambda": (
        "import os\ndef f(a, done):\n    os.system(a)",
        "f(n, lambda: 1)",
        "code of this",
    ),
    "an argument named func": (
        "import os\ndef f(func): os.system(func)",
        "f(func=n)",
        "named func",
    ),
    "a connection that leaves": (
        "import sqlite3, os\ndef f(a):\n    os.system(1)\n    return sqlite3.connect('x')",
        "f(n)",
        "sqlite3.Connection",
    ),
    "files are read and written": (
        "import os\ndef f(a):\n    if not os.path.exists('x'): os.mkdir('x')",
        "f(n)",
        "reads and writes files",
    ),
    "the whole process changes": (
        "import os\ndef f(a):\n    os.chdir('/')\n    os.system(a)",
        "f(n)",
        "os.chdir",
    ),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_converted(name: str) -> None:
    helpers, call, expected = CONVERTED[name]
    assert expected in after(CALLS.replace("{call}", call), helpers=helpers)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    helpers, call, reason = LEFT[name]
    assert reason in left(CALLS.replace("{call}", call), helpers=helpers)


def test_a_helper_that_does_not_block_stays() -> None:
    assert not findings(CALLS.replace("{call}", "f(n)"), helpers="def f(a): return a + 1")


def test_what_a_cache_keeps_is_waited_for_once() -> None:
    helpers = "from functools import lru_cache\n@lru_cache\ndef f(a): return open(a).read()"
    assert not findings(CALLS.replace("{call}", "f(n)"), helpers=helpers)


def test_the_chain_is_told() -> None:
    (finding,) = findings(
        CALLS.replace("{call}", "f(n)"),
        helpers="import os\ndef f(a): g(a)\ndef g(a): os.system(a)",
    )
    assert finding.code == "LL509"
    assert [reason.partition(" in ")[0] for reason in finding.reasons] == [
        "f calls g",
        "g calls os.system",
    ]


@pytest.mark.parametrize("argument", ["f(n)", "content=f(n)"])
def test_a_streamed_response_takes_its_parts_in_threads(argument: str) -> None:
    text = "from fastapi.responses import StreamingResponse\n"
    text += CALLS.replace("{call}", f"StreamingResponse({argument})")
    assert not findings(text, helpers="import time\ndef f(a):\n    time.sleep(a)\n    yield 'x'")
    found = findings(text, helpers="import time\ndef f(a):\n    time.sleep(a)\n    return ['x']")
    assert "LL509" in {finding.code for finding in found}


def test_a_reference_is_no_call() -> None:
    text = "from fastapi import Depends\nfrom helpers import f\n@app.get('/')\n"
    text += "async def route(n=Depends(f)): return n\n"
    assert not findings(text, HEAD, helpers="import os\ndef f(): os.system(1)")


#: The module helpers.py, the call, what helpers.py has then, and what becomes of the call.
AWAITED = {
    "a pause": (
        "import time\ndef f(a):\n    time.sleep(a)\n",
        "f(n)",
        "async def f(a):\n    await asyncio.sleep(a)",
        "await f(n)",
    ),
    "several levels": (
        "import time\ndef f(a):\n    return g(a) or 1\ndef g(a):\n    time.sleep(a)\n",
        "[f(i) for i in range(n)]",
        "return await g(a) or 1\nasync def g(a):\n    await asyncio.sleep(a)",
        "[await f(i) for i in range(n)]",
    ),
    "a client of its own": (
        "import httpx\ndef f(a):\n    with httpx.Client() as c:\n        return c.get(a).text\n",
        "f(n)",
        "    async with httpx.AsyncClient() as c:\n        return (await c.get(a)).text",
        "await f(n)",
    ),
    "a method": (
        "import time\nclass C:\n    def m(self, a):\n        time.sleep(a)\n        return a\n"
        "def make(): return C()\n",
        "helpers.make().m(n)",
        "    async def m(self, a):\n        await asyncio.sleep(a)",
        "await helpers.make().m(n)",
    ),
    "a global changes": (
        "import time\nseen = 0\ndef f(a):\n    global seen\n    time.sleep(a)\n    seen += 1\n",
        "f(n)",
        "await asyncio.sleep(a)",
        "await f(n)",
    ),
}


@pytest.mark.parametrize("name", AWAITED)
def test_callers_follow(name: str) -> None:
    helpers, call, helper, expected = AWAITED[name]
    migration = freed(CALLS.replace("{call}", call), helpers=helpers)
    assert helper in migration.after["helpers.py"].text
    assert f"return {expected}\n" in migration.after["app.py"].text
    assert {f.treatment.value for f in migration.findings} == {"native"}


#: What else stands in the application, and whether the helper goes into a thread or is left.
THREADED = {
    "a sync path operation": "@app.get('/sync')\ndef sync(n: int): return f(n)",
    "a dependency": "@app.get('/sync')\nasync def sync(n=Depends(f)): return n",
    "a module": "start = f(0)",
    "a callback": "calls = [f]",
    "a lambda": "@app.get('/x')\nasync def x(): return sorted([1], key=lambda a: f(a))",
    "something unknown": "def g(x): return x.f(1)",
    "a thread": "import threading\n"
    "@app.get('/t')\nasync def t(): threading.Thread(target=f, args=(1,)).start()",
}


@pytest.mark.parametrize("name", THREADED)
def test_who_else_calls_a_helper(name: str) -> None:
    text = CALLS.replace("{call}", "f(n)") + "from fastapi import Depends\n" + THREADED[name]
    helpers = "import time\ndef f(a):\n    time.sleep(a)\n"
    if name == "something unknown":
        text = text.replace("f(n)", "helpers.C().f(n)")
        helpers = "import time\nclass C:\n    def f(self, a):\n        time.sleep(a)\n"
    migration = freed(text, helpers=helpers)
    assert "helpers.py" not in migration.changed
    assert "await run_in_threadpool(" in migration.after["app.py"].text


def test_files_alone_stay_in_one_thread() -> None:
    helpers = "from pathlib import Path\ndef f(a):\n    return Path(a).read_text() or a"
    migration = freed(
        CALLS.replace("{call}", "f(n)"), requirements="fastapi\nanyio\n", helpers=helpers
    )
    assert "run_in_threadpool(f, n)" in migration.after["app.py"].text


def test_a_helper_with_a_call_that_has_no_async_form_goes_into_a_thread_as_a_whole() -> None:
    helpers = "import os, time\ndef f(a):\n    time.sleep(1)\n    os.system(a)\n"
    migration = freed(CALLS.replace("{call}", "f(n)"), helpers=helpers)
    assert "helpers.py" not in migration.changed
    assert "run_in_threadpool(f, n)" in migration.after["app.py"].text


def test_a_test_that_calls_a_helper_keeps_it_sync() -> None:
    migration = freed(
        CALLS.replace("{call}", "f(n)"),
        helpers="import time\ndef f(a):\n    time.sleep(a)\n",
        tests__test_f="from helpers import f\ndef test_f():\n    assert f(0) is None\n",
    )
    assert "run_in_threadpool(f, n)" in migration.after["app.py"].text
