"""What unittest and pytest call by its name: methods of test cases, hooks around tests."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts.syntax import Class, Function

if TYPE_CHECKING:
    from codemods.facts.calls import Reference
    from codemods.facts.program import Program

_OF_CASES = frozenset({"setUpClass", "tearDownClass"})
_OF_CLASSES = frozenset({"setup_class", "setup_method", "teardown_class", "teardown_method"})
_OF_MODULES = frozenset(
    """setUpModule setup_module setup_function tearDownModule teardown_module
    teardown_function""".split()
)


def is_case(program: Program, function: Function) -> bool:
    """Whether a function is a method of a test case of unittest's."""
    return isinstance(function.parent, Class) and any(
        isinstance(base, str) and base.startswith("unittest.")
        for base in program.mro(function.parent)
    )


def is_cleanup(program: Program, reference: Reference) -> bool:
    """Whether a reference is what a test case shall call at its end."""
    parent = reference.module.parent(reference.node)
    function = reference.module.function_of(reference.node)
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr == "addCleanup"
        and parent.args[:1] == [reference.node]
        and function is not None
        and is_case(program, function)
    )


def is_hook(program: Program, function: Function) -> bool:
    """Whether a test runner calls a function outside of any event loop, and awaits nothing."""
    if not program.web.in_tests(function.module):
        return False
    if function.parent is function.module.scope:
        return function.name in _OF_MODULES
    if not isinstance(function.parent, Class):
        return False
    if is_case(program, function):
        return function.name in _OF_CASES
    return function.parent.name.startswith("Test") and function.name in _OF_CLASSES


def hook_obstacle(program: Program, function: Function) -> str:
    """Why a hook can't have its body run on an event loop of its own, or ""."""
    if not is_hook(program, function):
        return ""
    asks_base = any(
        isinstance(node, ast.Call)
        and not node.args
        and isinstance(node.func, ast.Name)
        and node.func.id == "super"
        for node in function.nodes
    )
    if asks_base:
        return f"is {function.name}, which nobody awaits, and calls that of its base class"
    first = function.definition.body[0]
    if function.module.lines[first.lineno - 1][: first.col_offset].strip():
        return f"is {function.name}, which nobody awaits, on one line"
    return ""
