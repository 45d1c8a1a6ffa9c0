"""What unittest and pytest call by its name: test cases and hooks that wait.

Test cases become ``IsolatedAsyncioTestCase``.
A plain ``TestCase`` calls an ``async def`` test and throws its coroutine away: the test passes
and has done nothing. The async class runs tests, ``asyncSetUp``, ``asyncTearDown`` and what
``addAsyncCleanup`` was given on one event loop. Hooks of a whole class or module (and pytest's
``setup_method`` and its like) have no async form: their body runs on an event loop of its own.
"""

from __future__ import annotations

import ast

from codemods.edits.actions import Rename, ReplaceStatement, Rewrite
from codemods.facts.cases import is_case, is_hook
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.sessions import tables
from codemods.passes.async_session.sessions.sites import receiver_class
from codemods.plan.draft import Draft

_CASES = frozenset({"unittest.TestCase", "unittest.case.TestCase"})
_ASYNC_CASE = "IsolatedAsyncioTestCase"
_HOOKS = {"setUp": "asyncSetUp", "tearDown": "asyncTearDown"}


def edit_cases(analysis: Analysis, draft: Draft) -> None:
    """Give every test case with a method that waits its async form."""
    program = analysis.program
    methods = [
        f for f in analysis.colours.asynchronous if is_case(program, f) and not is_hook(program, f)
    ]
    classes = {
        base: None
        for method in methods
        if not method.is_async and isinstance(method.parent, Class)
        for base in program.mro(method.parent)
        if isinstance(base, Class)
    }
    for cls in classes:
        assert isinstance(cls.node, ast.ClassDef)
        for base in cls.node.bases:
            if program.outside_name(base, cls.module) in _CASES:
                _rebase(draft, base, cls.module)
    for method in methods:
        if method.name in _HOOKS and not method.is_async:
            draft.edit(method.module, method.definition, Rename(_HOOKS[method.name]))
            for reference in program.calls.references(method):
                draft.edit(reference.module, reference.node, Rename(_HOOKS[method.name]))
        _cleanups(analysis, draft, method)


def run_hook(draft: Draft, function: Function) -> None:
    """Run the body of a hook on an event loop of its own."""
    module, definition = function.module, function.definition
    first = min([definition.lineno, *(d.lineno for d in definition.decorator_list)])
    outer = definition.col_offset
    head = [line[outer:] for line in module.lines[first - 1 : definition.body[0].lineno - 1]]
    indent = " " * (definition.body[0].col_offset - outer)
    name = "tear_down" if function.name.lower().startswith("tear") else "set_up"
    draft.add_import(module, "asyncio")
    template = "\n".join(
        [
            *head,
            f"{indent}async def {name}():",
            f"{indent}{indent}{{body}}",
            "",
            f"{indent}asyncio.run({name}())",
        ]
    )
    draft.edit(module, definition, ReplaceStatement(template))


def _rebase(draft: Draft, base: ast.expr, module: Module) -> None:
    if isinstance(base, ast.Attribute):
        draft.edit(module, base, Rename(_ASYNC_CASE))
    elif isinstance(base, ast.Name):
        draft.edit(module, base, Rewrite(draft.add_import(module, "unittest", _ASYNC_CASE)))
        draft.drop_import(module, "unittest", "TestCase")


def _cleanups(analysis: Analysis, draft: Draft, method: Function) -> None:
    """``addCleanup`` of what has to be awaited becomes ``addAsyncCleanup``."""
    for node in method.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="addCleanup"), args=[ast.expr() as done, *_]):
                if _waits(analysis, done, method.module):
                    draft.edit(method.module, node, Rename("addAsyncCleanup"))


def _waits(analysis: Analysis, called: ast.expr, module: Module) -> bool:
    """Whether calling ``called`` gives a coroutine after the flip."""
    for value in analysis.program.infer(called, module):
        if isinstance(value, FunctionValue) and analysis.is_async(value.function):
            return True
    if not isinstance(called, ast.Attribute):
        return False
    owner = receiver_class(analysis.program, called.value, module)
    return called.attr in tables.AWAITED.get(owner, ())
