"""What stands around a call: the with statement that waits with it, the loop that repeats it."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.blocking_table import CLOSES_SLOWLY
from codemods.facts.values import External
from codemods.passes.blocking_calls.sites import Site


def closing_block(program: Program, site: Site) -> ast.With | None:
    """The with statement that a call is entered by, and that waits once more when it is left."""
    item = site.module.parent(site.call)
    if not isinstance(item, ast.withitem):
        return None
    values = program.infer(site.call.func, site.module)
    if not any(isinstance(v, External) and v.name.startswith(CLOSES_SLOWLY) for v in values):
        return None
    block = site.module.parent(item)
    return block if isinstance(block, ast.With) else None


def last_statement(block: ast.With) -> ast.stmt:
    """The statement after which a with statement is left."""
    last: ast.stmt = block.body[-1]
    while isinstance(last, ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.Try):
        last = last.body[-1]
    return last


def is_in_loop(node: ast.AST, site: Site) -> bool:
    """Whether a loop of the function repeats a statement."""
    for parent in site.module.ancestors(node):
        if parent is site.function.definition:
            return False
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            return True
    return False


def opening_block(site: Site) -> ast.With | None:
    """The with statement that a call is entered by."""
    item = site.module.parent(site.call)
    block = site.module.parent(item) if isinstance(item, ast.withitem) else None
    return block if isinstance(block, ast.With) else None
