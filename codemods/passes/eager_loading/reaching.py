"""Which assignment of a name a place sees, and what happens between two places of a function."""

from __future__ import annotations

import ast
import types
from collections.abc import Sequence

from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Block, Function, Scope

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def blocks(node: ast.AST, module: Module) -> tuple[Block, ...]:
    """The statement lists around ``node``, innermost first: their owner, field and index."""
    known = module.syntax.blocks.get(node)
    if known is None:
        known = module.syntax.blocks[node] = tuple(_blocks(node, module))
    return known


def _blocks(node: ast.AST, module: Module) -> list[Block]:
    found: list[Block] = []
    child = node
    for parent in module.ancestors(node):
        if isinstance(child, ast.stmt):
            for name in ("body", "orelse", "finalbody", "handlers"):
                suite = getattr(parent, name, None)
                if isinstance(suite, list) and any(child is item for item in suite):
                    index = next(i for i, item in enumerate(suite) if item is child)
                    found.append((parent, name, index))
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            break
        child = parent
    return found


def position(node: ast.AST) -> tuple[int, int]:
    """Where a node begins."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def dominates(first: ast.AST, second: ast.AST, module: Module) -> bool:
    """Whether ``first`` was run whenever ``second`` is: it stands before, in a block around it."""
    if first is second or position(first) >= position(second):
        return False
    mine = blocks(module.statement(first), module)
    if not mine:
        return False
    owner, field, index = mine[0]
    return any(o is owner and f == field and i >= index for o, f, i in blocks(second, module))


def is_certain(first: ast.AST, second: ast.AST, module: Module) -> bool:
    """Whether ``first`` was run whenever ``second`` is, also out of a ``with`` or a ``try``.

    The body of a ``try`` was run to its end where none of its handlers goes on behind it.
    """
    return position(first) < position(second) and behind(first, second, module) is (
        module.statement(first)
    )


def behind(first: ast.AST, second: ast.AST, module: Module) -> ast.stmt:
    """The statement around ``first`` that was run whenever ``second`` is.

    It is the outermost branch or loop around ``first`` in which ``second`` does not stand; what
    stands behind it is run whichever way was taken. A ``with`` is not left for that: its session
    ends there.
    """
    statement = module.statement(first)
    there = {(id(owner), field) for owner, field, _ in blocks(second, module)}
    child = statement
    for owner, field, _ in blocks(statement, module):
        if (id(owner), field) in there or isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        if isinstance(owner, ast.With | ast.AsyncWith):
            break
        if _goes_on_only_here(owner, field):
            continue
        # A handler and a case are parts of their statement.
        outer = owner if isinstance(owner, ast.stmt) else module.parent(owner)
        if isinstance(outer, ast.stmt):
            child = outer
    return child


def _goes_on_only_here(owner: ast.AST, field: str) -> bool:
    """Whether what stands behind a ``try`` is only reached through this part of it."""
    return isinstance(owner, ast.Try) and (
        field == "finalbody"
        or (
            field in ("body", "orelse")
            and all(_leaves(handler.body, _LEAVES) for handler in owner.handlers)
        )
    )


def follows(first: ast.AST, second: ast.AST, module: Module) -> bool:
    """Whether ``second`` can run after ``first``: later, and not in another branch."""
    if position(second) <= position(first):
        return False
    here = blocks(module.statement(first), module)
    there = {(id(owner), field): index for owner, field, index in blocks(second, module)}
    for level, (owner, field, index) in enumerate(here):
        suite = getattr(owner, field)
        other = there.get((id(owner), field))
        if other is not None:
            # In one statement, but not in one branch of it: only a try runs several of its parts.
            return other > index or level == 0 or isinstance(suite[index], ast.Try)
        if not isinstance(owner, ast.Try) and any(
            isinstance(item, _LEAVES) for item in suite[index + 1 :]
        ):
            return False
    return False


def loop_around(node: ast.AST, module: Module) -> ast.AST | None:
    """The innermost loop that ``node`` stands in, within its function."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return None
        if isinstance(parent, _LOOPS):
            return parent
    return None


def loops_around(node: ast.AST, module: Module) -> list[ast.AST]:
    """The loops that ``node`` stands in, within its function, innermost first."""
    found: list[ast.AST] = []
    loop = loop_around(node, module)
    while loop is not None:
        found.append(loop)
        loop = loop_around(loop, module)
    return found


def can_go_on(node: ast.AST, module: Module) -> bool:
    """Whether the next turn of the loop around ``node`` can be reached behind it."""
    for owner, field, index in blocks(module.statement(node), module):
        if _leaves(getattr(owner, field)[index:], ast.Return | ast.Raise | ast.Break):
            return False
        if isinstance(owner, _LOOPS):
            return True
    return False


def can_return(node: ast.AST, module: Module) -> bool:
    """Whether a function can return after ``node``, and does not surely raise."""
    for owner, field, index in blocks(module.statement(node), module):
        rest = getattr(owner, field)[index:]
        if _leaves(rest, ast.Return):
            return True
        if _leaves(rest, ast.Raise):
            return False
    return True


def _leaves(suite: Sequence[ast.AST], how: type | types.UnionType | tuple[type, ...]) -> bool:
    return any(isinstance(item, how) for item in suite)


def insertable(statement: ast.stmt, module: Module) -> ast.stmt:
    """The statement before which something can be put: that of an ``elif`` is its ``if``."""
    parent = module.parent(statement)
    while (
        isinstance(statement, ast.If)
        and isinstance(parent, ast.If)
        and statement in parent.orelse
        and module.source(statement).startswith("elif")
    ):
        statement, parent = parent, module.parent(parent)
    return statement


def uses(name: str, function: Function) -> list[ast.Name]:
    """Where a function means its own variable, and not that of a comprehension in it."""
    module = function.module
    return [
        node
        for node in module.syntax.references.get(name, ())
        if isinstance(node, ast.Name)
        and module.function_of(node) is function
        and module.scope_of(node).lookup(name) is function
    ]


def reaching(use: ast.Name, holder: Scope, module: Module) -> list[Binding]:
    """The bindings of a name that can be seen at ``use``."""
    bindings = [b for b in holder.bindings.get(use.id, ()) if b.kind != "augmented"]
    if not isinstance(holder, Function) or module.function_of(use) is not holder:
        return bindings
    statement = module.statement(use)
    before = [b for b in bindings if _is_before(b, use, statement)]
    loop = loop_around(use, module)
    found: list[Binding] = []
    killer: Binding | None = None
    for binding in sorted(before, key=lambda b: position(b.node), reverse=True):
        found.append(binding)
        if binding.kind == "parameter" or _kills(binding, use, module):
            killer = binding
            break
    if loop is not None and (killer is None or not _within(killer.node, loop, module)):
        found += [b for b in bindings if b not in found and _within(b.node, loop, module)]
    return found


def _is_before(binding: Binding, use: ast.AST, statement: ast.stmt) -> bool:
    node = binding.node
    if node is statement and isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return False
    if isinstance(node, ast.NamedExpr):
        return position(node) <= position(use)
    return position(node) < position(use) or binding.kind == "parameter"


def _kills(binding: Binding, use: ast.AST, module: Module) -> bool:
    node = binding.node
    if isinstance(node, ast.For | ast.AsyncFor | ast.With | ast.AsyncWith):
        return node in set(module.ancestors(use))
    if isinstance(node, ast.NamedExpr | ast.comprehension):
        return False
    return dominates(node, use, module)


def _within(node: ast.AST, loop: ast.AST, module: Module) -> bool:
    return node is loop or loop in set(module.ancestors(node))
