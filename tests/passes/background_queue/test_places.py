"""What goes through the queue, and beside each form one that only looks like it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from queue_app import HEAD, after, reasons, run

from codemods.config import Options
from codemods.passes.background_queue import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile


def route(*lines: str, parameters: str = "tasks: BackgroundTasks", sync: bool = False) -> str:
    """A path operation with these lines."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"@app.post('/')\n{'' if sync else 'async '}def create({parameters}):\n{body}\n"


QUEUE = "tasks: BackgroundQueue"

DEPENDENCY = """\
async def visitor({parameters}):
    {before}
    yield "somebody"
    {behind}


@app.get("/")
async def read(name: str = Depends(visitor)):
    return name
"""

#: A path operation, and what becomes of it.
MOVED = {
    "a plain value": (
        route("tasks.add_task(send, 'a')"),
        route("await tasks.add_task(send, 'a')", parameters=QUEUE),
    ),
    "a path operation in a thread": (
        route("tasks.add_task(send, email='a')", sync=True),
        route("tasks.add(send, email='a')", parameters=QUEUE, sync=True),
    ),
    "before a yield": (
        DEPENDENCY.format(
            parameters="tasks: BackgroundTasks", before="tasks.add_task(send, 'a')", behind="pass"
        ),
        DEPENDENCY.format(
            parameters=QUEUE, before="await tasks.add_task(send, 'a')", behind="pass"
        ),
    ),
    "in a branch and a loop": (
        route("for part in 'ab':", "    if part > 'a':", "        tasks.add_task(send, part)"),
        route(
            "for part in 'ab':",
            "    if part > 'a':",
            "        await tasks.add_task(send, part)",
            parameters=QUEUE,
        ),
    ),
    "a column of an instance": (
        route(
            "user = await db.get(User, 1)",
            "tasks.add_task(send, user.email)",
            parameters="tasks: BackgroundTasks, db: AsyncSession = Depends(get_db)",
        ),
        route(
            "user = await db.get(User, 1)",
            "await tasks.add_task(send, user.email)",
            parameters="tasks: BackgroundQueue, db: AsyncSession = Depends(get_db)",
        ),
    ),
    "a column of each instance": (
        route(
            "users = (await db.scalars(select(User))).all()",
            "for user in users[:10]:",
            "    tasks.add_task(send, user.email)",
            parameters="tasks: BackgroundTasks, db: AsyncSession = Depends(get_db)",
        ),
        route(
            "users = (await db.scalars(select(User))).all()",
            "for user in users[:10]:",
            "    await tasks.add_task(send, user.email)",
            parameters="tasks: BackgroundQueue, db: AsyncSession = Depends(get_db)",
        ),
    ),
    "bound arguments": (
        route("tasks.add_task(partial(send, 'a'))"),
        route("await tasks.add_task(partial(send, 'a'))", parameters=QUEUE),
    ),
    "a model of Pydantic": (
        route("tasks.add_task(take, order)", parameters="order: Order, tasks: BackgroundTasks"),
        route("await tasks.add_task(take, order)", parameters=f"order: Order, {QUEUE}"),
    ),
    "a task that nobody holds": (
        route("asyncio.create_task(work('a'))", "return {}", parameters="email: str"),
        route(
            "await queue.add_task(work, 'a')",
            "return {}",
            parameters="email: str, queue: BackgroundQueue",
        ),
    ),
    "a thread": (
        route("Thread(target=send, args=(email,)).start()", parameters="email: str", sync=True),
        route("queue.add(send, email)", parameters="email: str, queue: BackgroundQueue", sync=True),
    ),
    "a thread with a name": (
        route(
            "thread = threading.Thread(target=send, kwargs={'email': email}, daemon=True)",
            "thread.start()",
            "return {}",
            parameters="email: str",
        ),
        route(
            "await queue.add_task(send, email=email)",
            "return {}",
            parameters="email: str, queue: BackgroundQueue",
        ),
    ),
}

WITH_DB = "tasks: BackgroundTasks, db: AsyncSession = Depends(get_db)"

#: A path operation that stays, and a part of the reason.
LEFT = {
    "behind a yield": (
        DEPENDENCY.format(
            parameters="tasks: BackgroundTasks", before="pass", behind="tasks.add_task(send, 'a')"
        ),
        "behind its yield",
    ),
    "a session": (route("tasks.add_task(take, db)", parameters=WITH_DB), "a session"),
    "an instance": (
        route("user = await db.get(User, 1)", "tasks.add_task(take, user)", parameters=WITH_DB),
        "an instance of User",
    ),
    "instances": (
        route(
            "users = (await db.scalars(select(User))).all()",
            "tasks.add_task(take, users)",
            parameters=WITH_DB,
        ),
        "a collection with an instance of User",
    ),
    "an object that holds a session": (
        route("tasks.add_task(Mailer(db).send, 'a')", parameters=WITH_DB),
        "which holds a session",
    ),
    "a session among bound arguments": (
        route("job = partial(take, db)", "tasks.add_task(job)", parameters=WITH_DB),
        "a session",
    ),
    "the request": (
        route(
            "tasks.add_task(take, request)", parameters="request: Request, tasks: BackgroundTasks"
        ),
        "the request",
    ),
    "an upload": (
        route("tasks.add_task(take, file)", parameters="file: UploadFile, tasks: BackgroundTasks"),
        "an uploaded file",
    ),
    "a function of its own": (
        route("def inner():", "    pass", "tasks.add_task(inner)"),
        "made anew for each request",
    ),
    "a lambda": (route("tasks.add_task(lambda: send('a'))"), "not known"),
    "work that never ends": (route("tasks.add_task(watch, 'a')"), "never ends"),
    "a list that is kept": (
        route("app.state.tasks = tasks", "tasks.add_task(send, 'a')"),
        "something else",
    ),
    "a list for a library": (
        route("asyncio.gather(tasks)", "tasks.add_task(send, 'a')"),
        "handed to asyncio.gather",
    ),
    "a response with tasks": (
        route("tasks.add_task(send, 'a')", "return Response(background=None)"),
        "tasks of its own",
    ),
    "a list made by hand": (
        route("tasks = BackgroundTasks()", "tasks.add_task(send, 'a')", parameters=""),
        "not the one that FastAPI gives",
    ),
    "a task before more work": (
        route("asyncio.create_task(work('a'))", "await work('b')", parameters=""),
        "comes after it",
    ),
    "a task in a try": (
        route(
            "try:",
            "    asyncio.create_task(work('a'))",
            "except OSError:",
            "    pass",
            parameters="",
        ),
        "stands within",
    ),
    "a thread that is joined": (
        route(
            "thread = Thread(target=send, args=('a',))",
            "thread.start()",
            "thread.join()",
            parameters="",
            sync=True,
        ),
        "something else is done",
    ),
    "a thread that watches": (
        route("Thread(target=watch, args=('a',)).start()", parameters="", sync=True),
        "never ends",
    ),
}


@pytest.mark.parametrize("name", MOVED)
def test_moved(name: str) -> None:
    before, expected = MOVED[name]
    assert after(before) == expected


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    snippet, part = LEFT[name]
    found = reasons(snippet)
    assert any(part in reason for reason in found), found
    assert not run(snippet).changed


def test_a_task_that_is_held_is_none_of_our_business() -> None:
    snippet = route("task = asyncio.create_task(work('a'))", "await task", parameters="")
    assert not run(snippet).changed
    assert not reasons(snippet)


def test_a_task_that_is_never_let_go_is_reported() -> None:
    text = (
        "held = []\n\n\n@app.get('/running')\nasync def running():\n    return len(held)\n\n\n"
        "@app.post('/start')\nasync def start(email: str):\n"
        "    held.append(asyncio.create_task(work(email)))\n    return email\n"
    )
    assert any("held keeps it for ever" in reason for reason in reasons(text))
    assert "held.append(asyncio.create_task(work(email)))" in after(text)
    text = text.replace("return len(held)", "return len(held) and held.pop()")
    assert not any("for ever" in reason for reason in reasons(text))


def test_what_is_handed_on_moves_as_a_whole() -> None:
    helper = (
        "def notify(tasks: BackgroundTasks, email: str):\n    tasks.add_task(send, email)\n\n\n"
    )
    text = after(helper + route("notify(tasks, 'a')"))
    assert "def notify(tasks: BackgroundQueue" in text
    assert "    tasks.add(send, email)" in text
    assert "async def create(tasks: BackgroundQueue):\n    notify(tasks, 'a')" in text


def test_what_is_handed_on_stays_as_a_whole() -> None:
    helper = (
        "def notify(tasks: BackgroundTasks, email: str):\n    tasks.add_task(send, email)\n\n\n"
    )
    other = "@app.get('/')\nasync def stuck(request: Request, tasks: BackgroundTasks):\n"
    other += "    notify(tasks, 'a')\n    tasks.add_task(take, request)\n\n\n"
    snippet = helper + other + route("notify(tasks, 'a')")
    assert not run(snippet).changed
    assert len(reasons(snippet)) == 2


def test_a_path_operation_that_a_test_calls_stays() -> None:
    snippet = route("tasks.add_task(send, 'a')")
    test = "import main\n\n\nasync def test_it():\n    await main.create(None)\n"
    assert any("called directly" in r for r in reasons(snippet, test_main=test))
    assert not run(snippet, test_main=test).changed


def test_methods() -> None:
    method = "class View:\n    {decorator}def create(self, tasks: BackgroundTasks):\n"
    method += "        tasks.add_task(send, 'a')\n"
    path_operation = method.format(decorator="@app.get('/')\n    ")
    assert "tasks.add(send, 'a')" in after(path_operation)
    found = reasons(method.format(decorator=""))
    assert any("is a method" in reason for reason in found), found


def test_websockets_have_no_background_tasks() -> None:
    snippet = (
        "@app.websocket('/ws')\nasync def ws(socket: WebSocket):\n"
        "    asyncio.create_task(work('a'))\n"
    )
    assert any("websocket" in reason for reason in reasons(snippet))


@pytest.mark.parametrize(
    ("version", "exit_of_db", "part"),
    [
        ("fastapi==0.94.0", "pass", "needs FastAPI 0.95"),
        ("fastapi==0.115.0", "await db.commit()", "before get_db commits"),
        ("fastapi==0.115.0", "pass", ""),
        ("fastapi==0.120.0", "await db.commit()", ""),
    ],
)
def test_versions_of_fastapi(version: str, exit_of_db: str, part: str) -> None:
    head = HEAD.replace("        yield db\n", f"        yield db\n        {exit_of_db}\n")
    files = {
        "main.py": SourceFile("main.py", head + route("tasks.add_task(send, 'a')")),
        "requirements.txt": SourceFile("requirements.txt", version + "\n"),
    }
    (done,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).runs
    found = [reason for finding in done.outcome.findings for reason in finding.reasons]
    assert bool(done.changed) is not bool(part)
    assert not part or any(part in reason for reason in found)


def test_a_suite_that_may_not_be_edited() -> None:
    test = "from fastapi.testclient import TestClient\nfrom app.main import app\n"
    files = {
        "app/__init__.py": SourceFile("app/__init__.py", ""),
        "app/main.py": SourceFile("app/main.py", HEAD + route("tasks.add_task(send, 'a')")),
        "tests/test_it.py": SourceFile("tests/test_it.py", test),
    }
    for target, moves in (("", True), ("app", False)):
        base = CodeBase(Path("/nowhere"), files, target)
        (done,) = migrate(base, [PASS], Options(jobs=1)).runs
        assert bool(done.changed) is moves
        found = [reason for finding in done.outcome.findings for reason in finding.reasons]
        assert moves or any("the tests (tests/test_it.py) lie outside" in r for r in found)


def test_a_name_that_is_taken() -> None:
    head = HEAD.replace("app = FastAPI()", "job_queue = []\napp = FastAPI()")
    text = run(route("tasks.add_task(send, 'a')"), head).after["main.py"].text
    assert "job_queue as application_job_queue" in text
    assert "async with application_job_queue:" in text


def test_a_module_that_is_there_already() -> None:
    changed = run(route("tasks.add_task(send, 'a')"), background_queue="import this\n").changed
    assert set(changed) == {"main.py", "background_jobs.py"}


def test_a_second_run_changes_nothing() -> None:
    first = run(route("tasks.add_task(send, 'a')")).after
    again = run("", first["main.py"].text, background_queue=first["background_queue.py"].text)
    assert not again.changed
    assert not again.findings


def test_a_suite_finds_the_jobs_done() -> None:
    test = "from fastapi.testclient import TestClient\nfrom main import app\n"
    changed = run(route("tasks.add_task(send, 'a')"), test_main=test).after
    assert "job_queue.in_place = True" in changed["conftest.py"].text


def test_what_a_dependency_returns_counts_more_than_what_it_says():
    text = """
    async def current(db: AsyncSession = Depends(get_db)) -> Order:
        user = (await db.scalars(select(User))).first()
        return user

    @app.post("/")
    async def route(tasks: BackgroundTasks, user: Order = Depends(current)):
        tasks.add_task(take, user)
    """
    assert "tasks.add_task(take, user)" in after(text)
    assert "BackgroundQueue" not in after(text)
    assert any("belongs to the session of the request" in reason for reason in reasons(text))


def test_handlers_are_added_behind_the_imports_that_give_them():
    head = """
    from fastapi import BackgroundTasks, FastAPI

    app = FastAPI()

    import main2  # noqa
    from main2 import more  # noqa

    app.include_router(more)


    @app.on_event("startup")
    def start():
        pass
    """
    route = """
    def send(email): pass

    @app.post("/")
    async def route(tasks: BackgroundTasks):
        tasks.add_task(send, "a")
    """
    text = run(route, textwrap.dedent(head).lstrip()).after["main.py"].text
    imported = text.index("from background_queue import")
    assert imported < text.index("job_queue.open)") < text.index("include_router")
