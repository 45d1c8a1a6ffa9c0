"""What another request could do in the gap of a new await: then nothing is changed."""

from __future__ import annotations

import pytest
from loop_app import HEAD, after, left

TOP = f"""\
import asyncio, hashlib, os, time
import bcrypt
from pathlib import Path
from uuid import uuid4
from fastapi import Request
{HEAD}
count = 0
cache = {{}}
LIMITS = {{"a": 1}}
lock = asyncio.Lock()
class Store:
    def __init__(self): self.total, self.items = 0, []
    def add(self, n): self.items.append(n)
    def size(self): return len(self.items)
store = Store()
def get_store(): return store
from fastapi import Depends
"""

#: Bodies of a path operation whose call must go on without a pause, and what would be torn apart.
LEFT = {
    "read, pause, write": (
        "global count\n    now = count\n    time.sleep(0)\n    count = now + 1",
        "count is used in line",
    ),
    "in one statement": ("global count\n    count = count + (time.sleep(0) or 1)", "count is used"),
    "augmented": ("global count\n    count += time.sleep(0) or 1", "count is used"),
    "checked before it is filled": (
        "if n not in cache: cache[n] = hashlib.scrypt(b'x')",
        "cache is used",
    ),
    "by another name": (
        "mine = cache\n    old = mine.get(n)\n    time.sleep(0)\n    mine[n] = old",
        "cache is used",
    ),
    "in a loop": (
        "global count\n    for i in range(3):\n        count += 1\n        time.sleep(0)",
        "count is used",
    ),
    "app.state": (
        "before = request.app.state.n\n    time.sleep(0)\n    request.app.state.n = before + 1",
        "app.state.n is used",
    ),
    "an attribute": (
        "before = store.total\n    time.sleep(0)\n    store.total = before + 1",
        "Store.total is used",
    ),
    "through methods": (
        "if store.size() < 3:\n        time.sleep(0)\n        store.add(n)",
        "Store.items is used",
    ),
    "of a dependency": (
        "before = shared.total\n    time.sleep(0)\n    shared.total = before + 1",
        "Store.total is used",
    ),
    "only one branch waits anyway": (
        "before = store.total\n    if n: await asyncio.sleep(0)\n    time.sleep(0)\n"
        "    store.total = before + 1",
        "Store.total is used",
    ),
    "a file is made if it is not there": (
        "if not os.path.exists(n): os.mkdir(n)",
        "a file is used",
    ),
    "another request could take it away": (
        "if n in cache: time.sleep(0)\n    return cache.get(n)\ndef forget(n): cache.pop(n)",
        "cache is used in line",
    ),
    "a file that another request removes": (
        "if Path(n).exists(): return Path(n).read_text()\ndef forget(n): Path(n).unlink()",
        "a file is used in line",
    ),
    "one file for all requests": (
        "with open('last.txt', 'w') as f: f.write(n)",
        "every request writes the same file",
    ),
    "one path for all requests": (
        "Path('last.txt').write_text(n)",
        "every request writes the same file",
    ),
}

#: Bodies whose call can pause.
FREE = {
    "written only": "global count\n    time.sleep(0)\n    count = 1",
    "read and written behind it": "global count\n    time.sleep(0)\n    count += 1",
    "read and written before it": "store.total += 1\n    time.sleep(0)",
    "read only": "time.sleep(LIMITS['a'])\n    return LIMITS['a']",
    "under a lock": (
        "global count\n    async with lock:\n        now = count\n        time.sleep(0)\n"
        "        count = now + 1"
    ),
    "interrupted already": (
        "global count\n    now = count\n    await asyncio.sleep(0)\n    time.sleep(0)\n"
        "    count = now + 1"
    ),
    "an object of its own": (
        "mine = Store()\n    before = mine.total\n    time.sleep(0)\n    mine.total = before + 1"
    ),
    "a file of its own": (
        "path = f'/tmp/{uuid4()}'\n    if not os.path.exists(path): os.mkdir(path)"
    ),
    "a folder that may be there": "os.makedirs(n, exist_ok=True)\n    Path(n).stat",
    "files beside the code": (
        "Path(__file__).exists()\n    Path(__file__).read_text()\ndef forget(n): Path(n).unlink()"
    ),
    "files that are read": "os.path.exists(n) and Path(n).read_text()",
    "the state of the request": (
        "before = request.state.n\n    time.sleep(0)\n    request.state.n = before"
    ),
}


def route(body: str) -> str:
    return (
        "\n@app.get('/')\nasync def route(n: str, request: Request, shared=Depends(get_store)):\n"
        f"    {body}\n"
    )


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    body, reason = LEFT[name]
    assert reason in left(route(body), TOP)


@pytest.mark.parametrize("name", FREE)
def test_free(name: str) -> None:
    before = route(FREE[name])
    assert before not in after(before, TOP)


def test_the_gap_of_a_function_is_one_of_its_callers() -> None:
    text = """
    async def pause():
        time.sleep(0)

    @app.get('/')
    async def route():
        global count
        now = count
        await pause()
        count = now + 1
    """
    assert "count is used" in left(text, TOP)


def test_callers_that_are_interrupted_already() -> None:
    text = """
    async def pause():
        await asyncio.sleep(1)
        time.sleep(0)

    @app.get('/')
    async def route():
        global count
        now = count
        await pause()
        count = now + 1
    """
    assert "time.sleep(0)" not in after(text, TOP)


GATHERED = """
def helper(seen):
    time.sleep(0)
    seen.append(len(seen))

async def work(seen):
    {call}

@app.get('/')
async def route():
    seen = []
    await asyncio.gather(work(seen), work(seen))
    return seen
"""


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("helper(seen)", "helper changes seen"),
        ("size = len(seen); time.sleep(0); seen.append(size)", "seen is used in line"),
    ],
)
def test_tasks_that_share_an_object(call: str, reason: str) -> None:
    assert reason in left(GATHERED.replace("{call}", call), TOP)


def test_without_tasks_nobody_shares_it() -> None:
    text = GATHERED.replace("{call}", "helper(seen)").replace("asyncio.gather", "print")
    found = after(text, TOP)
    assert "await helper(seen)" in found and "async def helper(seen):" in found


SESSIONS = f"""\
import time
from fastapi import APIRouter, Depends
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
{HEAD}
SessionLocal = sessionmaker(create_engine("sqlite://"))
def get_db():
    with SessionLocal() as db:
        yield db
def get_user(db: Session = Depends(get_db)): return 1
guarded = APIRouter(dependencies=[Depends(get_user)])
"""


@pytest.mark.parametrize(
    "signature",
    [
        "@app.get('/')\nasync def route(db: Session = Depends(get_db)):",
        "@app.get('/')\nasync def route(db=Depends(get_db)):",
        "@app.get('/')\nasync def route(user=Depends(get_user)):",
        "@app.get('/', dependencies=[Depends(get_user)])\nasync def route():",
        "@guarded.get('/')\nasync def route():",
        "@app.get('/')\nasync def route():\n    db = SessionLocal()",
    ],
)
def test_a_sync_session_is_open(signature: str) -> None:
    assert "sync session" in left(f"\n{signature}\n    time.sleep(1)\n", SESSIONS)


def test_a_function_without_a_session_beside_one() -> None:
    assert "asyncio.sleep" in after(
        "\n@app.get('/')\nasync def route():\n    time.sleep(1)\n", SESSIONS
    )


#: Cleaning up must not be cut off by a cancellation.
CLEANUP = [
    "try: pass\n    finally: os.rmdir('x')",
    "try: pass\n    except BaseException: os.rmdir('x')",
    "try: pass\n    except: os.rmdir('x')",
    "try: pass\n    except (asyncio.CancelledError, OSError): os.rmdir('x')",
]


@pytest.mark.parametrize("body", CLEANUP)
def test_cleaning_up_stays(body: str) -> None:
    assert "cancel" in left(route(body), TOP)


def test_another_handler_may_wait() -> None:
    assert "await run_in_threadpool" in after(
        route("try: pass\n    except OSError: os.rmdir('x')"), TOP
    )


@pytest.mark.parametrize(
    "made", ["with io.BytesIO() as buffer:\n        ", "buffer = io.BytesIO()\n    "]
)
def test_a_buffer_of_its_own_is_no_file(made: str) -> None:
    text = "import io\nfrom PIL import Image\n@app.get('/')\nasync def route():\n    "
    text += f"{made}image = Image.open('x')\n{' ' * (8 if 'with' in made else 4)}"
    text += "image.save(buffer, format='WebP')\n    image.save(buffer, format='PNG')\n"
    found = after(text)
    assert found.count("await run_in_threadpool(image.save, buffer, ") == 2


@pytest.mark.parametrize(("url", "threaded"), [("sqlite:///x.db", True), ("sqlite://", False)])
def test_an_engine_serves_all_threads_but_a_database_in_memory_only_one(
    url: str, threaded: bool
) -> None:
    text = f"""
    import pandas as pd
    from sqlalchemy import create_engine
    engine = create_engine("{url}")

    @app.get('/')
    async def route():
        return len(pd.read_sql("select 1", engine))
    """
    if threaded:
        assert 'await run_in_threadpool(pd.read_sql, "select 1", engine)' in after(text)
    else:
        assert "`engine` is a database session" in left(text)


@pytest.mark.parametrize(
    "start",
    [
        "@asynccontextmanager\nasync def begin(app):\n    {line}\n    yield\n"
        "app = FastAPI(lifespan=begin)",
        "app = FastAPI()\n@app.on_event('startup')\nasync def begin():\n    {line}",
    ],
)
def test_what_starts_once_may_write_one_file(start: str) -> None:
    head = "from contextlib import asynccontextmanager\nfrom pathlib import Path\n"
    head += "from fastapi import FastAPI\n"
    line = "Path('started.txt').write_text('yes')"
    assert "run_in_threadpool(Path('started.txt').write_text, 'yes')" in after(
        start.format(line=line), head
    )
