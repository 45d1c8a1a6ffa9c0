"""The same session dependency in several modules: advice, since one is enough.

Copies are no leak, but each is a key of its own: an override in the tests has to name them all, and
so has whoever changes one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.syntax import Function
from codemods.facts.values import ModuleValue
from codemods.findings import Finding, Level, Treatment
from codemods.passes.session_dependency import codes
from codemods.passes.session_dependency.opened import body_of

_SESSIONS = (known.SESSION, known.ASYNC_SESSION)


def copied(program: Program) -> Iterator[Finding]:
    """One finding for each dependency that says the same as one in an earlier module."""
    first: dict[tuple[object, ...], Function] = {}
    functions = [f for f in program.web.depended if not program.web.in_tests(f.module)]
    for function in sorted(functions, key=lambda f: (f.module.path, f.definition.lineno)):
        if not _gives_session(function, program) or not _is_plain(function):
            continue
        original = first.setdefault(_meaning(function, program), function)
        if original.module is not function.module:
            yield _finding(function, original)


def _is_plain(function: Function) -> bool:
    definition, parent = function.definition, function.parent
    at_top = parent is not None and parent.is_module
    return at_top and not function.parameters and not definition.decorator_list


def _meaning(function: Function, program: Program) -> tuple[object, ...]:
    """What a function does: its body, and where each name in it that is not its own comes from."""
    body = body_of(function)
    names = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Name)]
    meant = (_origin(node, function, program) for node in names if node.id not in function.bindings)
    return (function.is_async, *(ast.dump(part) for part in body), *meant)


def _origin(node: ast.Name, function: Function, program: Program) -> object:
    module = function.module
    if name := program.outside_name(node, module):
        return name
    for value in program.infer(node, module):
        if isinstance(value, ModuleValue):
            return value.module.path
    return program.home(node, module)


def _gives_session(function: Function, program: Program) -> bool:
    return any(
        given.value is not None
        and program.instances_of(program.infer(given.value, function.module), _SESSIONS)
        for given in (*function.yields, *function.returns)
    )


def _finding(function: Function, original: Function) -> Finding:
    module, definition = function.module, function.definition
    return Finding(
        module.path,
        definition.lineno,
        definition.col_offset + 1,
        codes.COPIED.code,
        f"{function.name} is a copy of the one in {original.module.path}: one is enough",
        codes.NAME,
        Level.DISPLAY,
        Treatment.LEFT,
        ("an override in tests has to name each of them",),
        function.qualname,
    )
