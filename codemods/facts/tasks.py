"""Tasks that a function starts and forgets."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function

if TYPE_CHECKING:
    from codemods.facts.program import Program

_TASKS = frozenset(("asyncio.create_task", "asyncio.ensure_future"))
_EMPTY = frozenset(("[]", "set()", "list()", "{}", "dict()"))


def dropped_task(program: Program, statement: ast.AST, function: Function) -> ast.Call | None:
    """The call by which a statement starts a task that nothing holds.

    ``asyncio.create_task(...)`` alone, assigned to a name that the function never reads, or put
    into a list that only grows: nobody ever looks at what is in it.
    """
    match statement:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(attr="append" | "add", value=holder), args=[ast.Call() as call]
            )
        ) if _starts_task(program, call, function.module):
            return call if _only_grows(program, holder, function.module) else None
        case ast.Expr(value=ast.Call() as call):
            pass
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
        ):
            if name in function.outer_names or _is_read(name, function):
                return None
        case _:
            return None
    return call if _starts_task(program, call, function.module) else None


@dataclass(frozen=True)
class Kept:
    """A task that something keeps which is only ever added to, though it is read in ``line``."""

    call: ast.Call
    holder: str
    line: int


def kept_task(program: Program, statement: ast.AST, function: Function) -> Kept | None:
    """The task that a statement puts where nothing takes it out when it is done."""
    match statement:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(attr="append" | "add", value=holder), args=[ast.expr() as task]
            )
        ):
            pass
        case ast.Assign(targets=[ast.Subscript(value=holder)], value=ast.expr() as task):
            pass
        case _:
            return None
    if isinstance(task, ast.Name):
        bindings = function.bindings.get(task.id, [])
        task = bindings[0].value if len(bindings) == 1 and bindings[0].value else task
    if not isinstance(task, ast.Call) or not _starts_task(program, task, function.module):
        return None
    line = _is_only_read(program, holder, function.module)
    return Kept(task, ast.unparse(holder), line) if line else None


def never_let_go(kept: Kept) -> str:
    """What is said of it."""
    return (
        f"{kept.holder} keeps it for ever: line {kept.line} reads what is in there, but nothing "
        "takes it out when it is done (task.add_done_callback)"
    )


def _is_only_read(program: Program, holder: ast.expr, module: Module) -> int:
    """The line that reads a container which is never emptied; 0 where anything else is done."""
    name = _lasting(holder, module)
    if name is None:
        return 0
    line = 0
    for other in program.modules.mentioning((name,)):
        for node in ast.walk(other.tree):
            if _adds(node, name, other) or _imports(node, name) or _puts(node, name, other):
                continue
            if not isinstance(node, ast.Name | ast.Attribute) or not _reads(node, other):
                return 0
            line = node.lineno
    return line


def _lasting(holder: ast.expr, module: Module) -> str | None:
    """The name of a container that outlives the function: of a module, or an attribute."""
    match holder:
        case ast.Attribute(attr=name):
            return name
        case ast.Name(id=name) if name in module.scope.bindings:
            return name
    return None


def _imports(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.alias) and node.name == name and node.asname is None


def _puts(node: ast.AST, name: str, module: Module) -> bool:
    """Whether a node is a dict that something is put into: ``held[key] = task``."""
    item = module.parent(node)
    return (
        isinstance(node, ast.Name | ast.Attribute)
        and isinstance(item, ast.Subscript)
        and item.value is node
        and isinstance(item.ctx, ast.Store)
    )


def _reads(node: ast.Name | ast.Attribute, module: Module) -> bool:
    """Whether a container is looked at, and stays as it is: counted, iterated, unpacked."""
    match module.parent(node):
        case ast.Call(func=ast.Name(id="len" | "list" | "tuple" | "sorted" | "any" | "all")):
            return True
        case ast.For(iter=it) | ast.comprehension(iter=it):
            return it is node
        case ast.Starred() | ast.Compare() | ast.BoolOp() | ast.If() | ast.FormattedValue():
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Subscript(value=value, ctx=ast.Load()):
            return value is node
    return False


def _starts_task(program: Program, call: ast.Call, module: Module) -> bool:
    if program.outside_name(call.func, module) in _TASKS:
        return True
    match call.func:
        case ast.Attribute(attr="create_task", value=loop):
            return program.is_a(loop, module, known.LOOP)
    return False


def _only_grows(program: Program, holder: ast.expr, module: Module) -> bool:
    """Whether a list or set of a module or an object is made empty and only ever added to."""
    name = _lasting(holder, module)
    return name is not None and all(
        _adds(node, name, other)
        for other in program.modules.mentioning((name,))
        for node in ast.walk(other.tree)
    )


def _adds(node: ast.AST, name: str, module: Module) -> bool:
    """Whether a node does not concern what is called ``name``, makes it empty or adds to it."""
    match node:
        case ast.Attribute(attr=found) | ast.Name(id=found) if found == name:
            parent = module.parent(node)
        case ast.Constant(value=found) | ast.alias(name=found) | ast.arg(arg=found):
            return found != name
        case _:
            return True
    match parent:
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return value is not node and (value is None or ast.unparse(value) in _EMPTY)
        case ast.Attribute(attr="append" | "add"):
            call = module.parent(parent)
            return isinstance(call, ast.Call) and isinstance(module.parent(call), ast.Expr)
    return False


def _is_read(name: str, function: Function) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Store)
        for node in ast.walk(function.definition)
    )


def never_ends(function: Function) -> bool:
    """Whether a function has a ``while True`` that nothing leaves."""
    for node in ast.walk(function.definition):
        match node:
            case ast.While(test=ast.Constant(value=value)) if value:
                leaves = (ast.Break, ast.Return, ast.Raise)
                if not any(isinstance(inner, leaves) for inner in ast.walk(node)):
                    return True
    return False
