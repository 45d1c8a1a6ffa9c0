"""Sync functions of the application, called on the loop: which are called in a thread."""

from __future__ import annotations

import pytest
from loop_app import HEAD, after, findings, left

CALLS = """
from helpers import *
import helpers

@app.get('/')
async def route(n: int):
    return {call}
"""

#: The module helpers.py, the call and what it becomes.
CONVERTED = {
    "directly": ("import time\ndef f(a): time.sleep(a)", "f(n)", "run_in_threadpool(f, n)"),
    "keyword only": (
        "import time\ndef f(*, a): time.sleep(a)",
        "helpers.f(a=n)",
        "run_in_threadpool(helpers.f, a=n)",
    ),
    "several levels": (
        "import time\ndef f(a): g(a)\ndef g(a): h(a)\ndef h(a): time.sleep(a)",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "recursion": (
        "import time\ndef f(a):\n    time.sleep(0)\n    return f(a - 1) if a else 0",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "a method": (
        "import time\nclass C:\n    wait = 1\n    def m(self, a): time.sleep(self.wait)\nc = C()",
        "c.m(n)",
        "run_in_threadpool(c.m, n)",
    ),
    "a static method": (
        "import time\nclass C:\n    @staticmethod\n    def m(a): time.sleep(a)",
        "helpers.C.m(n)",
        "run_in_threadpool(helpers.C.m, n)",
    ),
    "an abstract method": (
        "import abc, time\nclass C(abc.ABC):\n    @abc.abstractmethod\n"
        "    def m(self, a): time.sleep(0)\n"
        "class D(C):\n    def m(self, a): time.sleep(a)\nc: C = D()",
        "c.m(n)",
        "run_in_threadpool(c.m, n)",
    ),
    "a class": (
        "import time\nclass C:\n    def __init__(self, a):\n        time.sleep(a)\n"
        "        self.a = a",
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
        "import time\nDELAY = {'a': 1}\ndef f(a): time.sleep(DELAY['a'])",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "settings in a cache": (
        "import time\nfrom functools import lru_cache\nfrom pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n    wait: int = 1\n"
        "@lru_cache\ndef settings(): return Settings()\n"
        "def f(a): time.sleep(settings().wait)",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
    "an object of its own changes": (
        "import time\ndef f(a):\n    found = []\n    time.sleep(a)\n    found.append(a)\n"
        "    return found",
        "f(n)",
        "run_in_threadpool(f, n)",
    ),
}

#: The module helpers.py, the call, and a part of the reason why it stays.
LEFT = {
    "a generator": (
        "import time\ndef f(a):\n    time.sleep(a)\n    yield a",
        "list(f(n))",
        "generator",
    ),
    "a context manager": (
        "import time\nfrom contextlib import contextmanager\n"
        "@contextmanager\ndef f(a):\n    time.sleep(a)\n    yield a",
        "f(n)",
        "generator",
    ),
    "a decorator": (
        "import time\ndef d(g): return g\n@d\ndef f(a): time.sleep(a)",
        "f(n)",
        "decorator",
    ),
    "a cache": (
        "import time\nfrom functools import lru_cache\n@lru_cache\ndef g(): return object()\n"
        "def f(a):\n    time.sleep(a)\n    g()",
        "f(n)",
        "has a cache",
    ),
    "a global changes": (
        "import time\nseen = 0\ndef f(a):\n    global seen\n    time.sleep(a)\n    seen += 1",
        "f(n)",
        "changes seen",
    ),
    "a global list changes": (
        "import time\nseen = []\ndef f(a):\n    time.sleep(a)\n    seen.append(a)",
        "f(n)",
        "changes seen",
    ),
    "by another name": (
        "import time\nseen = {}\ndef f(a):\n    time.sleep(a)\n    mine = seen\n    mine[a] = 1",
        "f(n)",
        "changes seen",
    ),
    "an argument that is shared changes": (
        "import time\nseen = []\ndef f(a):\n    time.sleep(1)\n    a.append(1)",
        "f(seen)",
        "changes seen",
    ),
    "a class attribute changes": (
        "import time\nclass C:\n    made = 0\n    def m(self, a):\n        time.sleep(a)\n"
        "        C.made += 1\nc = C()",
        "c.m(n)",
        "changes C.made",
    ),
    "an object changes": (
        "import time\nclass C:\n    def __init__(self): self.last = 0\n    def m(self, a):\n"
        "        time.sleep(a)\n        self.last = a\nc = C()",
        "c.m(n)",
        "changes C.last",
    ),
    "what others change is read": (
        "import time\nseen = []\ndef f(a):\n    time.sleep(a)\n    return [x for x in seen]\n"
        "def add(a): seen.append(a)",
        "f(n)",
        "reads seen",
    ),
    "the event loop": (
        "import asyncio, time\ndef f(a):\n    time.sleep(a)\n    asyncio.get_running_loop()",
        "f(n)",
        "asyncio",
    ),
    "a context variable": (
        "import time\nfrom contextvars import ContextVar\nv = ContextVar('v')\n"
        "def f(a):\n    time.sleep(a)\n    v.set(a)",
        "f(n)",
        "contextvars.ContextVar",
    ),
    "something of its thread": (
        "import threading, time\ndef f(a):\n    time.sleep(a)\n    return threading.get_ident()",
        "f(n)",
        "threading.get_ident",
    ),
    "a lock": (
        "import threading, time\nlock = threading.Lock()\ndef f(a):\n    with lock:\n"
        "        time.sleep(a)",
        "f(n)",
        "threading.Lock",
    ),
    "a session": (
        "import time\nfrom sqlalchemy.orm import Session\n"
        "def f(a, db: Session):\n    time.sleep(a)",
        "f(n, None)",
        "database session",
    ),
    "an object of the ORM": (
        "import time\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n"
        "class Base(DeclarativeBase): pass\nclass Item(Base):\n    __tablename__ = 'items'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "def f(item: Item):\n    time.sleep(item.id)",
        "f(n)",
        "object of the ORM",
    ),
    "a callback": (
        "import time\ndef f(a, done):\n    time.sleep(a)\n    done()",
        "f(n, n)",
        "nothing is known",
    ),
    "a lambda": (
        "import time\ndef f(a, done):\n    time.sleep(a)",
        "f(n, lambda: 1)",
        "code of this",
    ),
    "an argument named func": (
        "import time\ndef f(func): time.sleep(func)",
        "f(func=n)",
        "named func",
    ),
    "a connection that leaves": (
        "import sqlite3, time\ndef f(a):\n    time.sleep(1)\n    return sqlite3.connect('x')",
        "f(n)",
        "sqlite3.Connection",
    ),
    "files are read and written": (
        "import os\ndef f(a):\n    if not os.path.exists('x'): os.mkdir('x')",
        "f(n)",
        "reads and writes files",
    ),
    "the whole process changes": (
        "import os, time\ndef f(a):\n    os.chdir('/')\n    time.sleep(a)",
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
        helpers="import time\ndef f(a): g(a)\ndef g(a): time.sleep(a)",
    )
    assert finding.code == "LL509"
    assert [reason.partition(" in ")[0] for reason in finding.reasons] == [
        "f calls g",
        "g calls time.sleep",
    ]


def test_a_reference_is_no_call() -> None:
    text = "from fastapi import Depends\nfrom helpers import f\n@app.get('/')\n"
    text += "async def route(n=Depends(f)): return n\n"
    assert not findings(text, HEAD, helpers="import time\ndef f(): time.sleep(1)")
