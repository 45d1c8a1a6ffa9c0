"""Statements that block one after another, and change threads once; beside what can't."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_app import after, findings, freed
from served import application, serve
from upstream import upstream

HEAD = """\
import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import requests
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

app = FastAPI()
ROOT = Path(__file__).parent
URL = os.environ['UPSTREAM']
seen = []


@app.exception_handler(Exception)
async def failed(request, error):
    return JSONResponse(type(error).__name__, 500)


"""

#: What stands in a path operation with ``name``, and what it becomes (a part of it).
MOVED = {
    "results": (
        "path = ROOT / name\nsize = path.stat().st_size\ntext = path.read_text()\n"
        "return {'size': size, 'text': text}",
        "    size, text = await run_in_threadpool(read_files)\n",
    ),
    "an error on the way": (
        "path = ROOT / name\nif not path.exists():\n    raise HTTPException(404)\n"
        "text = path.read_text()\nreturn text",
        "    text = await run_in_threadpool(read_files)\n",
    ),
    "an answer on the way": (
        "path = ROOT / name\nif not path.exists():\n    return None\nreturn path.read_text()",
        "    return await run_in_threadpool(read_files)\n",
    ),
    "other statements between": (
        "path = ROOT / name\nexists = path.exists()\nfound = {'exists': exists}\n"
        "found['size'] = os.stat(ROOT).st_size > 0\nreturn found",
        "    found = await run_in_threadpool(read_files)\n",
    ),
    "within a try statement": (
        "path = ROOT / name\ntry:\n    size = path.stat().st_size\n    text = path.read_text()\n"
        "except FileNotFoundError:\n    raise HTTPException(404, 'none') from None\n"
        "return [size, text]",
        "        size, text = await run_in_threadpool(read_files)\n",
    ),
    "a loop": (
        "total = 0\nfor path in sorted(ROOT.iterdir()):\n    if path.is_file():\n"
        "        total += len(path.name) > 0\nreturn total > 0",
        "        nonlocal total\n",
    ),
    "a call that is too short for a thread": (
        "found = []\nfor root, folders, files in os.walk(ROOT):\n"
        "    found.append(os.path.relpath(root, ROOT))\n    break\nreturn found",
        "    await run_in_threadpool(read_files)\n",
    ),
    "with annotations": (
        "size: int = (ROOT / name).stat().st_size\ntext: str = (ROOT / name).read_text()\n"
        "return [size, text]",
        "    size, text = await run_in_threadpool(read_files)\n",
    ),
    "a folder step by step": (
        "found = 0\nfor path in ROOT.iterdir():\n    found += path.stat().st_size\n"
        "return found > 0",
        "        nonlocal found\n",
    ),
    "an else": (
        "path = ROOT / name\nif name == 'a':\n    text = 'a'\nelse:\n    path.stat()\n"
        "    text = path.read_text()\nreturn text",
        "    text = await run_in_threadpool(read_files)\n",
    ),
    "before something that waits": (
        "path = ROOT / name\nsize = path.stat().st_size\ntext = path.read_text()\n"
        "await asyncio.sleep(0)\npath.stat()\nagain = path.read_text()\nreturn [size, text, again]",
        "    again = await run_in_threadpool(read_files_2)\n",
    ),
    "a file of its own": (
        "with tempfile.TemporaryDirectory() as folder:\n    path = Path(folder) / 'x'\n"
        "    path.write_text(name)\n    size = path.stat().st_size\nreturn size",
        "    size = await run_in_threadpool(write_folder)\n",
    ),
    "an answer that is streamed into a file": (
        "answer = requests.get(f'{URL}/text', stream=True)\n"
        "with open(ROOT / f'{name}.copy', 'wb') as out:\n"
        "    for chunk in answer.iter_content(3):\n        out.write(chunk)\n"
        "return answer.status_code",
        "    answer = await run_in_threadpool(fetch)\n",
    ),
    "an answer that is closed": (
        "with requests.get(f'{URL}/404', stream=True) as answer:\n"
        "    lines = [line.decode() for line in answer.iter_lines()]\nreturn lines",
        "    lines = await run_in_threadpool(",
    ),
    "what arrives after the headers": (
        "answer = requests.get(f'{URL}/text', stream=True)\nkind = answer.headers['Content-Type']\n"
        "text = answer.text\nreturn [kind, text]",
        "    kind, text = await run_in_threadpool(fetch)\n",
    ),
    "the bytes of an answer": (
        "answer = requests.get(f'{URL}/text', stream=True)\n"
        "with open(ROOT / f'{name}.copy', 'wb') as out:\n    shutil.copyfileobj(answer.raw, out)\n"
        "return answer.ok",
        "    answer = await run_in_threadpool(fetch)\n",
    ),
    "a session that is streamed from": (
        "with requests.Session() as session:\n    session.headers['X-Own'] = name\n"
        "    answer = session.get(f'{URL}/echo', stream=True)\n"
        "    return [line.decode() for line in answer.iter_lines()]",
        "        return await run_in_threadpool(fetch)\n",
    ),
    "a file that is posted": (
        "answer = requests.post(f'{URL}/echo', files={'file': open(ROOT / name, 'rb')})\n"
        "return answer.json()['type']",
        "    answer = await run_in_threadpool(fetch)\n",
    ),
}

#: What stays where it is, or changes threads call by call.
APART = {
    "one call": "text = (ROOT / name).read_text()\nreturn text",
    "a wait between": (
        "size = (ROOT / name).stat()\nawait asyncio.sleep(0)\ntext = (ROOT / name).read_text()\n"
        "return text"
    ),
    "what others see": (
        "seen.append((ROOT / name).read_text() + (ROOT / name).read_text())\nreturn len(seen)"
    ),
    "a result that a handler reads": (
        "try:\n    size = (ROOT / name).stat()\n"
        "    text = (ROOT / name).read_text()\nexcept OSError:\n    return size\nreturn text"
    ),
    "an error that is raised once more": (
        "try:\n    int(name)\nexcept ValueError:\n    (ROOT / name).stat()\n"
        "    if (ROOT / name).exists():\n        raise\nreturn name"
    ),
    "an iterator that goes on": "found = os.walk(ROOT)\nos.stat(ROOT)\nreturn len(list(found)) > 0",
    "a generator": "found = (os.stat(p) for p in [ROOT, ROOT])\nreturn len(list(found))",
    "what is unknown": (
        "check = app.state.check\nsize = check(os.stat(ROOT), os.stat(ROOT))\nreturn size"
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with upstream() as address:
        yield address


def route(body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return f"@app.get('/{{name}}')\nasync def route(name: str):\n{lines}"


@pytest.mark.parametrize("form", MOVED)
def test_one_thread_does_them_all(
    form: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM", server)
    body, expected = MOVED[form]
    migration = freed(route(body), HEAD)
    text = migration.after["app.py"].text
    assert expected in text
    once = 2 if "read_files_2" in expected else 1
    assert len(re.findall(r"run_in_threadpool\(", text)) == once
    sides = []
    for side, codebase in (("before", migration.before), ("after", migration.after)):
        with application(codebase, tmp_path / side) as module:
            (tmp_path / side / "a").write_text("text")
            sides.append([serve(module, path, 2).answers for path in ("/a", "/none")])
            sides[-1].append([p.read_bytes() for p in (tmp_path / side).glob("*.copy")])
    assert sides[0] == sides[1]
    assert sides[0][0][0][0] == 200


@pytest.mark.parametrize("form", APART)
def test_what_does_not_move(form: str) -> None:
    text = after(route(APART[form]), HEAD)
    assert "def read_files" not in text
    assert findings(route(APART[form]), HEAD)


def test_two_requests_keep_their_order_with_a_file() -> None:
    """Where another request can change a file between two calls, nothing moves."""
    body = "path = ROOT / name\nif path.exists():\n    path.unlink()\nreturn name"
    text = after(route(body), HEAD)
    assert "run_in_threadpool" not in text
    assert all("another request" in f.message for f in findings(route(body), HEAD))


def test_an_answer_that_has_arrived_does_not_wait() -> None:
    body = "answer = requests.get(URL)\nreturn [x for x in answer.iter_lines()]"
    assert ["requests.get" in f.message for f in findings(route(body), HEAD)] == [True]
    body = body.replace("(URL)", "(URL, stream=False)")
    assert ["requests.get" in f.message for f in findings(route(body), HEAD)] == [True]
    body = body.replace("stream=False", "**{'stream': True}")
    assert len(findings(route(body), HEAD)) == 2


@pytest.mark.parametrize("options", ["", ", stream=True"])
def test_a_thread_that_asks_for_it_changes_nothing(options: str) -> None:
    """What is said of an answer after the pass is what was said before."""
    body = f"answer = requests.get(URL{options})\nawait asyncio.sleep(0)\nreturn answer.text"
    before = [f.message for f in findings(route(body), HEAD) if "answer" in f.message]
    done = body.replace("requests.get(URL", "await run_in_threadpool(requests.get, URL")
    head = HEAD.replace(
        "import requests\n", "import requests\nfrom fastapi.concurrency import run_in_threadpool\n"
    )
    assert [f.message for f in findings(route(done), head)] == before
    assert len(before) == bool(options)


def test_what_is_read_of_an_answer_on_the_loop_is_reported() -> None:
    body = "answer = requests.get(URL, stream=True)\nawait asyncio.sleep(0)\nreturn answer.content"
    assert any("answer.content" in f.message for f in findings(route(body), HEAD))
    body = body.replace(", stream=True", "")
    assert not any("answer.content" in f.message for f in findings(route(body), HEAD))
