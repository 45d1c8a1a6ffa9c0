"""The classes and codes of the driver's errors, as ``error.orig`` gives them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Rename, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.plan.draft import Draft

_ERRORS = "psycopg2.errors."
_CODES = "psycopg2.errorcodes."


def edit_driver_errors(
    program: Program, draft: Draft, driver: str
) -> Iterator[tuple[ast.expr, Module, str]]:
    """Errors of psycopg2 become those of psycopg; gives what asyncpg has no match for."""
    for module in program.modules.mentioning(("psycopg2", "pgcode", "diag")):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and _is_original(node.value):
                yield from _attribute(draft, node, module, driver)
            elif isinstance(node, ast.Name | ast.Attribute):
                yield from _name(program, draft, node, module, driver)


def _is_original(node: ast.expr) -> bool:
    """Whether an expression is the error that the driver raised: ``error.orig``."""
    return isinstance(node, ast.Attribute) and node.attr == "orig"


def _attribute(
    draft: Draft, node: ast.Attribute, module: Module, driver: str
) -> Iterator[tuple[ast.expr, Module, str]]:
    if node.attr == "pgcode" and driver == "psycopg":
        draft.edit(module, node, Rename("sqlstate"))
    if node.attr == "diag" and driver == "asyncpg":
        yield node, module, "the errors of asyncpg have no `diag`: ask its `__cause__`"


def _name(
    program: Program, draft: Draft, node: ast.Name | ast.Attribute, module: Module, driver: str
) -> Iterator[tuple[ast.expr, Module, str]]:
    if not _is_whole(program, node, module):
        return
    outside = program.outside_name(node, module)
    if outside.startswith(_CODES):
        words = outside.removeprefix(_CODES).split("_")
        name, rest = "".join(word.capitalize() for word in words), ".sqlstate"
    elif outside.startswith(_ERRORS):
        name, rest = outside.removeprefix(_ERRORS), ""
    else:
        return
    if not name.isidentifier():
        return
    if driver != "psycopg":
        if not rest:
            yield node, module, f"{driver} raises errors of its own: compare `orig.sqlstate`"
        return
    errors = "errors" if _is_free("errors", program, module) else "psycopg_errors"
    draft.add_import(module, "psycopg", "errors", "" if errors == "errors" else errors)
    draft.edit(module, node, Rewrite(f"{errors}.{name}{rest}"))
    _drop(draft, module, outside)


def _is_whole(program: Program, node: ast.Name | ast.Attribute, module: Module) -> bool:
    """Whether a name is not just the beginning of the name of another error or code."""
    parent = module.parent(node)
    if not isinstance(node.ctx, ast.Load) or not isinstance(parent, ast.Attribute):
        return isinstance(node.ctx, ast.Load)
    longer = program.outside_name(parent, module)
    return not longer.startswith((_ERRORS, _CODES))


def _is_free(name: str, program: Program, module: Module) -> bool:
    """Whether a name of a module is not bound, or bound to the errors of psycopg2."""
    bindings = module.scope.bindings.get(name, ())
    return all(
        isinstance(parent := module.parent(binding.node), ast.ImportFrom)
        and parent.module == "psycopg2"
        for binding in bindings
    )


def _drop(draft: Draft, module: Module, outside: str) -> None:
    """Drop the import that the name came by, if nothing else uses it."""
    package, _, name = outside.rpartition(".")
    draft.drop_import(module, package, name)
    draft.drop_import(module, *package.rsplit(".", 1))
    draft.drop_import(module, "psycopg2")
    draft.drop_import(module, package)
