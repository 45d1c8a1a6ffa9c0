"""Test clients that share a session with the test: they have to run on the test's event loop.

``TestClient`` runs the application on a loop of its own, in a thread. A session (and its
connection) that the test and the application share belongs to one loop, so there the client
becomes ``httpx.AsyncClient``. Where nothing is shared the ``TestClient`` stays.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import Instance

REQUESTS = frozenset("get post put patch delete options head request".split())


@dataclass(frozen=True, eq=False)
class ClientCall:
    """A request (or the entering) of a client that becomes async."""

    call: ast.Call
    module: Module
    function: Function | None
    method: str


@dataclass
class Clients:
    """The clients of a program that have to become async, and their calls."""

    program: Program
    folders: tuple[str, ...] = ()
    made: list[ClientCall] = field(default_factory=list)
    calls: list[ClientCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folders = tuple(
            {o.module.folder for o in self.program.web.overrides if self.program.web.shares(o)}
        )
        if self.folders:
            self._find()

    def covers(self, module: Module) -> bool:
        """Whether the clients of a module become async."""
        return any(
            not folder or module.folder == folder or module.folder.startswith(folder + "/")
            for folder in self.folders
        )

    def _find(self) -> None:
        for module in self.program.modules.mentioning(REQUESTS | {"TestClient"}):
            if not self.covers(module):
                continue
            for name, calls in module.syntax.calls.items():
                for call in calls:
                    self._classify(name, call, module)

    def _classify(self, name: str, call: ast.Call, module: Module) -> None:
        if self.program.outside_name(call.func, module) == known.TEST_CLIENT:
            self.made.append(ClientCall(call, module, module.function_of(call), ""))
            if isinstance(module.parent(call), ast.withitem):
                self.calls.append(ClientCall(call, module, module.function_of(call), "enter"))
            return
        if name not in REQUESTS or not isinstance(call.func, ast.Attribute):
            return
        if any(
            isinstance(v, Instance) and v.cls == known.TEST_CLIENT
            for v in self.program.infer(call.func.value, module)
        ):
            self.calls.append(ClientCall(call, module, module.function_of(call), name))
