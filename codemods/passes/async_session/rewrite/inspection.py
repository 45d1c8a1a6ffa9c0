"""``Inspector``: it asks the database lazily, so each question runs within ``run_sync``."""

from __future__ import annotations

import ast

from codemods.edits.actions import Await, RemoveStatement, ReplaceStatement, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.rewrite.binds import engine_source
from codemods.plan.draft import Draft

_SIMPLE = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.Assert)


def inspect_within(analysis: Analysis, draft: Draft, call: ast.Call, module: Module) -> None:
    """``inspect(engine).get_columns(t)`` runs on a connection of the async engine."""
    program = analysis.program
    assert isinstance(call.func, ast.Attribute)
    source = inspected(program, call.func.value, module)
    if source is None:
        return
    inspection, statement = source
    bind = inspection.args[0]
    inspect = module.source(inspection.func)
    name = "connection"
    if program.is_a(bind, module, known.CONNECTION):
        name = module.source(bind)
    else:
        holder = module.statement(call)
        if not isinstance(holder, _SIMPLE):
            return
        draft.edit(
            module,
            holder,
            ReplaceStatement(
                f"async with {engine_source(program, bind, module)}.connect() as connection:\n"
                "    {self}"
            ),
        )
    question = f"{inspect}(connection).{call.func.attr}({{args}})"
    draft.edit(module, call, Rewrite(f"{name}.run_sync(lambda connection: {question})"))
    draft.edit(module, call, Await())
    if statement is not None:
        draft.edit(module, statement, RemoveStatement())
        draft.drop_import(module, "sqlalchemy.engine.reflection", "Inspector")
        draft.drop_import(module, "sqlalchemy", "Inspector")


def inspected(
    program: Program, node: ast.expr, module: Module
) -> tuple[ast.Call, ast.stmt | None] | None:
    """The call of ``inspect`` behind an inspector, and the statement that only names it."""
    if isinstance(node, ast.Call) and node.args:
        return node, None
    found = program.binding(node, module)
    if found is None or not isinstance(found[0].value, ast.Call) or not found[0].value.args:
        return None
    statement = found[0].node
    return found[0].value, statement if isinstance(statement, ast.stmt) else None
