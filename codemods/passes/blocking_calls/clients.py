"""The module that is written into the application: clients that belong to an event loop."""

from __future__ import annotations

#: Names for the module, the first that is free.
MODULES = ("async_clients", "loop_clients", "application_clients")

#: The object that the application enters.
NAME = "clients"
#: The class of a client that each event loop has for itself.
PER_LOOP = "PerLoop"
#: The client for single HTTP requests.
HTTP = "http_client"

TEXT = '''\
"""Clients of other services: one for each event loop, closed when the application stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar


class Client(Protocol):
    """What has connections to close."""

    def aclose(self) -> Awaitable[None]: ...


ClientT = TypeVar("ClientT", bound=Client)


class PerLoop(Generic[ClientT]):
    """A client that is made when an event loop first asks for it.

    Connections belong to the loop that opened them: in tests there can be several.
    """

    def __init__(self, make: Callable[[], ClientT]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, ClientT] = {}
        clients.add(self)

    def __call__(self) -> ClientT:
        """The client of the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            for ended in [one for one in self._made if one.is_closed()]:
                self._made.pop(ended, None)
            self._made[loop] = self._make()
        return self._made[loop]

    async def aclose(self) -> None:
        """Close the client of the running event loop; the next call makes a new one."""
        client = self._made.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()


class Clients:
    """All clients; the lifespan of the application enters it, and closes them on leaving."""

    def __init__(self) -> None:
        self._all: list[Client] = []

    def add(self, client: Client) -> None:
        """Close ``client`` with the others."""
        self._all.append(client)

    async def open(self) -> None:
        """Clients are made when they are needed."""

    async def close(self) -> None:
        """Close what the running event loop has."""
        for client in self._all:
            await client.aclose()

    async def __aenter__(self) -> Clients:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


clients = Clients()
'''

#: What is added where single requests are made.
HTTP_IMPORTS = """\
from http.cookiejar import CookieJar, DefaultCookiePolicy
"""
HTTP_TEXT = '''

def _make_http_client() -> httpx.AsyncClient:
    """A client for requests that have nothing in common: no cookies, no kept connections."""
    return httpx.AsyncClient(
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
    )


http_client = PerLoop(_make_http_client)
'''


def text(*, http: bool) -> str:
    """The text of the module, with the client for single requests or without."""
    if not http:
        return TEXT
    imports = "from collections.abc import Awaitable, Callable\n"
    first = TEXT.replace(imports, f"{imports}{HTTP_IMPORTS}")
    own = "from typing import Generic, Protocol, TypeVar\n"
    return first.replace(own, f"{own}\nimport httpx\n") + HTTP_TEXT
