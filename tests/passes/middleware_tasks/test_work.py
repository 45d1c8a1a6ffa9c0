"""What becomes a task, and beside each form one that only looks like it."""

from __future__ import annotations

import pytest
from middleware_app import HEAD, after, middleware, reasons, run

RETURN = "return response"

#: Lines after ``call_next`` that become these.
MOVED = {
    "the response of which only the status is read": (
        ["await answered(request, answer=response)", RETURN],
        [
            "await background.run(",
            "    answered(values_of_request(request), answer=values_of_response(response)),",
            '    name="answered",',
            ")",
            RETURN,
        ],
    ),
    "two that are given the request": (
        ["await log(request)", "await log(request=request)", RETURN],
        [
            "await background.run(",
            "    log(values_of_request(request)),",
            "    log(request=values_of_request(request)),",
            '    name="log",',
            ")",
            RETURN,
        ],
    ),
    "the request of which only the scope is read": (
        ["await log(request)", RETURN],
        ['await background.run(log(values_of_request(request)), name="log")', RETURN],
    ),
    "plain values": (
        ["await write(f'{request.method} {response.status_code}')", RETURN],
        [
            "await background.run(",
            "    write(f'{request.method} {response.status_code}'), name=\"write\"",
            ")",
            RETURN,
        ],
    ),
    "two beside one another": (
        ["await write('a')", "await write('b')", RETURN],
        ["await background.run(write('a'), write('b'), name=\"write\")", RETURN],
    ),
    "in a branch": (
        ["if response.status_code >= 500:", "    await write('error')", RETURN],
        [
            "if response.status_code >= 500:",
            "    await background.run(write('error'), name=\"write\")",
            RETURN,
        ],
    ),
    "headers of its own afterwards": (
        ["await write('a')", "response.headers['x-time'] = str(time.time())", RETURN],
        [
            "await background.run(write('a'), name=\"write\")",
            "response.headers['x-time'] = str(time.time())",
            RETURN,
        ],
    ),
    "a library's coroutine": (
        ["await client.post('http://audit', json={'path': request.url.path})", RETURN],
        [
            "await background.run(",
            "    client.post('http://audit', json={'path': request.url.path}), "
            'name="client.post"',
            ")",
            RETURN,
        ],
    ),
    "blocking work": (
        ["requests.post('http://audit', data=request.method)", RETURN],
        [
            "await background.run(",
            "    run_in_threadpool(requests.post, 'http://audit', data=request.method),",
            '    name="requests.post",',
            ")",
            RETURN,
        ],
    ),
}

#: Lines after ``call_next`` that stay, and a part of the reason.
LEFT = {
    "a try sees its error": (
        ["try:", "    await write('a')", "except OSError:", "    pass", RETURN],
        "in the try",
    ),
    "it holds a lock": (
        ["async with asyncio.Lock():", "    await write('a')", RETURN],
        "in the with",
    ),
    "a loop": (["for part in 'ab':", "    await write(part)", RETURN], "in the loop"),
    "a later line waits": (
        ["await write('a')", "response.headers['n'] = str(await number('a'))", RETURN],
        "may depend on it",
    ),
    "a later line calls": (
        ["await write('a')", "if len(list(SessionLocal.kw)) > 1:", "    return None", RETURN],
        "may depend on it",
    ),
    "a session of the request": (
        ["await log_with(request.state.db, 'a')", RETURN],
        "request.state.db",
    ),
    "the response itself": (["await number(response)", RETURN], ""),
    "unknown": (["await app.state.audit(request.url.path)", RETURN], "not known"),
    "a value of the request's state": (
        ["await write(request.state.user)", RETURN],
        "request.state.user",
    ),
    "two that are not beside one another": (
        ["await write('a')", "if response.status_code > 400:", "    await write('b')", RETURN],
        "must not overtake",
    ),
}


@pytest.mark.parametrize("name", MOVED)
def test_moved(name: str) -> None:
    before, expected = MOVED[name]
    assert after(middleware(*before)) == middleware(*expected)


@pytest.mark.parametrize("name", [name for name in LEFT if LEFT[name][1]])
def test_left(name: str) -> None:
    lines, part = LEFT[name]
    found = reasons(middleware(*lines))
    assert any(part in reason for reason in found), found


@pytest.mark.parametrize(
    ("callee", "part"),
    [
        ("body = await request.body()", "uses request.body"),
        ("print(request.state.user)", "uses request.state"),
        ("seen = request", "keeps the request"),
        ("SEEN.append(request)", "is given the request"),
        ("raise HTTPException(429)", "raises an error"),
        ("await shared.commit()", "uses a shared session"),
        ("await deeper(request)", "deeper uses request.json"),
    ],
)
def test_callees_that_need_more_than_the_scope(callee: str, part: str) -> None:
    head = HEAD + (
        "SEEN = []\nshared = SessionLocal()\n\n\n"
        "async def deeper(request: Request):\n    await request.json()\n\n\n"
        f"async def work(request: Request):\n    {callee}\n\n\n"
    )
    found = reasons(middleware("await work(request)", RETURN), head)
    assert any(part in reason for reason in found), found


def test_nothing_happens_to_work_before_call_next_or_with_its_value() -> None:
    snippet = (
        '@app.middleware("http")\nasync def around(request: Request, call_next):\n'
        "    await write('before')\n    response = await call_next(request)\n"
        "    n = await number('a')\n    response.headers['n'] = str(n)\n    return response\n"
    )
    assert not run(snippet).changed
    assert reasons(snippet) == ["the request is passed on only after it", "its value is used"]


def test_what_asgi_passes_on_or_answers_is_no_work() -> None:
    snippet = (
        "class Closed:\n    def __init__(self, app):\n        self.app = app\n\n"
        "    async def __call__(self, scope, receive, send):\n"
        "        if scope['path'] == '/closed':\n"
        "            await JSONResponse({}, 503)(scope, receive, send)\n            return\n"
        "        limit = await number(scope['path'])\n        if limit < 9:\n"
        "            await self.app(scope, receive, send)\n\n\napp.add_middleware(Closed)\n"
    )
    assert not run(snippet).changed
    assert not reasons(snippet)


@pytest.mark.parametrize("clause", ["finally", "except OSError:\n        raise\n    else"])
def test_work_beside_a_try_around_call_next(clause: str) -> None:
    snippet = (
        '@app.middleware("http")\nasync def around(request: Request, call_next):\n'
        "    try:\n        response = await call_next(request)\n"
        f"    {clause}:\n        await log(request)\n    return response\n"
    )
    assert any("in the try" in reason for reason in reasons(snippet))


def test_work_behind_a_try_around_call_next() -> None:
    snippet = (
        '@app.middleware("http")\nasync def around(request: Request, call_next):\n'
        "    try:\n        response = await call_next(request)\n"
        "    except ValueError:\n        return JSONResponse({}, 400)\n"
        "    await log(request)\n    return response\n"
    )
    assert 'await background.run(log(values_of_request(request)), name="log")' in after(snippet)


def test_functions_that_are_no_middleware() -> None:
    snippet = (
        "async def around(request: Request, call_next):\n"
        "    response = await call_next(request)\n    await log(request)\n    return response\n"
    )
    assert not run(snippet).changed


def test_class_middleware() -> None:
    text = after(
        "class Log(BaseHTTPMiddleware):\n"
        "    async def dispatch(self, request, call_next):\n"
        "        response = await call_next(request)\n"
        "        await self.write(request, response.status_code)\n"
        "        return response\n\n"
        "    async def write(self, request, status):\n"
        "        await write(f'{request.url} {status}')\n"
    )
    assert "self.write(values_of_request(request), response.status_code)" in text


def test_an_object_whose_session_others_use_too() -> None:
    snippet = (
        "class Repo:\n    def __init__(self, db):\n        self.db = db\n\n"
        "    async def add(self, path):\n        self.db.add(Row(path=path))\n\n\n"
        "class Log(BaseHTTPMiddleware):\n    def __init__(self, app):\n"
        "        super().__init__(app)\n        self.repo = Repo({argument})\n\n"
        "    async def dispatch(self, request, call_next):\n"
        "        response = await call_next(request)\n"
        "        await self.repo.add('a')\n        return response\n"
    )
    found = reasons(snippet.format(argument="SessionLocal()"))
    assert any("a session that others use too" in reason for reason in found), found
    assert not reasons(snippet.format(argument="[]"))


def test_names_that_are_taken() -> None:
    snippet = middleware("background = request.method", "await write(background)", RETURN)
    text = run(snippet).after["main.py"].text
    assert "import background as application_background" in text
    assert "await application_background.run(write(background)" in text


def test_pure_asgi_middleware() -> None:
    snippet = (
        "class Log:\n"
        "    def __init__(self, app):\n        self.app = app\n\n"
        "    async def __call__(self, scope, receive, send):\n"
        "        await self.app(scope, receive, send)\n"
        "        await write({argument})\n"
    )
    moved = "await background.run(write(scope['path']), name=\"write\")"
    assert moved in after(snippet.format(argument="scope['path']"))
    assert any("scope['user']" in r for r in reasons(snippet.format(argument="scope['user']")))


def test_pure_asgi_middleware_that_sees_its_messages() -> None:
    snippet = (
        "class Log:\n"
        "    def __init__(self, app):\n        self.app = app\n\n"
        "    async def __call__(self, scope, receive, send):\n"
        "        status = 500\n\n"
        "        async def seen(message):\n"
        "            nonlocal status\n"
        "            status = {value}\n"
        "            await send(message)\n\n"
        "        await self.app(scope, receive, seen)\n"
        "        await write(status)\n"
    )
    for value in ("message['status']", "message.get('status', 0)"):
        assert 'await background.run(write(status), name="write")' in after(
            snippet.format(value=value)
        )
    assert reasons(snippet.format(value="send"))


def test_a_second_run_changes_nothing() -> None:
    snippet = middleware("await log(request)", RETURN)
    first = run(snippet).after
    again = run("", first["main.py"].text, background_tasks=first["background_tasks.py"].text)
    assert not again.changed
    assert not again.findings


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        ("app = FastAPI()", "async with background:\n        yield"),
        (
            "app = FastAPI()\n\n\n@app.on_event('startup')\ndef started():\n    pass",
            'app.router.add_event_handler("shutdown", background.close)',
        ),
    ],
)
def test_the_application_waits_for_its_tasks(application: str, expected: str) -> None:
    head = HEAD.replace("app = FastAPI()", application)
    text = run(middleware("await log(request)", RETURN), head).after["main.py"].text
    assert expected in text


def test_a_suite_finds_the_work_done() -> None:
    test = "from fastapi.testclient import TestClient\nfrom main import app\n"
    changed = run(middleware("await log(request)", RETURN), test_main=test).after
    assert "background.in_place = True" in changed["conftest.py"].text


@pytest.mark.parametrize(
    ("application", "part"),
    [
        ("app, other = FastAPI(), FastAPI()\nthird = FastAPI()", "several applications"),
        ("app = FastAPI(**{})", "not written out"),
        ("app = FastAPI(lifespan=logger.lifespan)", "is not a function"),
        ("app = FastAPI(on_shutdown=[engine.dispose])", "lists of functions"),
    ],
)
def test_an_application_that_cannot_wait_keeps_its_work(application: str, part: str) -> None:
    head = HEAD.replace("app = FastAPI()", application)
    snippet = middleware("await log(request)", RETURN)
    assert not run(snippet, head).changed
    assert any(part in reason for reason in reasons(snippet, head))
