"""Where a call keeps its thread, because its async form would do something else."""

from __future__ import annotations

import pytest
from loop_app import HEAD, after, findings, freed

RUN = "await run_in_threadpool"

#: Imports, and the body of an ``async def`` whose call goes into a thread even when asked.
THREADS = [
    # what requests sends differently, or has no twin for
    ("import requests", "return requests.get(n, verify=False).text"),
    ("import requests", "return requests.get(n, stream=True).text"),
    ("import requests", "return requests.get(n, params={'a': 1}).text"),
    ("import requests", "return requests.get('http://x', params={'a': None}).text"),
    ("import requests", "return requests.get('http://x', params={'a': True}).text"),
    ("import requests", "return requests.get('http://x/?b=1', params={'a': 1}).text"),
    ("import requests", "return requests.get(n, timeout=(1, 2)).text"),
    ("import requests", "return requests.get(n, {'a': 1}).text"),
    ("import requests", "return requests.post(n, data=n).text"),
    ("import requests", "return requests.post(n, files={'a': b''}).text"),
    # what is done with the answer
    ("import requests", "return requests.get(n)"),
    ("import requests", "r = requests.get(n)\n    return show(r)"),
    ("import requests", "r = requests.get(n)\n    return 1 if r else 2"),
    ("import requests", "r = requests.get(n)\n    return r.url"),
    ("import requests", "r = requests.get(n)\n    return r.cookies"),
    ("import requests", "r = requests.get(n)\n    return list(r.iter_content())"),
    ("import requests", "r = requests.get(n)\n    return r.raise_for_status()"),
    ("import requests", "r = requests.get(n)\n    r = r.json()\n    return r"),
    # what is caught
    (
        "import requests",
        "try:\n        return requests.get(n).text\n    except OSError:\n        pass",
    ),
    (
        "import requests",
        "try:\n        return requests.get(n).json()\n    except ValueError:\n        pass",
    ),
    (
        "import requests",
        "try:\n        return requests.get(n).text\n"
        "    except requests.RequestException as e:\n        return str(e)",
    ),
    (
        "import requests",
        "try:\n        return requests.get(n).text\n"
        "    except requests.exceptions.SSLError:\n        pass",
    ),
    (
        "import requests",
        "try:\n        return requests.get(n).text\n"
        "    except (requests.Timeout, KeyError):\n        pass",
    ),
    # httpx in both colours
    ("import httpx", "return httpx.get(n, verify=False).text"),
    ("import httpx", "return httpx.post(n, content=n).text"),
    ("import httpx", "with httpx.Client(auth=n) as c:\n        return c.get(n).text"),
    ("import httpx", "with httpx.Client() as c:\n        return show(c, c.get(n))"),
    ("import httpx", "with httpx.Client() as c:\n        return c.post(n, files=n).text"),
    # files and processes
    ("", "with open(n) as f:\n        f.seek(3)\n        return f.read()"),
    ("import json", "with open(n) as f:\n        return json.load(f)"),
    ("from pathlib import Path", "return Path(n).rename('b')"),
    ("import os", "return os.path.exists(n)"),
    ("import subprocess", "return subprocess.run(['a'], text=True)"),
    ("import subprocess", "return subprocess.run(['a'], timeout=1)"),
    ("import subprocess", "return subprocess.run(['a'], input=n)"),
    ("import subprocess", "return subprocess.run(n)"),
    ("import subprocess", "return subprocess.run('ls')"),
    ("import subprocess", "return subprocess.run(['a'], shell=True)"),
]


@pytest.mark.parametrize(("head", "body"), THREADS, ids=[str(t[1])[:70] for t in THREADS])
def test_keeps_its_thread(head: str, body: str) -> None:
    text = f"\ndef show(*x): return 1\n@app.get('/')\nasync def route(n):\n    {body}\n"
    made = after(text, f"{head}\n{HEAD}", unsafe=True)
    assert RUN in made
    assert not any(word in made for word in ("http_client", "anyio", "AsyncClient"))


def test_a_caller_that_catches_oserror_keeps_the_thread() -> None:
    text = """
    async def fetch(n):
        return requests.get(n).text

    @app.get("/")
    async def route(n):
        try:
            return await fetch(n)
        except OSError:
            return ""
    """
    assert f"{RUN}(requests.get, n)" in after(text, f"import requests\n{HEAD}", unsafe=True)


def test_an_answer_to_errors_of_requests_keeps_the_thread() -> None:
    text = """
    @app.exception_handler(requests.RequestException)
    async def failed(request, error):
        return 1

    @app.get("/")
    async def route(n):
        return requests.get(n).text
    """
    assert f"{RUN}(requests.get, n)" in after(text, f"import requests\n{HEAD}", unsafe=True)


def test_tests_that_answer_for_requests_keep_the_thread() -> None:
    text = "\n@app.get('/')\nasync def route(n):\n    return requests.get(n).text\n"
    tests = "import responses\ndef test_it(): responses.add('GET', 'http://x')"
    made = freed(text, f"import requests\n{HEAD}", unsafe=True, tests__test_app=tests)
    assert f"{RUN}(requests.get, n)" in made.after["app.py"].text


def test_a_name_that_is_taken_keeps_the_thread() -> None:
    text = "\n@app.get('/')\nasync def route(anyio):\n    return Path(anyio).exists()\n"
    assert RUN in after(text, f"from pathlib import Path\n{HEAD}", unsafe=True)


# -- what is there already needs no asking ---------------------------------------------------

PATH = "\n@app.get('/')\nasync def route(n):\n    return Path(n).exists()\n"


@pytest.mark.parametrize(("requirements", "native"), [("fastapi\n", False), ("anyio>=4\n", True)])
def test_anyio_where_it_is_declared(requirements: str, native: bool) -> None:
    made = freed(PATH, f"from pathlib import Path\n{HEAD}", requirements=requirements)
    assert ("anyio.Path(n).exists()" in made.after["app.py"].text) is native
    assert made.after["requirements.txt"].text == requirements
    assert {finding.level.value for finding in made.findings} == {"safe"}


def test_anyio_is_declared_where_it_was_asked_for() -> None:
    made = freed(PATH, f"from pathlib import Path\n{HEAD}", unsafe=True, requirements="fastapi\n")
    assert made.after["requirements.txt"].text == "fastapi\nanyio\n"
    assert {finding.level.value for finding in made.findings} == {"unsafe"}


def test_a_client_of_one_block_is_safe() -> None:
    text = """
    @app.get("/")
    async def route(n):
        with httpx.Client() as client:
            return client.get(n).text
    """
    head = f"import httpx\n{HEAD}"
    assert "async with httpx.AsyncClient() as client:" in after(text, head)
    assert {finding.level.value for finding in findings(text, head)} == {"safe"}


def test_single_requests_have_to_be_asked_for() -> None:
    text = "\n@app.get('/')\nasync def route(n):\n    return httpx.get(n).text\n"
    assert f"{RUN}(httpx.get, n)" in after(text, f"import httpx\n{HEAD}")


# -- clients of a module ---------------------------------------------------------------------

CACHE = """
import redis

cache = redis.Redis(host="x", decode_responses=True)
"""
USES = """
from store import cache

@app.get("/{key}")
async def route(key):
    return cache.get(key)

@app.put("/{key}")
async def put(key):
    cache.set(key, 1)
"""


def test_a_client_of_a_module_becomes_one_for_each_loop() -> None:
    made = freed(USES, HEAD, unsafe=True, store=CACHE)
    assert 'cache = PerLoop(lambda: AsyncRedis(host="x", decode_responses=True))' in (
        made.after["store.py"].text
    )
    assert "from redis.asyncio import Redis as AsyncRedis" in made.after["store.py"].text
    assert "await cache().get(key)" in made.after["app.py"].text
    assert "await cache().set(key, 1)" in made.after["app.py"].text
    assert "async with clients:" in made.after["app.py"].text
    assert "httpx" not in made.after["async_clients.py"].text


@pytest.mark.parametrize(
    "more",
    [
        "def plain(): return cache.get('a')",
        "async def many(): return cache.pipeline()",
        "async def given(): return show(cache)",
        "other = cache",
    ],
)
def test_a_client_with_another_use_keeps_its_threads(more: str) -> None:
    made = freed(f"{USES}\n{more}\n", HEAD, unsafe=True, store=CACHE)
    assert made.after["store.py"].text == CACHE
    assert f"{RUN}(cache.get, key)" in made.after["app.py"].text


def test_a_client_that_tests_replace_keeps_its_threads() -> None:
    tests = "def test_it(monkeypatch): monkeypatch.setattr('store.cache', object())"
    made = freed(USES, HEAD, unsafe=True, store=CACHE, tests__test_app=tests)
    assert made.after["store.py"].text == CACHE


# -- with statements that wait when they are left --------------------------------------------


def test_a_with_statement_is_left_in_a_thread() -> None:
    text = """
    @app.get("/")
    async def route(n):
        with smtplib.SMTP("localhost") as mail:
            mail.sendmail("a", "b", n)
    """
    made = after(text, f"import smtplib\n{HEAD}")
    assert "async with contextmanager_in_threadpool(" in made
    assert f'{RUN}(smtplib.SMTP, "localhost")' in made
    assert f'{RUN}(mail.sendmail, "a", "b", n)' in made


@pytest.mark.parametrize(("target", "threaded"), [("io.BytesIO()", True), ("'all.xlsx'", False)])
def test_a_writer_of_tables_writes_when_it_is_left(target: str, threaded: bool) -> None:
    text = f"""
    @app.get("/")
    async def route():
        target = {target}
        frame = pd.read_csv("all.csv")
        with pd.ExcelWriter(target) as writer:
            frame.to_excel(writer)
        return target
    """
    head = f"import io\nimport pandas as pd\n{HEAD}"
    made = after(text, head)
    if threaded:
        assert "async with contextmanager_in_threadpool(" in made
        assert f"{RUN}(pd.ExcelWriter, target)" in made
        assert f"{RUN}(frame.to_excel, writer)" in made
    else:
        assert "run_in_threadpool" not in made


def test_what_is_written_after_a_with_statement_stays() -> None:
    text = """
    counter = {"sent": 0}

    @app.get("/")
    async def route(n):
        with smtplib.SMTP("localhost") as mail:
            number = counter["sent"]
        counter["sent"] = number + 1
    """
    made = after(text, f"import smtplib\n{HEAD}")
    assert 'with smtplib.SMTP("localhost") as mail:' in made
    assert "async with" not in made


@pytest.mark.parametrize(
    "around",
    [
        "def answered(work):\n    async def inner(*given):\n        try:\n"
        "            return await work(*given)\n        except requests.RequestException:\n"
        "            return 1\n    return inner",
        "async def session():\n    try:\n        yield 1\n    except OSError:\n        pass",
        "@app.middleware('http')\nasync def last(request, call_next):\n    try:\n"
        "        return await call_next(request)\n    except requests.HTTPError:\n        pass",
    ],
)
def test_what_is_caught_around_every_function_keeps_the_thread(around: str) -> None:
    text = f"{around}\n\n\n@app.get('/')\nasync def route(n):\n    return requests.get(n).text\n"
    assert f"{RUN}(requests.get, n)" in after(text, f"import requests\n{HEAD}", unsafe=True)
