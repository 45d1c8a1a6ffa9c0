"""With statements that open files: what one thread does as a whole, beside what can't move."""

from __future__ import annotations

from pathlib import Path

import pytest
from loop_app import after, findings, freed
from served import application, serve

HEAD = """\
import asyncio
import csv
import json
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel

app = FastAPI()
ROOT = Path(__file__).parent
seen = []


class Note(BaseModel):
    text: str


@app.exception_handler(Exception)
async def failed(request, error):
    return JSONResponse(type(error).__name__, 500)


"""

#: What stands in a path operation with ``name``, and a part of what it becomes.
MOVED = {
    "the result is given back": (
        "with open(ROOT / name) as source:\n    found = json.load(source)\nreturn found",
        "        return json.load(source)\n\n    found = await run_in_threadpool(read_source)\n",
    ),
    "the block ends the function": (
        "with open(ROOT / name, newline='') as f:\n    return [row for row in csv.DictReader(f)]",
        "    return await run_in_threadpool(read_file)\n",
    ),
    "line by line, into a variable that is there": (
        "total = 0\nwith open(ROOT / name) as f:\n    for line in f:\n        total += len(line)\n"
        "        if total > 20:\n            break\nreturn total",
        "        nonlocal total\n",
    ),
    "two results": (
        "with open(ROOT / name) as source:\n    first = source.readline()\n"
        "    rest = source.read()\nreturn [first, rest]",
        "        return first, rest\n\n    first, rest = await run_in_threadpool(read_source)\n",
    ),
    "one name for two files": (
        "with open(ROOT / name) as f:\n    one = f.read()\n"
        "with open(ROOT / name) as f:\n    for line in f:\n        pass\n    two = f.tell()\n"
        "return [one, two]",
        "    one, two = await run_in_threadpool(read_files)\n",
    ),
    "a file that is written": (
        "with (ROOT / f'{name}.copy').open('w') as out:\n"
        "    out.write(Note(text=name).model_dump_json())\nreturn name",
        "    await run_in_threadpool(write_out)\n",
    ),
    "a result that a comprehension reads": (
        "with open(ROOT / name) as source:\n    text = source.read()\n"
        "return [part for part in 'abc' if part in text]",
        "    text = await run_in_threadpool(read_source)\n",
    ),
    "two files": (
        "with open(ROOT / name) as a, open(ROOT / name) as b:\n"
        "    same = a.read() == b.read()\nreturn same",
        "    same = await run_in_threadpool(read_file)\n",
    ),
    "in a loop, line by line": (
        "found = []\nfor part in name.split(','):\n    with open(ROOT / part) as source:\n"
        "        found.append([line.strip() for line in source])\nreturn found",
        "    await run_in_threadpool(read_files)\n",
    ),
    "a variable of a function within this one": (
        "text, seen = '', []\n\ndef remember():\n    seen.append(text)\n\n"
        "with open(ROOT / name) as source:\n    text = source.read()\n    remember()\nreturn seen",
        "        nonlocal text\n",
    ),
    "an error for the client": (
        "with open(ROOT / name) as source:\n    text = source.read()\n    if not text:\n"
        "        raise HTTPException(404, 'empty')\nreturn text",
        "    text = await run_in_threadpool(read_source)\n",
    ),
}

#: What stays where it is, or is followed call by call.
LEFT = {
    "an await": "with open(ROOT / name) as f:\n    await asyncio.sleep(0)\n    return f.read()",
    "a return on the way": (
        "with open(ROOT / name) as f:\n    for line in f:\n        return line\nreturn None"
    ),
    "what others see": "with open(ROOT / name) as f:\n    seen.append(f.read())\nreturn len(seen)",
    "the file afterwards": "with open(ROOT / name) as f:\n    text = f.read()\nreturn f.closed",
    "the end of a loop": (
        "while True:\n    with open(ROOT / name) as f:\n        text = f.read()\n        break\n"
        "return text"
    ),
    "a result that is not certain": (
        "with open(ROOT / name) as f:\n    for line in f:\n        last = line\nreturn last"
    ),
    "a result that a handler reads": (
        "try:\n    with open(ROOT / name) as f:\n        text = f.read()\n        int(text)\n"
        "except ValueError:\n    return text\nreturn None"
    ),
    "the event loop": (
        "with open(ROOT / name) as f:\n    asyncio.get_running_loop().call_soon(print)\n"
        "    return f.read()"
    ),
    "the variables of the function": (
        "with open(ROOT / name) as f:\n    text = f.read()\n    return sorted(locals())"
    ),
    "what is not known": ("with open(ROOT / name) as f:\n    return app.state.parse(f.read())"),
}


def route(body: str, returns: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return f"@app.get('/{{name}}')\nasync def route(name: str){returns}:\n{lines}"


@pytest.mark.parametrize("form", MOVED)
def test_one_thread_does_all_of_it(form: str, tmp_path: Path) -> None:
    body, expected = MOVED[form]
    migration = freed(route(body), HEAD)
    text = migration.after["app.py"].text
    assert expected in text
    assert "run_in_threadpool(open" not in text
    sides = []
    for side, codebase in (("before", migration.before), ("after", migration.after)):
        with application(codebase, tmp_path / side) as module:
            (tmp_path / side / "a").write_text('{"b": 1}')
            (tmp_path / side / "empty").write_text("")
            paths = ("/a", "/empty", "/none", "/a,empty")
            sides.append([serve(module, path, 2).answers for path in paths])
            sides[-1].append([p.read_text() for p in (tmp_path / side).glob("*.copy")])
    assert sides[0] == sides[1]
    assert sides[0][0][0][0] == 200


@pytest.mark.parametrize("form", LEFT)
def test_what_can_not_move(form: str) -> None:
    text = after(route(LEFT[form]), HEAD)
    assert "def read_file" not in text
    assert findings(route(LEFT[form]), HEAD)


def test_it_is_annotated_as_the_function_around_it_is() -> None:
    text = after(route("with open(ROOT / name) as f:\n    return f.read()", " -> str"), HEAD)
    assert "def read_file() -> str:" in text


def test_a_silenced_call_keeps_its_block() -> None:
    body = "with open(ROOT / name) as f:\n    return f.read()  # looplift: ignore"
    assert "def read_file" not in after(route(body), HEAD)


def test_other_names_are_found() -> None:
    body = "read_file = 1\nwith open(ROOT / name) as f:\n    return f.read() * read_file"
    assert "run_in_threadpool(read_file_2)" in after(route(body), HEAD)
