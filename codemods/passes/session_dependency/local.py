"""Sessions that a function opens for itself and never closes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from codemods.edits import Edit, RemoveStatement, ReplaceStatement
from codemods.edits.templates import holes_of
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue, Instance
from codemods.findings import Code
from codemods.passes.session_dependency import codes
from codemods.passes.session_dependency.opened import Opened, opened_in, opens, own_nodes

_SCALARS = frozenset({"builtins.int", "builtins.str", "builtins.bool", "builtins.float"})


@dataclass
class Unclosed:
    """A session that stays open, its edits, or the reason why it is left as it is."""

    function: Function
    code: Code
    node: ast.stmt | ast.expr
    reason: str = ""
    edits: list[Edit] = field(default_factory=list)


def unclosed(function: Function, program: Program) -> list[Unclosed]:
    """The sessions that ``function`` opens and that nobody closes."""
    found = [_kept(node, function) for node in _stored(function, program)]
    for opened in opened_in(function, program):
        if _is_closed(opened, function) or _is_lent(opened.call, function, program):
            continue
        problem = Unclosed(function, codes.UNCLOSED, opened.statement)
        problem.reason = _escape(opened, function, program)
        if problem.reason == "given out":
            continue
        if not problem.reason:
            _wrap(opened, problem)
        found.append(problem)
    return found


def _is_lent(call: ast.Call, function: Function, program: Program) -> bool:
    """Whether the session works on a connection that is (or could be) somebody else's.

    Migrations and event listeners make such sessions; they hold no connection of their own.
    """
    bind = next((k.value for k in call.keywords if k.arg == "bind"), None)
    if bind is None and call.args:
        bind = call.args[0]
    return bind is not None and not program.is_a(bind, function.module, known.ENGINE)


def _is_closed(opened: Opened, function: Function) -> bool:
    """Whether the function (or one within it) closes the session or enters it."""
    for node in ast.walk(function.definition):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=opened.name), attr=attr)):
                if attr in ("close", "remove", "__exit__", "close_all"):
                    return True
            case ast.Call(func=ast.Name(id="closing") | ast.Attribute(attr="closing"), args=args):
                if any(isinstance(a, ast.Name) and a.id == opened.name for a in args):
                    return True
            case ast.Call(func=ast.Attribute(attr="enter_context" | "callback" | "addfinalizer")):
                if any(isinstance(n, ast.Name) and n.id == opened.name for n in ast.walk(node)):
                    return True
            case ast.Try(finalbody=final) if any(
                isinstance(argument, ast.Name) and argument.id == opened.name
                for statement in final
                for call in ast.walk(statement)
                if isinstance(call, ast.Call)
                for argument in call.args
            ):
                return True
            case ast.With(items=items) | ast.AsyncWith(items=items):
                if any(
                    isinstance(item.context_expr, ast.Name) and item.context_expr.id == opened.name
                    for item in items
                ):
                    return True
    return False


def _escape(opened: Opened, function: Function, program: Program) -> str:
    """How the session, or what was loaded with it, leaves the function; "" if it does not."""
    name, module = opened.name, function.module
    if len(function.bindings.get(name, ())) != 1:
        return "the name is bound more than once"
    for node in ast.walk(function.definition):
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        if module.function_of(node) is not function:
            return "a function within this one uses it"
        parent = module.parent(node)
        if isinstance(parent, ast.keyword):
            parent = module.parent(parent)
        if isinstance(parent, ast.Return | ast.Yield):
            return "given out"
        if isinstance(parent, ast.Attribute | ast.Compare | ast.BoolOp | ast.If | ast.UnaryOp):
            continue
        if (
            isinstance(parent, ast.Call)
            and all(
                isinstance(v, FunctionValue) and not v.function.is_generator
                for v in program.infer(parent.func, module)
            )
            and program.infer(parent.func, module)
        ):
            continue
        return f"it is handed on in line {node.lineno}"
    if function.is_generator:
        return "the function is a generator"
    for statement in function.returns:
        if statement.value is not None and not _is_plain(statement.value, function, program):
            return (
                f"what line {statement.lineno} returns could still load something "
                "when the session is closed"
            )
    return ""


def _is_plain(node: ast.expr, function: Function, program: Program) -> bool:
    """Whether a returned value provably holds no mapped instance."""
    match node:
        case ast.Constant() | ast.JoinedStr() | ast.Compare():
            return True
        case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            return all(_is_plain(value, function, program) for value in values)
        case ast.UnaryOp(operand=operand):
            return _is_plain(operand, function, program)
        case ast.BoolOp(values=values):
            return all(_is_plain(value, function, program) for value in values)
        case ast.Call(func=ast.Name(id="len" | "bool" | "str" | "int" | "float" | "sum")):
            return True
        case ast.Call():
            return _is_scalar(node, function, program)
        case ast.Attribute(value=value, attr=name):
            owners = program.models.entities(program.infer(value, function.module))
            return bool(owners) and all(name in program.models.columns(o) for o in owners)
        case ast.Name():
            return _is_scalar(node, function, program)
    return False


def _is_scalar(node: ast.expr, function: Function, program: Program) -> bool:
    found = program.infer(node, function.module)
    return bool(found) and all(isinstance(v, Instance) and v.cls in _SCALARS for v in found)


def _wrap(opened: Opened, problem: Unclosed) -> None:
    """``with SessionLocal() as db:`` around all that follows."""
    function = problem.function
    module, body = function.module, function.definition.body
    if opened.statement not in body:
        problem.reason = "it is opened within another statement"
        return
    index = body.index(opened.statement)
    rest = body[index + 1 :]
    call = module.source(opened.call)
    if "\n" in call or holes_of(call):
        problem.reason = "it is opened in a call over several lines"
    elif len(rest) == 1:
        template = f"with {call} as {opened.name}:\n    {{self}}"
        problem.edits = [
            Edit(module.key(rest[0]), ReplaceStatement(template)),
            Edit(module.key(opened.statement), RemoveStatement()),
        ]
    elif not rest:
        problem.reason = "nothing uses it"
    else:
        _wrap_body(opened, problem, body[:index], call)


def _wrap_body(opened: Opened, problem: Unclosed, before: list[ast.stmt], call: str) -> None:
    """Write the function anew with its body moved: comments and layout stay as they are."""
    function = problem.function
    module, definition = function.module, function.definition
    if any(not isinstance(s, ast.Expr | ast.Assign | ast.Global) for s in before):
        problem.reason = "too much stands before it"
        return
    first = definition.decorator_list[0].lineno if definition.decorator_list else definition.lineno
    head = module.lines[first - 1 : definition.body[0].lineno - 1]
    if definition.decorator_list:
        head = _from_decorator(head)
    early = [module.source(statement) for statement in before]
    column = definition.body[0].col_offset - definition.col_offset
    indent = " " * column
    if (
        not head
        or any(holes_of(line) for line in [*head, *early])
        or any("\n" in text and '"""' not in text for text in early)
        or not head[-1].rstrip().endswith(":")
    ):
        problem.reason = "the head of the function can't be written anew"
        return
    outer = definition.col_offset
    lines = [line[outer:] for line in head]
    lines += [indent + text for text in early]
    lines += [f"{indent}with {call} as {opened.name}:", f"{indent}{indent}{{body}}"]
    problem.edits = [
        *(Edit(module.key(statement), RemoveStatement()) for statement in before),
        Edit(module.key(opened.statement), RemoveStatement()),
        Edit(module.key(definition), ReplaceStatement("\n".join(lines))),
    ]


def _from_decorator(head: list[str]) -> list[str]:
    return head if head and head[0].lstrip().startswith("@") else []


# -- sessions that are stored ------------------------------------------------------------------


def _stored(function: Function, program: Program) -> list[ast.Assign]:
    """``request.state.db = SessionLocal()`` where nothing in the class or function closes it."""
    found = []
    for node in own_nodes(function):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=name) as target], value=value) if opens(
                value, function.module, program
            ):
                holder: ast.AST = function.definition
                if isinstance(target.value, ast.Name) and isinstance(function.parent, Class):
                    holder = function.parent.node
                if not _closes_attribute(name, holder):
                    found.append(node)
    return found


def _closes_attribute(name: str, holder: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("close", "remove", "__exit__")
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr == name
        for node in ast.walk(holder)
    ) or any(
        isinstance(node, ast.With)
        and any(
            isinstance(item.context_expr, ast.Attribute) and item.context_expr.attr == name
            for item in node.items
        )
        for node in ast.walk(holder)
    )


def _kept(node: ast.Assign, function: Function) -> Unclosed:
    return Unclosed(function, codes.KEPT, node, "the object that holds it has a life of its own")
