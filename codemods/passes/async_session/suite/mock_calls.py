"""Where tests make mocks, and what holds them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.patches import FIXTURES, LIBRARIES
from codemods.facts.syntax import Class
from codemods.facts.values import Instance

#: The classes that make sync mocks, by the word that calls them.
WORDS = ("Mock", "MagicMock")
_MOCKS = frozenset(f"{library}.{name}" for library in LIBRARIES for name in WORDS)
#: What such a mock is known to be.
MOCKS = tuple(Instance(name) for name in sorted(_MOCKS))


def is_mock_class(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether an expression is ``Mock`` or ``MagicMock``, also those of pytest-mock."""
    if program.outside_name(node, module) in _MOCKS:
        return True
    return isinstance(node, ast.Attribute) and node.attr in WORDS and is_mocker(node.value)


def is_mocker(node: ast.expr) -> bool:
    """Whether an expression is the fixture of pytest-mock."""
    return isinstance(node, ast.Name) and node.id in FIXTURES and node.id.endswith("mocker")


def made(program: Program) -> Iterator[tuple[ast.Call, Module]]:
    """Each mock that a test makes by its class."""
    for module in program.modules.mentioning(WORDS):
        if program.web.in_tests(module):
            for name in WORDS:
                for call in module.syntax.calls.get(name, ()):
                    if is_mock_class(program, call.func, module):
                        yield call, module


def creation(
    program: Program, node: ast.expr, module: Module
) -> tuple[ast.Call, Module] | None:
    """The call of ``Mock`` or ``MagicMock`` that made what an expression is."""
    found = (node, module)
    if isinstance(node, ast.Name | ast.Attribute):
        found = program.definition(node, module) or found
    call, home = found
    if isinstance(call, ast.Call) and is_mock_class(program, call.func, home):
        return call, home
    return None


def uses(call: ast.expr, module: Module) -> Iterator[ast.expr]:
    """Where a mock is used: the places of the name or of the test's attribute that holds it."""
    parent = module.parent(call)
    target = None
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
    elif isinstance(parent, ast.AnnAssign):
        target = parent.target
    match target:
        case ast.Name(id=name):
            holder = module.scope_of(target).lookup(name)
            for node in module.syntax.references.get(name, ()):
                loaded = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
                if loaded and module.scope_of(node).lookup(name) is holder:
                    yield node
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            owner = _class_of(target, module)
            for node in module.syntax.references.get(name, ()):
                match node:
                    case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Load()):
                        if _class_of(node, module) is owner:
                            yield node
        case _:
            yield call


def _class_of(node: ast.AST, module: Module) -> Class | None:
    function = module.function_of(node)
    return function.parent if function and isinstance(function.parent, Class) else None


def spec_of(call: ast.Call) -> ast.expr | None:
    """What a mock is told to be like."""
    if call.args:
        return call.args[0]
    return next((k.value for k in call.keywords if k.arg in ("spec", "spec_set")), None)
