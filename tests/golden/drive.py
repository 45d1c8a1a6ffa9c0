"""Start one application, send it a scenario, write down what happened.

Run as ``python -m golden.drive job.json`` with the application's folder as working directory. The
transcript goes to the file that the job names; the process then ends by itself, or hangs as the
application would.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import importlib
import json
import runpy
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from golden.changing import install
from golden.detectors import ERROR, Recorder
from golden.scenario import JsonPath, Request, Scenario, fill, load

END_OF_TRANSCRIPT = "==== end of the transcript ===="


def main(job_file: str) -> None:
    """Do the job and write its transcript."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    # The application sees its own folder, not this package's.
    sys.path[:] = [entry for entry in sys.path if entry != job["hide"]]
    sys.argv[:] = sys.argv[:1]
    recorder = Recorder()
    recorder.install()
    transcript: dict[str, Any] = {"exchanges": [], "failed": ""}
    try:
        scenario = load(Path(job["scenario"]))
        if scenario.prepare:
            run_script(scenario, scenario.prepare, job["database"], job["dsn"])
        app = import_app(scenario.app)
        with asyncio.Runner() as runner:
            recorder.watch_loop(runner.get_loop())
            runner.run(_drive(app, scenario, job, recorder, transcript["exchanges"]))
    except Exception as error:  # noqa: BLE001
        transcript["failed"] = f"stopped in {recorder.phase}: {_trace(error)}"
    recorder.phase = "exit"
    gc.collect()
    transcript |= {
        "statements": recorder.statements,
        "lazy": recorder.lazy,
        "sync_on_loop": recorder.sync_on_loop,
        "places": recorder.places,
        "checked_out": recorder.checked_out(),
        "faults": recorder.faults,
    }
    target = Path(job["transcript"])
    (written := target.with_suffix(".part")).write_text(json.dumps(transcript), encoding="utf-8")
    written.rename(target)
    # What the interpreter still has to say at its end is read after this line.
    print(END_OF_TRANSCRIPT, file=sys.stderr, flush=True)


def import_app(path: str) -> Any:
    """The ASGI application at ``module:attribute`` (``module:factory()`` is called)."""
    module, _, attribute = path.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.removesuffix("()").split("."):
        found = getattr(found, part)
    return found() if attribute.endswith("()") else found


def run_script(scenario: Scenario, script: str, database: str, dsn: str) -> None:
    """Run SQL, or a .sql or .py file of the golden's folder, through the plain driver.

    A .py file defines ``run(connection, database)``.
    """
    path = scenario.folder / script
    if database == "sqlite":
        connection: Any = sqlite3.connect(dsn)
    else:
        import psycopg

        connection = psycopg.connect(dsn)
    try:
        if script.endswith(".py"):
            runpy.run_path(str(path))["run"](connection, database)
        else:
            text = path.read_text(encoding="utf-8") if script.endswith(".sql") else script
            if database == "sqlite":
                connection.executescript(text)
            else:
                connection.execute(text)
        connection.commit()
    finally:
        connection.close()


async def _drive(
    app: Any,
    scenario: Scenario,
    job: dict[str, str],
    recorder: Recorder,
    exchanges: list[list[dict[str, Any]]],
) -> None:
    watched = _Watched(app, recorder)
    recorder.phase = "start-up"
    start = _served if scenario.server else _in_process
    async with start(watched, scenario) as client:
        install(job["dsn"], job.get("changing", ()))
        if scenario.seed:
            run_script(scenario, scenario.seed, job["database"], job["dsn"])
        names: dict[str, Any] = {}
        for number, request in enumerate(scenario.requests):
            recorder.phase = f"request {number}"
            answers = await _send(client, request, names)
            await watched.idle()
            await asyncio.sleep(request.wait)
            exchanges.append([_written(answer) for answer in answers])
            del answers
            gc.collect()
        await asyncio.sleep(0)
        recorder.phase = "shutdown"
    gc.collect()


async def _send(
    client: httpx.AsyncClient, request: Request, names: dict[str, Any]
) -> list[httpx.Response]:
    async def one(index: int) -> httpx.Response:
        values = names | {"index": index} if request.count > 1 else names
        return await client.request(
            request.method,
            fill(request.path, values),
            headers=fill(request.headers, values),
            params=fill(request.query, values),
            json=fill(request.json, values),
            data=fill(request.form, values),
            content=fill(request.content, values),
            files=_files(fill(request.files, values)),
        )

    if request.concurrent > 1:
        return list(await asyncio.gather(*(one(index) for index in range(request.concurrent))))
    answers = [await one(index) for index in range(request.repeat)]
    for name, path in (request.capture or {}).items():
        try:
            names[name] = JsonPath.parse(path).first(answers[0].json())
        except (KeyError, ValueError) as error:
            text = f"{request.label} answered {answers[0].status_code} {answers[0].text[:300]!r}"
            raise RuntimeError(f"nothing to capture at {path!r}: {text}") from error
    return answers


def _files(files: dict[str, dict[str, str]] | None) -> dict[str, Any] | None:
    if files is None:
        return None
    return {
        field: (
            file["name"],
            file["content"].encode(),
            file.get("type", "application/octet-stream"),
        )
        for field, file in files.items()
    }


def _written(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.content.decode("utf-8")
    except UnicodeDecodeError:
        body = "base64:" + base64.b64encode(answer.content).decode()
    headers = sorted((name.lower(), value) for name, value in answer.headers.multi_items())
    return {"status": answer.status_code, "headers": headers, "body": body}


class _Watched:
    """The application, with a note of each exception that leaves it and of what is under way."""

    def __init__(self, app: Any, recorder: Recorder) -> None:
        self._app, self._recorder = app, recorder
        self._state: dict[str, Any] = {}
        self._under_way = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        counted = scope["type"] != "lifespan"
        self._under_way += counted
        if not counted:
            self._state = scope.get("state", self._state)
        elif "state" not in scope:
            scope["state"] = dict(self._state)
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if counted:
                self._recorder.fault(ERROR, _trace(error))
            raise
        finally:
            self._under_way -= counted

    async def idle(self) -> None:
        """Wait until no request is under way (background tasks belong to their request)."""
        while self._under_way:
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def _in_process(app: _Watched, scenario: Scenario) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        _lifespan(app),
        httpx.AsyncClient(transport=transport, base_url=scenario.base_url) as client,
    ):
        yield client


@contextlib.asynccontextmanager
async def _served(app: _Watched, scenario: Scenario) -> AsyncIterator[httpx.AsyncClient]:
    import uvicorn

    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, loop="asyncio", lifespan="on", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
            raise RuntimeError("the server did not start")
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def _lifespan(app: _Watched) -> AsyncIterator[None]:
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.create_task(_run(app, scope, to_app.get, from_app.put))

    async def step(name: str) -> None:
        await to_app.put({"type": f"lifespan.{name}"})
        answer = asyncio.create_task(from_app.get())
        await asyncio.wait({answer, running}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            running.result()
            raise RuntimeError(f"the application ended in its {name}")
        if (message := answer.result())["type"] != f"lifespan.{name}.complete":
            raise RuntimeError(f"{name} failed: {message.get('message')}")

    await step("startup")
    try:
        yield
    finally:
        await step("shutdown")
        await running


async def _run(app: _Watched, scope: Any, receive: Callable[[], Any], send: Any) -> None:
    await app(scope, receive, send)


def _trace(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    main(sys.argv[1])
