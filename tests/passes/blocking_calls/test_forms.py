"""Each form that is converted, beside one that only looks like it and is not."""

from __future__ import annotations

import pytest
from loop_app import HEAD, after, findings, left

RUN = "await run_in_threadpool"

#: What is imported, the call in an ``async def``, and what it becomes.
CONVERTED = [
    ("import time", "time.sleep(1)", "await asyncio.sleep(1)"),
    ("from time import sleep as nap", "nap(n)", "await asyncio.sleep(n)"),
    ("from time import *", "sleep(n)", "await asyncio.sleep(n)"),
    ("import time\npause = time.sleep", "pause(n)", "await asyncio.sleep(n)"),
    (
        "import time\nfrom functools import partial\npause = partial(time.sleep, 1)",
        "pause()",
        f"{RUN}(pause)",
    ),
    ("import time", "time.sleep(*[1])", f"{RUN}(time.sleep, *[1])"),
    ("import requests", "requests.get(n, timeout=1)", f"{RUN}(requests.get, n, timeout=1)"),
    ("import requests as r", "r.post(n).json()", f"({RUN}(r.post, n)).json()"),
    ("import httpx", "httpx.get(n)", f"{RUN}(httpx.get, n)"),
    ("import httpx\nclient = httpx.Client()", "client.get(n)", f"{RUN}(client.get, n)"),
    ("import urllib.request", "urllib.request.urlopen(n)", f"{RUN}(urllib.request.urlopen, n)"),
    ("import bcrypt", "bcrypt.checkpw(n, b'')", f"{RUN}(bcrypt.checkpw, n, b'')"),
    (
        "from passlib.context import CryptContext\ncontext = CryptContext(schemes=['bcrypt'])",
        "context.verify(n, n)",
        f"{RUN}(context.verify, n, n)",
    ),
    (
        "from pwdlib import PasswordHash\nhasher = PasswordHash.recommended()",
        "hasher.hash(n)",
        f"{RUN}(hasher.hash, n)",
    ),
    (
        "from argon2 import PasswordHasher",
        "PasswordHasher().verify(n, n)",
        f"{RUN}(PasswordHasher().verify, n, n)",
    ),
    ("import hashlib", "hashlib.scrypt(n)", f"{RUN}(hashlib.scrypt, n)"),
    ("import subprocess", "subprocess.run([n])", f"{RUN}(subprocess.run, [n])"),
    ("import os", "os.system(n)", f"{RUN}(os.system, n)"),
    ("import os", "os.path.exists(n)", f"{RUN}(os.path.exists, n)"),
    ("import os.path as p", "p.getsize(n)", f"{RUN}(p.getsize, n)"),
    ("from pathlib import Path", "Path(n).read_text()", f"{RUN}(Path(n).read_text)"),
    ("from pathlib import Path", "(Path('a') / n).exists()", f"{RUN}((Path('a') / n).exists)"),
    (
        "from pathlib import Path\nHERE = Path(__file__)",
        "HERE.parent.joinpath(n).stat()",
        f"{RUN}(HERE.parent.joinpath(n).stat)",
    ),
    ("import shutil", "shutil.rmtree(n)", f"{RUN}(shutil.rmtree, n)"),
    ("import socket", "socket.gethostbyname(n)", f"{RUN}(socket.gethostbyname, n)"),
    (
        "import boto3\ns3 = boto3.client('s3')",
        "s3.put_object(Bucket=n)",
        f"{RUN}(s3.put_object, Bucket=n)",
    ),
    ("import redis\nr = redis.Redis()", "r.get(n)", f"{RUN}(r.get, n)"),
    (
        "from pymongo import MongoClient\nusers = MongoClient()['app'].users",
        "users.find_one({})",
        f"{RUN}(users.find_one, {{}})",
    ),
    ("import psycopg", "psycopg.connect(n)", f"{RUN}(psycopg.connect, n)"),
    ("import pandas as pd", "pd.read_csv(n)", f"{RUN}(pd.read_csv, n)"),
    (
        "import socket\ndef opened():\n    return socket.create_connection(('a', 1))",
        "opened().recv(n)",
        f"{RUN}(({RUN}(opened)).recv, n)",
    ),
    ("from PIL import Image", "Image.open(n)", f"{RUN}(Image.open, n)"),
    (
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()",
        "pool.submit(len, n).result()",
        f"{RUN}(pool.submit(len, n).result)",
    ),
    # what gives an iterator that waits
    ("import os", "[x for x in os.walk(n)]", f"[x for x in {RUN}(lambda: list(os.walk(n)))]"),
    ("import os", "sorted(os.scandir(n))", f"{RUN}(lambda: sorted(os.scandir(n)))"),
    (
        "from pathlib import Path",
        "[p.name for p in Path(n).glob('*') if p.name.endswith('x')]",
        f"in {RUN}(lambda: list(Path(n).glob('*')))\n        if p.name",
    ),
    (
        "from pymongo import MongoClient\nusers = MongoClient()['app'].users",
        "list(users.find({}))",
        f"{RUN}(lambda: list(users.find({{}})))",
    ),
    # places
    ("import time", "n and time.sleep(1)", "n and await asyncio.sleep(1)"),
    ("import os", "1 if os.path.isdir(n) else 2", f"1 if {RUN}(os.path.isdir, n) else 2"),
    ("import redis\nr = redis.Redis()", "[r.get(x) for x in n]", f"[{RUN}(r.get, x) for x in n]"),
    ("import redis\nr = redis.Redis()", "sum(r.get(x) for x in n)", f"sum([{RUN}(r.get, x)"),
    # one change of threads instead of many
    ("import os", "[os.stat(x) for x in n]", f"{RUN}(read_files)"),
    ("import os", "sum(os.stat(x).st_size for x in n)", f"{RUN}(read_files)"),
    ("import os", "[[os.stat(y) for y in x] for x in n]", f"{RUN}(read_files)"),
    ("import os", "any(os.path.exists(x) for x in n)", f"{RUN}(read_files)"),
    ("import os", "any(x for x in os.walk(n))", f"{RUN}(read_files)"),
    ("import os", "os.path.isdir(n) or os.path.isfile(n)", f"{RUN}(read_files)"),
    ("import os", "[x for x in os.listdir(n)]", f"[x for x in {RUN}(os.listdir, n)]"),
    ("import os", "not os.path.exists(n)", f"not {RUN}(os.path.exists, n)"),
    ("import os", "os.stat(n) ** 2", f"({RUN}(os.stat, n)) ** 2"),
]

#: What looks like a blocking call and is none, or does not block the loop.
UNTOUCHED = [
    ("import asyncio", "await asyncio.sleep(1)"),
    ("from asyncio import sleep", "await sleep(1)"),
    ("import time", "time.monotonic()"),
    ("class time:\n    sleep = staticmethod(print)", "time.sleep(1)"),
    ("def sleep(n): pass", "sleep(n)"),
    ("import requests", "requests.codes.ok"),
    ("import requests", "requests.Request('GET', n)"),
    ("requests = {}", "requests.get(n)"),
    ("import httpx", "await httpx.AsyncClient().get(n)"),
    ("import hashlib", "hashlib.sha256(n).hexdigest()"),
    ("import bcrypt", "bcrypt.gensalt()"),
    ("import subprocess", "subprocess.list2cmdline([n])"),
    ("import os", "os.path.join(n, n)"),
    ("import os", "os.getenv(n)"),
    ("from pathlib import Path", "Path(n).with_suffix('.txt').name"),
    ("from pathlib import PurePath", "PurePath(n).match('*')"),
    ("from anyio import Path", "await Path(n).exists()"),
    ("class Path:\n    def exists(self): pass", "Path().exists()"),
    ("import anyio", "await anyio.Path(n).read_text()"),
    ("import boto3\ns3 = boto3.client('s3')", "s3.generate_presigned_url(n)"),
    ("import redis.asyncio as redis\nr = redis.Redis()", "await r.get(n)"),
    ("import queue\nq = queue.Queue()", "q.get(block=False)"),
    ("import smtplib", "smtplib.SMTP()"),
    ("import json", "json.dumps(n)"),
    ("import time\nfrom fastapi.concurrency import run_in_threadpool", f"{RUN}(time.sleep, 1)"),
    ("import asyncio, time", "await asyncio.to_thread(time.sleep, 1)"),
    ("import asyncio, time", "await asyncio.to_thread(lambda: time.sleep(1))"),
]


def route(call: str) -> str:
    return f"\n@app.get('/')\nasync def route(n):\n    result = {call}\n    return result\n"


@pytest.mark.parametrize(("head", "call", "expected"), CONVERTED, ids=[c[1] for c in CONVERTED])
def test_converted(head: str, call: str, expected: str) -> None:
    text = after(route(call), f"{head}\n{HEAD}")
    assert expected in text
    assert ("from fastapi.concurrency import run_in_threadpool" in text) is (RUN in text)


@pytest.mark.parametrize(("head", "call"), UNTOUCHED, ids=[u[1] for u in UNTOUCHED])
def test_untouched(head: str, call: str) -> None:
    assert not findings(route(call), f"{head}\n{HEAD}")


@pytest.mark.parametrize("call", sorted({c[1] for c in CONVERTED}))
def test_a_function_in_a_thread_may_block(call: str) -> None:
    head = next(c[0] for c in CONVERTED if c[1] == call)
    text = route(call).replace("async def", "def")
    assert not findings(text, f"{head}\n{HEAD}")


def test_an_import_that_is_there_is_used() -> None:
    head = f"import bcrypt\nfrom starlette.concurrency import run_in_threadpool\n{HEAD}"
    text = after(route("bcrypt.checkpw(n, n)"), head)
    assert f"{RUN}(bcrypt.checkpw, n, n)" in text
    assert "fastapi.concurrency" not in text


def test_a_name_that_is_taken_is_not_used() -> None:
    text = after(route("bcrypt.checkpw(n, n)"), f"import bcrypt\nrun_in_threadpool = 1\n{HEAD}")
    assert "from fastapi.concurrency import run_in_threadpool as in_threadpool" in text
    assert "await in_threadpool(bcrypt.checkpw, n, n)" in text


def test_the_name_asyncio_is_taken() -> None:
    text = after(route("time.sleep(n)"), f"import time\nasyncio = None\n{HEAD}")
    assert f"{RUN}(time.sleep, n)" in text


def test_a_sleep_that_tests_replace_stays_one() -> None:
    tests = "def test_it(monkeypatch): monkeypatch.setattr('time.sleep', print)"
    text = after(route("time.sleep(n)"), f"import time\n{HEAD}", tests__test_app=tests)
    assert f"{RUN}(time.sleep, n)" in text


@pytest.mark.parametrize(
    "head",
    [
        "import time\nasync def route(n, pause=time.sleep): pause(n)",
        "import time\npause = time.sleep\npause = print\nasync def route(n): pause(n)",
        "try:\n    from fast import sleep\nexcept ImportError:\n    from time import sleep\n"
        "async def route(n): sleep(n)",
    ],
)
def test_what_can_be_something_else(head: str) -> None:
    assert "something else" in left(head)


def test_tests_are_not_reported() -> None:
    tests = "import time\nasync def test_it(): time.sleep(1)"
    assert not findings("", tests__test_app=tests)


#: What is reported, and left: the imports, the call, a part of the reason.
LEFT = [
    ("", "input()", "keyboard"),
    ("import asyncio", "asyncio.run(n)", "RuntimeError"),
    ("import asyncio", "asyncio.get_event_loop().run_until_complete(n)", "RuntimeError"),
    ("import queue\nq = queue.Queue()", "q.get()", "asyncio.Queue"),
    ("import threading\nlock = threading.Lock()", "lock.acquire()", "asyncio.Lock"),
    ("import os", "os.path.abspath(n)", "too short"),
    ("import os", "map(len, os.walk(n))", "each step"),
    ("import os", "(x for x in os.walk(n))", "each step"),
    ("import sqlite3", "sqlite3.connect(n)", "belongs to one thread"),
    ("import requests\ns = requests.Session()", "s.get(n)", "several threads"),
    (
        "import requests\nasync def load(n) -> requests.Response: ...",
        "sum(map(len, (await load(n)).iter_lines()))",
        "each step",
    ),
    ("import time", "lambda: time.sleep(1)", ""),
    ("import os", "(x for x in n if os.path.exists(x))", "generator expression"),
    ("import redis\nr = redis.Redis()", "[[r.get(y) for y in x] for x in n]", "within another"),
    ("import redis\nr = redis.Redis()", "any(r.get(x) for x in n)", "generator expression"),
    ("import time", "await time.sleep(1)", "nothing to wait for"),
    ("import requests", "requests.get(n, hooks=lambda r: r)", "code of this function"),
    ("import subprocess", "subprocess.run(n, preexec_fn=print)", "preexec_fn"),
    ("import httpx", "httpx.stream('GET', n)", "AsyncClient"),
    ("", "[line for line in open(n)]", "line by line"),
    ("", "open(n)", "used after"),
]


@pytest.mark.parametrize(("head", "call", "reason"), LEFT, ids=[c[1] for c in LEFT])
def test_left(head: str, call: str, reason: str) -> None:
    if reason in ("", "used after"):
        assert not any(
            f.treatment.value != "left" for f in findings(route(call), f"{head}\n{HEAD}")
        )
    else:
        assert reason in left(route(call), f"{head}\n{HEAD}")
