"""Tasks that nobody holds: in middleware, and in what requests reach."""

from __future__ import annotations

import pytest
from middleware_app import after, middleware, reasons, run

from codemods.config import Options
from codemods.passes.middleware_tasks import PASS
from codemods.pipeline import migrate


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        (
            "asyncio.create_task(write(request.url.path))",
            'await background.start(write(request.url.path), name="write")',
        ),
        (
            "asyncio.ensure_future(log(request))",
            'await background.start(log(values_of_request(request)), name="log")',
        ),
        (
            'asyncio.create_task(log(request), name="a log")',
            'await background.start(log(values_of_request(request)), name="a log")',
        ),
        (
            "task = asyncio.create_task(write('x'))",
            "await background.start(write('x'), name=\"write\")",
        ),
        (
            "task = asyncio.create_task(log(request=request))",
            'await background.start(log(request=values_of_request(request)), name="log")',
        ),
        (
            "asyncio.get_running_loop().create_task(write('x'))",
            "await background.start(write('x'), name=\"write\")",
        ),
    ],
)
def test_it_is_held(line, becomes):
    assert f"    {becomes}\n    return response\n" in after(middleware(line, "return response"))


def test_one_that_is_held_already_is_reported_no_more():
    snippet = (
        '@app.middleware("http")\nasync def around(request: Request, call_next):\n'
        "    asyncio.create_task(write('x'))\n    return await call_next(request)\n"
    )
    migration = run(snippet)
    again = migrate(migration.after, [PASS], Options(jobs=1))
    assert not again.changed
    assert not [finding for done in again.runs for finding in done.outcome.findings]


def test_one_that_is_waited_for_stays():
    lines = ("task = asyncio.create_task(write('x'))", "await task", "return response")
    assert "background" not in after(middleware(*lines))
    assert reasons(middleware(*lines)) == ["it began before, and its end is waited for"]


@pytest.mark.parametrize(
    "lines",
    [
        ("request.app.state.task = asyncio.create_task(write('x'))",),
        ("held.append(asyncio.create_task(write('x')))",),
        ("task = asyncio.create_task(write('x'))", "held.append(task)"),
    ],
)
def test_one_that_somebody_holds_stays(lines):
    seen = "held = []\n\n\ndef running():\n    return len(held)\n\n\n"
    seen += "def tidy():\n    held.remove(held[0])\n\n\n"
    snippet = f"{seen}{middleware(*lines, 'return response')}"
    assert "background" not in after(snippet)
    assert not reasons(snippet)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ("held = []", "held.append(asyncio.create_task(write('x')))"),
        ("held: set = set()", "held.add(asyncio.ensure_future(write('x')))"),
        (
            "class Hub:\n    def __init__(self):\n        self.running = []\n\n\nhub = Hub()",
            "hub.running.append(asyncio.create_task(write('x')))",
        ),
    ],
)
def test_a_list_that_only_grows_is_no_holder(made, line):
    text = after(f"{made}\n\n\n{middleware(line, 'return response')}")
    assert "    await background.start(write('x'), name=\"write\")\n    return response\n" in text


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ("held = []", "held.append(asyncio.create_task(write('x')))"),
        ("held: set = set()", "task = asyncio.create_task(write('x'))\nheld.add(task)"),
        ("held = {}", "held[request.url.path] = asyncio.create_task(write('x'))"),
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        "return len(held)",
        "return [t for t in held]",
        "await asyncio.gather(*held)",
        "return 1 in held",
    ],
)
def test_one_that_is_never_let_go_is_reported(made, line, read):
    text = (
        f"{made}\n\n\nasync def running():\n    {read}\n\n\n{middleware(line, 'return response')}"
    )
    assert "background" not in after(text)
    assert any("held keeps it for ever" in found for found in reasons(text))
    for taken in ("held.discard(1)", "held.pop()", "print(held)", "globals()['held']"):
        other = text.replace(read, f"{taken}\n    {read}")
        assert not any("for ever" in found for found in reasons(other)), taken


def test_what_a_callback_lets_go_is_fine():
    line = (
        "task = asyncio.create_task(write('x'))\nheld.add(task)\n"
        "task.add_done_callback(held.discard)"
    )
    reader = "held = set()\n\n\ndef running():\n    return len(held)\n\n\n"
    text = f"{reader}{middleware(line, 'return response')}"
    assert not reasons(text)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ("held = [None]", "held.append(asyncio.create_task(write('x')))"),
        ("held = list(range(3))", "held.append(asyncio.create_task(write('x')))"),
        ("held = []\ngiven = held", "held.append(asyncio.create_task(write('x')))"),
        ("held = []\nnamed = 'held'", "held.append(asyncio.create_task(write('x')))"),
        ("", "held = []\n    held.append(asyncio.create_task(write('x')))"),
    ],
)
def test_a_list_that_may_be_looked_at_holds(made, line):
    assert "background" not in after(f"{made}\n\n\n{middleware(line, 'return response')}")


@pytest.mark.parametrize(
    ("before", "line", "reason"),
    [
        ("events = asyncio.Queue()", "feed(events)", "makes it work together with other tasks"),
        ("client2 = object()", "client.get('http://x')", "what client.get does is not known"),
        ("", "poll()", "poll never ends"),
        ("", "log_with(SessionLocal(), 'x')", "it is given what ends with the request"),
        ("", "keep(request)", "what ends with the request: keep uses request.state"),
    ],
)
def test_some_are_left(before, line, reason):
    functions = (
        "async def keep(request: Request):\n    await write(request.state.user)\n\n\n"
        "async def feed(events):\n    await events.get()\n\n\n"
        "async def poll():\n    while True:\n        await asyncio.sleep(1)\n\n\n"
    )
    snippet = middleware(f"asyncio.create_task({line})", "return response")
    text = f"{before}\n\n\n{functions}{snippet}"
    assert f"asyncio.create_task({line})" in after(text)
    assert any(reason in found for found in reasons(text)), reasons(text)


def test_what_a_path_operation_or_a_dependency_calls():
    text = after(
        """
        from fastapi import Depends


        async def remember(path):
            asyncio.create_task(write(path))


        def forget(path):
            asyncio.ensure_future(write(path))


        async def user(request: Request):
            asyncio.create_task(write("user"))


        @app.get("/", dependencies=[Depends(user)])
        async def read():
            await remember("x")
            forget("x")
            asyncio.create_task(write("own"))


        @app.on_event("startup")
        async def begin():
            asyncio.create_task(write("begin"))
        """
    )
    assert 'await background.start(write(path), name="write")' in text
    assert 'await background.start(write("user"), name="write")' in text
    assert "    asyncio.ensure_future(write(path))" in text
    assert '    asyncio.create_task(write("own"))' in text
    assert '    asyncio.create_task(write("begin"))' in text


@pytest.mark.parametrize(
    "lines",
    [
        "asyncio.create_task(write('x'))",
        "task: asyncio.Task = asyncio.get_running_loop().create_task(write('x'))",
        "if write:\n        task = asyncio.create_task(write('x'))\n    else:\n        task = None",
    ],
)
@pytest.mark.parametrize("colour", ["def", "async def"])
def test_one_that_no_request_leads_to_is_reported(lines, colour):
    text = f"{colour} beside():\n    {lines}\n"
    assert "background" not in after(text)
    assert [reason for reason in reasons(text) if "no request leads to it" in reason]
