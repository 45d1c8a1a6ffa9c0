"""What a middleware does once its response is there: what becomes a task, what stays and why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from codemods.edits.templates import holes_of
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.plain import SCALAR_CALLS
from codemods.facts.syntax import Class
from codemods.facts.values import ClassValue, External, Instance, ModuleValue
from codemods.passes.middleware_tasks.callees import Callees
from codemods.plan.middleware import Middleware


@dataclass(frozen=True)
class Work:
    """A statement that the client waits for: ``await log(request)``, or ``log(request)``.

    ``reason`` says why it stays; without one it becomes a task. Statements of one ``group`` stand
    next to one another and become one task, in their order.
    """

    middleware: Middleware
    statement: ast.Expr
    call: ast.Call
    reason: str = ""
    group: int = 0
    is_silenced: bool = False

    @property
    def is_awaited(self) -> bool:
        """Whether the call is awaited; one that is not holds its thread."""
        return isinstance(self.statement.value, ast.Await)


@dataclass(frozen=True)
class _After:
    """What comes after a statement.

    ``reason``: why nothing before may become a task. ``group``: the task that begins with the
    next statement. ``later``: the line of work that became a task further on.
    """

    reason: str = ""
    group: int = 0
    later: int = 0


@dataclass
class Finder:
    """Finds the work of one program."""

    program: Program
    callees: Callees
    _groups: int = 0
    _found: list[Work] = field(default_factory=list)

    def find(self, middleware: Middleware) -> list[Work]:
        """The work of a middleware, in the order of its lines."""
        self._found = []
        for node in middleware.passes_on:
            self._around(node, middleware)
        unique = {work.statement: work for work in self._found}
        return sorted(unique.values(), key=lambda work: work.statement.lineno)

    def _around(self, node: ast.Await, middleware: Middleware) -> None:
        """Look at what comes after ``node``, in its block and in the blocks around it."""
        module = middleware.module
        path: list[tuple[ast.AST, list[ast.stmt]]] = []
        child: ast.AST = module.statement(node)
        while child is not middleware.function.definition:
            parent = module.parent(child)
            if parent is None:
                return
            if isinstance(parent, ast.Try) and child in parent.body:
                self._beside(parent, middleware)
            for block in _blocks(parent):
                if child in block:
                    following = block[block.index(child) + 1 :]
                    path.append((parent, [s for s in following if isinstance(s, ast.stmt)]))
            child = parent
        after = _After()
        held = ""
        for parent, rest in reversed(path):
            if not isinstance(parent, ast.If) and parent is not middleware.function.definition:
                held = held or f"it stands {_where(parent)}"
            after = replace(after, reason=after.reason or held, group=0)
            after = self._block(rest, after, middleware)

    def _beside(self, statement: ast.Try, middleware: Middleware) -> None:
        """The work in the ``else`` and ``finally`` of a try that passes the request on."""
        for block in (statement.orelse, statement.finalbody):
            for inner in block:
                for found, call in self._nested(inner, middleware):
                    reason = f"it stands {_where(statement)}"
                    self._found.append(Work(middleware, found, call, reason))

    def _block(self, block: list[ast.stmt], after: _After, middleware: Middleware) -> _After:
        for statement in reversed(block):
            after = self._statement(statement, after, middleware)
        return after

    def _statement(self, statement: ast.stmt, after: _After, middleware: Middleware) -> _After:
        call = self._work(statement, middleware)
        if call is not None:
            assert isinstance(statement, ast.Expr)
            return self._judged(statement, call, after, middleware)
        after = replace(after, group=0)
        if isinstance(statement, ast.If):
            branches = [
                self._block(block, after, middleware)
                for block in (statement.body, statement.orelse)
            ]
            reason = next((b.reason for b in branches if b.reason), "")
            later = max(branch.later for branch in branches)
            if not reason and not self._is_pure(statement.test, middleware):
                reason = f"line {statement.lineno} may depend on it"
            return _After(reason, 0, later)
        if self._is_independent(statement, middleware):
            return after
        for inner, inside in self._nested(statement, middleware):
            reason = after.reason or f"it stands {_where(statement)}"
            self._found.append(Work(middleware, inner, inside, reason))
        return replace(after, reason=after.reason or f"line {statement.lineno} may depend on it")

    def _nested(
        self, statement: ast.stmt, middleware: Middleware
    ) -> Iterator[tuple[ast.Expr, ast.Call]]:
        """The work within a try, a with or a loop."""
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return
        for node in ast.walk(statement):
            if isinstance(node, ast.Expr):
                if middleware.module.function_of(node.value) is not middleware.function:
                    continue
                if (call := self._work(node, middleware)) is not None:
                    yield node, call

    def _work(self, statement: ast.stmt, middleware: Middleware) -> ast.Call | None:
        """The call of a statement that the client waits for."""
        match statement:
            case ast.Expr(value=ast.Await(value=ast.Call() as call) as node):
                return None if node in middleware.passes_on else call
            case ast.Expr(value=ast.Call() as call):
                return call if self.callees.is_sync_work(call, middleware.module) else None
        return None

    def _judged(
        self, statement: ast.Expr, call: ast.Call, after: _After, middleware: Middleware
    ) -> _After:
        if after.reason:
            reason = after.reason
        elif after.later and not self._joins(after, middleware):
            reason = f"the task of line {after.later} must not overtake it"
        else:
            reason = self.callees.obstacle(call, middleware.module)
        work = Work(middleware, statement, call, reason)
        if reason:
            self._found.append(work)
            stays = after.reason or f"line {statement.lineno}, which stays, may depend on it"
            return _After(stays, 0, after.later)
        if not after.group:
            self._groups += 1
        group = after.group or self._groups
        self._found.append(replace(work, group=group))
        return _After("", group, statement.lineno)

    def _joins(self, after: _After, middleware: Middleware) -> bool:
        """Whether the next statement can move into one task with the work before it."""
        following = [w for w in self._found if after.group and w.group == after.group]
        return bool(following) and not any(
            holes_of(middleware.module.source(work.call)) for work in following
        )

    # -- what does not depend on the work ----------------------------------------------------

    def _is_independent(self, statement: ast.stmt, middleware: Middleware) -> bool:
        """Whether a statement gives the same whether the work before it is done or not."""
        match statement:
            case ast.Pass():
                return True
            case ast.Return(value=None):
                return True
            case ast.Return(value=ast.expr() as value):
                return self._is_pure(value, middleware)
            case ast.Assign(targets=targets, value=value):
                return self._is_pure(value, middleware) and all(
                    self._is_own(target, middleware) for target in targets
                )
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._is_pure(value, middleware) and self._is_own(target, middleware)
            case ast.Expr(value=ast.Call() as call):
                return self._is_pure(call, middleware)
            case ast.Expr(value=ast.Constant()):
                return True
        return False

    def _is_own(self, target: ast.expr, middleware: Middleware) -> bool:
        """A local variable, or a header of the response."""
        match target:
            case ast.Name(id=name):
                return name not in middleware.function.outer_names
            case ast.Subscript(value=ast.Attribute(attr="headers", value=owner), slice=key):
                return self._kind(owner, middleware) == "response" and self._is_pure(
                    key, middleware
                )
        return False

    def _kind(self, node: ast.expr, middleware: Middleware) -> str:
        return self.callees.plain.kind(node, middleware.module)

    def _is_pure(self, node: ast.expr, middleware: Middleware) -> bool:
        for inner in ast.walk(node):
            match inner:
                case ast.Call():
                    if not self._is_pure_call(inner, middleware):
                        return False
                case ast.Name(id=name, ctx=ast.Load()):
                    if not self._is_local(name, inner, middleware):
                        return False
                case ast.Attribute() if not self._is_settled(inner, middleware):
                    return False
                case ast.expr() if not isinstance(inner, _PURE):
                    return False
        return True

    def _is_settled(self, node: ast.Attribute, middleware: Middleware) -> bool:
        """Whether an attribute is one that the work can't change."""
        module, base = middleware.module, node.value
        if not isinstance(base, ast.Name):
            return True
        holder = module.scope_of(base).lookup(base.id)
        if isinstance(middleware.function.parent, Class) and self._is_self(base, middleware):
            bindings = middleware.function.parent.attributes.get(node.attr, [])
            return all(
                (made := module.function_of(b.node)) is not None and made.name == "__init__"
                for b in bindings
            )
        if holder is None or not holder.is_module:
            return True
        return self._is_logger(base, module) or all(
            isinstance(v, External | ModuleValue | ClassValue)
            or (isinstance(v, Instance) and self.program.is_subclass(v.cls, "pydantic.BaseModel"))
            for v in self.program.infer(base, module)
        )

    @staticmethod
    def _is_self(node: ast.Name, middleware: Middleware) -> bool:
        parameters = middleware.function.parameters
        return bool(parameters) and parameters[0].arg == node.id

    def _is_local(self, name: str, node: ast.Name, middleware: Middleware) -> bool:
        """A variable of the middleware, or one of a module that is never bound again."""
        holder = middleware.module.scope_of(node).lookup(name)
        if holder is None or holder is middleware.function:
            return True
        bindings = holder.bindings.get(name, [])
        return holder.is_module and len(bindings) == 1

    def _is_pure_call(self, call: ast.Call, middleware: Middleware) -> bool:
        module = middleware.module
        name = self.program.outside_name(call.func, module)
        if name in SCALAR_CALLS or name.startswith(_PURE_PREFIXES):
            return True
        if name in _PURE_CALLS:
            return True
        if not isinstance(call.func, ast.Attribute):
            return False
        owner = call.func.value
        if self._is_logger(owner, module):
            return True
        if self._kind(owner, middleware) == "response":
            return call.func.attr in ("set_cookie", "delete_cookie")
        if isinstance(owner, ast.Attribute) and owner.attr in ("headers", "query_params"):
            return self._kind(owner.value, middleware) in ("request", "response")
        values = self.program.infer(owner, module)
        return bool(values) and all(
            isinstance(v, Instance) and isinstance(v.cls, str) and v.cls.startswith(_SCALARS)
            for v in values
        )

    def _is_logger(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression is a logger of ``logging``, ``structlog`` or ``loguru``."""
        if any(
            isinstance(v, External) and v.name in ("logging", "loguru.logger")
            for v in self.program.infer(node, module)
        ):
            return True
        found = self.program.definition(node, module)
        return (
            found is not None
            and isinstance(found[0], ast.Call)
            and self.program.outside_name(found[0].func, found[1])
            in ("logging.getLogger", "structlog.get_logger", "structlog.stdlib.get_logger")
        )


_PURE = (
    ast.Name,
    ast.Constant,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Attribute,
    ast.Subscript,
    ast.Dict,
    ast.List,
    ast.Tuple,
    ast.Call,
)
_PURE_PREFIXES = ("fastapi.responses.", "starlette.responses.")
_PURE_CALLS = frozenset(("fastapi.Response", "builtins.dict", "builtins.list", "builtins.max"))
_SCALARS = ("builtins.", "datetime.", "uuid.", "decimal.")


def _blocks(node: ast.AST) -> Iterator[list[ast.AST]]:
    for name in ("body", "orelse", "finalbody", "handlers"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _where(node: ast.AST) -> str:
    match node:
        case ast.Try(handlers=handlers) if handlers:
            return f"in the try of line {node.lineno}, which catches its errors"
        case ast.Try() | ast.TryStar():
            return f"in the try of line {node.lineno}"
        case ast.ExceptHandler():
            return f"in the except of line {node.lineno}"
        case ast.With() | ast.AsyncWith():
            return f"in the with of line {node.lineno}"
        case ast.For() | ast.AsyncFor() | ast.While():
            return f"in the loop of line {node.lineno}"
        case ast.stmt():
            return f"in line {node.lineno}"
    return "within another statement"


__all__ = ["Finder", "Work"]
