"""The module that keeps the tasks, by itself."""

from __future__ import annotations

import asyncio
import gc
import logging
import types
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from codemods.facts.plain import REQUEST_ATTRIBUTES, RESPONSE_ATTRIBUTES
from codemods.plan import keeper


@pytest.fixture
def module() -> Iterator[Any]:
    """The module as an application imports it."""
    made = types.ModuleType("background_tasks")
    exec(compile(keeper.text(keeper.VALUES), "background_tasks.py", "exec"), made.__dict__)
    yield made


async def work(done: list[str], name: str, seconds: float = 0.0) -> None:
    await asyncio.sleep(seconds)
    done.append(name)


async def fail() -> None:
    raise ValueError("on purpose")


def test_tasks_are_held_and_waited_for(module: Any) -> None:
    done: list[str] = []

    async def main() -> None:
        async with module.Background() as background:
            await background.run(work(done, "a", 0.05), work(done, "b"), name="two")
            assert not done
            gc.collect()
            assert background.running == 1
        assert background.running == 0

    asyncio.run(main())
    assert done == ["a", "b"]


def test_an_error_is_logged_once_and_ends_its_task(
    module: Any, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    async def main() -> None:
        async with module.Background() as background:
            await background.run(fail(), work(done, "never"), name="broken")
        gc.collect()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "broken failed"
    ]
    assert not done


def test_what_is_not_done_in_time_is_cancelled(
    module: Any, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    async def main() -> None:
        async with module.Background(timeout=0.05) as background:
            await background.run(work(done, "late", 60), name="late")

    asyncio.run(asyncio.wait_for(main(), 10))
    assert not done
    assert "late was cancelled at shutdown" in caplog.text


@pytest.mark.parametrize("reason", ["no lifespan", "in place", "limit"])
def test_work_that_is_done_at_once(module: Any, reason: str) -> None:
    done: list[str] = []

    async def main() -> None:
        background = module.Background(limit=0 if reason == "limit" else 100)
        background.in_place = reason == "in place"
        if reason != "no lifespan":
            await background.open()
        await background.run(work(done, "a"), name="a")
        assert done == ["a"]
        with pytest.raises(ValueError, match="on purpose"):
            await background.run(fail(), name="broken")

    asyncio.run(main())


def test_futures_are_awaited_as_well(module: Any) -> None:
    done: list[str] = []

    async def main() -> None:
        async with module.Background() as background:
            loop = asyncio.get_running_loop()
            await background.run(
                loop.run_in_executor(None, done.append, "thread"), work(done, "b"), name="future"
            )

    asyncio.run(main())
    assert done == ["thread", "b"]


def test_a_task_that_has_to_start_waits_for_a_place(module: Any) -> None:
    running: list[int] = []
    done: list[str] = []

    async def main() -> None:
        async with module.Background(limit=3) as background:

            async def nested() -> None:
                await background.start(work(done, "inner"), name="inner")
                done.append("outer")

            for number in range(10):
                await background.start(work(done, str(number), 0.01), name="work")
                running.append(background.running)
            for _ in range(5):  # they don't wait for one another
                await background.start(nested(), name="nested")

    asyncio.run(asyncio.wait_for(main(), 10))
    assert max(running) == 3
    assert len(done) == 20


def test_a_started_task_needs_no_lifespan_and_its_error_is_logged(
    module: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        module.background.in_place = True
        await module.background.start(fail(), name="broken")
        await module.background.join()
        gc.collect()

    for _ in range(2):  # each has an event loop of its own
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == ["broken failed"] * 2


def test_the_values_of_a_request_are_all_that_a_task_may_read(module: Any) -> None:
    app, found = FastAPI(), {}

    def read(request: Request) -> dict[str, str]:
        return {name: str(getattr(request, name)) for name in REQUEST_ATTRIBUTES}

    @app.middleware("http")
    async def around(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        values = module.values_of_request(request)
        found["request"] = [read(values), read(request)]
        answer = module.values_of_response(response)
        found["response"] = [
            [str(getattr(one, name)) for name in sorted(RESPONSE_ATTRIBUTES)]
            for one in (answer, response)
        ]
        request.scope["method"] = "PUT"
        request.scope["headers"].clear()
        assert values.method == "POST" and values.headers["x-one"] == "1"
        with pytest.raises(RuntimeError):
            await values.body()
        return response

    @app.post("/items/{number}", status_code=201)
    def create(number: int) -> int:
        return number

    with TestClient(app, root_path="/behind") as client:
        client.cookies.set("a", "b")
        answer = client.post("/items/7?q=1&q=2", headers={"x-one": "1"}, content=b"body")
        assert (answer.status_code, answer.json()) == (201, 7)
    assert found["request"][0] == found["request"][1]
    assert "'number': '7'" in found["request"][0]["path_params"]
    assert found["response"][0] == found["response"][1]
    assert "201" in found["response"][0]
