"""Calls that hold their thread: which of the table a call is, and what reaches one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.blocking_table import (
    ALL_BUT,
    FUNCTIONS,
    METHODS,
    WITH_FILES,
    Blocker,
    Form,
)
from codemods.facts.modules import Module
from codemods.facts.streamed import Streamed
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Instance, Method, Value

if TYPE_CHECKING:
    from codemods.facts.program import Program


class Blocking:
    """Which calls and functions of a program hold their thread.

    With ``left``, what is left where it stands (locks, event loops) counts as well.
    """

    def __init__(self, program: Program, *, left: bool = False) -> None:
        self.program = program
        self.left = left
        self.streamed = Streamed(program)
        self._functions: dict[Function, str] = {}
        self._generators: dict[Function, str] = {}

    def call(self, call: ast.Call, module: Module) -> Blocker | None:
        """What is known of a call of a library, if it blocks."""
        for value in self.program.infer(call.func, module):
            blocker = self.known(value, call, module)
            if blocker is None or _at_once(value, call):
                continue
            if not (blocker.streamed and self.streamed.is_whole(call.func, module)):
                return blocker
        return None

    def known(self, value: Value, call: ast.Call, module: Module) -> Blocker | None:
        """What the tables say of one of the things that are called."""
        match value:
            case External(name=name):
                if name in WITH_FILES and self._has_file(call, module):
                    return WITH_FILES[name]
                if name in FUNCTIONS:
                    return FUNCTIONS[name]
                cls, _, method = name.rpartition(".")
                return METHODS.get(cls, {}).get(method)
            case Method(owner=Instance(cls=str() as cls), name=name):
                return _method(cls, name)
        return None

    def _has_file(self, call: ast.Call, module: Module) -> bool:
        arguments = (*call.args, *(keyword.value for keyword in call.keywords))
        return any(self.program.is_a(node, module, known.FILE) for node in arguments)

    def function(self, function: Function) -> str:
        """What a sync function of the code base waits for, through whatever it calls, or ""."""
        if function in self._functions:
            return self._functions[function]
        self._functions[function] = ""
        if not function.is_async and not function.is_generator:
            self._functions[function] = self._inside(function)
        return self._functions[function]

    def _inside(self, function: Function) -> str:
        module = function.module
        for node in function.nodes:
            if not isinstance(node, ast.Call) or module.function_of(node) is not function:
                continue
            blocker = self.call(node, module)
            if blocker is not None and self._counts(blocker):
                return blocker.reason
            for callee in self.callees(node, module):
                if reason := self.function(callee) or self.generator(callee):
                    return reason
        return ""

    def _counts(self, blocker: Blocker) -> bool:
        return blocker.form is not Form.LEFT or (self.left and not blocker.slight)

    def generator(self, function: Function) -> str:
        """What the steps of a sync generator wait for, or ""."""
        if function.is_async or not function.is_generator:
            return ""
        if function not in self._generators:
            self._generators[function] = ""
            self._generators[function] = self._inside(function)
        return self._generators[function]

    def callees(self, call: ast.Call, module: Module) -> list[Function]:
        """The functions of the code base that a call names, and that it may have to wait for."""
        values = self.program.infer(call.func, module)
        functions = [value.function for value in values if isinstance(value, FunctionValue)]
        return [function for function in functions if not self._is_kept(function)]

    def _is_kept(self, function: Function) -> bool:
        """Whether a function runs once, and its result is kept: ``@lru_cache`` of no arguments."""
        arguments = function.definition.args
        return not (
            function.parameters or arguments.vararg or arguments.kwarg
        ) and self.program.decorated(function, *known.CACHES)

    def reason(self, call: ast.Call, module: Module) -> str:
        """What a call waits for that a thread can wait for instead, or ""."""
        blocker = self.call(call, module)
        if blocker is not None:
            return blocker.reason if self._counts(blocker) else ""
        return next(filter(None, map(self.function, self.callees(call, module))), "")


def _method(cls: str, name: str) -> Blocker | None:
    for base in known.ancestry(cls):
        if name in METHODS.get(base, {}):
            return METHODS[base][name]
        if base in ALL_BUT:
            blocker, others = ALL_BUT[base]
            return None if name in others or name.startswith("_") else blocker
    return None


#: Classes that wait when they are made only if they are given something to connect to.
_CONNECTING = ("smtplib.", "ftplib.", "imaplib.")
#: Arguments with which a method does not wait.
_IMPATIENT = {"block": False, "blocking": False}


def _at_once(value: Value, call: ast.Call) -> bool:
    """Whether the arguments of a call say that it does not wait."""
    if isinstance(value, External) and value.name.startswith(_CONNECTING):
        return not call.args and not any(k.arg in ("host", None) for k in call.keywords)
    return any(
        isinstance(keyword.value, ast.Constant)
        and _IMPATIENT.get(keyword.arg or "") is keyword.value.value
        for keyword in call.keywords
    )


__all__ = ["Blocking", "Instance"]
