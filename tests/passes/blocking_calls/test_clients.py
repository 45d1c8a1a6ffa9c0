"""The module of clients that is written into applications."""

from __future__ import annotations

import asyncio
from types import ModuleType

import httpx
import pytest

from codemods.passes.blocking_calls import clients


class Made:
    """A client that remembers whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    async def aclose(self) -> None:
        self.closed += 1


@pytest.fixture
def module() -> ModuleType:
    made = ModuleType("async_clients")
    exec(clients.text(http=True), made.__dict__)
    return made


def test_each_event_loop_has_its_own(module: ModuleType) -> None:
    client = module.PerLoop(Made)

    async def twice() -> Made:
        assert client() is client()
        found = client()
        assert isinstance(found, Made)
        return found

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first is not second
    assert list(client._made.values()) == [second], "that of a loop that ended is forgotten"


def test_the_lifespan_closes_those_of_its_loop(module: ModuleType) -> None:
    client = module.PerLoop(Made)

    async def serve() -> list[Made]:
        async with module.clients:
            during = client()
            assert not during.closed
        after = client()
        return [during, after]

    during, after = asyncio.run(serve())
    assert during.closed == 1
    assert after is not during
    assert not after.closed


def test_no_loop_no_client(module: ModuleType) -> None:
    with pytest.raises(RuntimeError):
        module.http_client()


def test_the_http_client_keeps_nothing_between_requests(module: ModuleType) -> None:
    async def ask() -> list[str | None]:
        seen: list[str | None] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers.get("cookie"))
            return httpx.Response(200, headers={"Set-Cookie": "a=b"})

        client = module.http_client()
        client._transport = httpx.MockTransport(answer)
        for _ in range(2):
            await client.get("http://example.org/")
        return seen

    assert asyncio.run(ask()) == [None, None]
