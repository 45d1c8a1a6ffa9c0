"""Where ``asyncio.sleep`` does the same as ``time.sleep``, and the edits that put it there."""

from __future__ import annotations

import ast
from functools import cached_property

from codemods.edits.actions import Await, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.values import External
from codemods.plan.draft import Draft


class Sleeps:
    """Judges the pauses of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def _has_trio(self) -> bool:
        return bool(self.program.modules.mentioning(("trio",)))

    @cached_property
    def is_mocked(self) -> bool:
        """Whether a test replaces ``time.sleep``, which it could no longer do."""
        return any(
            self.program.web.in_tests(module)
            and not module.identifiers.isdisjoint(("patch", "monkeypatch", "setattr", "mocker"))
            for module in self.program.modules.mentioning(("sleep",))
        )

    def alike(self, call: ast.Call, module: Module) -> bool:
        """Whether ``asyncio.sleep`` does the same as this call."""
        if self.program.infer(call.func, module) != frozenset((External("time.sleep"),)):
            return False
        if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
            return False
        if self._has_trio or self.is_mocked or _expects_value_error(call, module):
            return False
        scope = module.scope_of(call).lookup("asyncio")
        return scope is None or (
            scope.is_module and all(b.kind == "import" for b in scope.bindings["asyncio"])
        )


def sleep(draft: Draft, call: ast.Call, module: Module) -> None:
    """``time.sleep(1)`` becomes ``await asyncio.sleep(1)``."""
    name = draft.add_import(module, "asyncio")
    draft.edit(module, call, Rewrite(f"{name}.sleep({{0}})"))
    draft.edit(module, call, Await())
    draft.drop_import(module, "time")
    draft.drop_import(module, "time", "sleep")


def _expects_value_error(call: ast.Call, module: Module) -> bool:
    """Whether the code around handles what ``time.sleep`` says to a negative number."""
    return any(
        isinstance(parent, ast.Try)
        and any(
            handler.type is None or "ValueError" in ast.unparse(handler.type)
            for handler in parent.handlers
        )
        for parent in module.ancestors(call)
    )
