"""What runs in the process of the service: its requests, its start, its threads and schedulers.

A command has a process of its own, and so has the task of a worker.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.connected import imported
from codemods.facts.entries import Kind
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.plan.climb import is_main_block

#: Entries that run in threads of the process that registers them; all other ones run elsewhere.
_THREADS = (
    "the target of a thread",
    "the function of a timer",
    "a job of BackgroundScheduler",
    "a job of schedule",
    "a job of an executor",
    "a job of a pool",
)
#: Libraries whose decorators register what the service runs.
_SERVICE = ("fastapi.", "starlette.")


class Service:
    """The part of a program that the process of the service runs."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def uses(self, references: Iterable[Reference]) -> bool:
        """Whether one of some references can be reached in the process of the service."""
        waiting: list[Function] = []
        for reference in references:
            function = _user(reference.node, reference.module)
            if function is not None:
                waiting.append(function)
            elif self._at_import(reference):
                return True
        seen: set[Function] = set()
        while waiting:
            function = waiting.pop()
            if function in seen or self.program.web.in_tests(function.module):
                continue
            seen.add(function)
            if self._is_called(function):
                return True
            for reference in self._followed(function):
                caller = reference.module.function_of(reference.node)
                if caller is not None:
                    waiting.append(caller)
                elif self._at_import(reference):
                    return True
        return False

    def _is_called(self, function: Function) -> bool:
        """Whether FastAPI calls a function."""
        web = self.program.web
        if function in web.routes or function in web.depended:
            return True
        return any(name.startswith(_SERVICE) for name in self.program.decorators(function))

    def _followed(self, function: Function) -> Iterable[Reference]:
        """The places from where a function comes to run in the process that they are part of."""
        references = self.program.calls.references(function)
        entry = self.program.entries.all.get(function)
        if entry is None or (entry.kind is Kind.JOB and entry.what in _THREADS):
            return references
        # ``task.delay()`` hands it to another process; to call it does not.
        return [reference for reference in references if reference.call is not None]

    def _at_import(self, reference: Reference) -> bool:
        """Whether a module that the service imports uses something while it is imported."""
        module = reference.module
        return (
            module in self._modules
            and not is_main_block(reference.node, module)
            and not any(
                isinstance(parent, ast.Import | ast.ImportFrom)
                for parent in module.ancestors(reference.node)
            )
        )

    @cached_property
    def _modules(self) -> frozenset[Module]:
        """The modules with the applications, and all that they import."""
        program = self.program
        waiting = [
            module
            for module in program.modules.mentioning(("FastAPI",))
            if not program.web.in_tests(module)
            if any(
                program.outside_name(call.func, module) == known.FASTAPI
                for call in module.syntax.calls.get("FastAPI", ())
            )
        ]
        found: set[Module] = set()
        while waiting:
            module = waiting.pop()
            if module not in found and not is_migration(module):
                found.add(module)
                waiting += imported(module, program.modules)
        return frozenset(found)


def _user(node: ast.AST, module: Module) -> Function | None:
    """The function that a reference stands in, its signature included."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            return module.functions.get(parent)
    return None
