"""One event loop for all tests, where pytest-asyncio would give each of them its own.

A fixture of a module or of the session opens what its tests use: it has to live on their loop.
"""

from __future__ import annotations

import ast

from codemods.edits.actions import Arguments, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.plan.draft import Draft

LOOP = 'loop_scope="session"'


def is_wide(fixture: Function) -> bool:
    """Whether a fixture lives longer than one test."""
    return any(
        keyword.arg == "scope"
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value == "function")
        for decorator in fixture.definition.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    )


def on_loop(draft: Draft, decorator: ast.expr, module: Module) -> None:
    """A fixture or a mark, with or without arguments, gets the loop of all."""
    if isinstance(decorator, ast.Call):
        draft.edit(module, decorator, Arguments((), (("loop_scope", '"session"'),)))
    else:
        draft.edit(module, decorator, Rewrite(f"{{self}}({LOOP})"))


def marks_on_loop(program: Program, draft: Draft) -> None:
    """So do the tests and fixtures that were async before, unless they name a loop."""
    for module in program.modules.mentioning(("asyncio", "pytest_asyncio")):
        if not program.web.in_tests(module):
            continue
        for name in ("asyncio", "fixture"):
            for node in module.syntax.references.get(name, ()):
                found = program.outside_name(node, module)
                if found not in ("pytest.mark.asyncio", "pytest_asyncio.fixture"):
                    continue
                call = module.parent(node)
                if not (isinstance(call, ast.Call) and call.func is node):
                    on_loop(draft, node, module)
                elif not any(keyword.arg == "loop_scope" for keyword in call.keywords):
                    on_loop(draft, call, module)
