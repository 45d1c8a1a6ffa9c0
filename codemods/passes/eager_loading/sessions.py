"""What functions do with their sessions: commits, refreshes, deletions, in order."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, Instance, Values
from codemods.passes.eager_loading.existing import Existing, options_of_get, read_option
from codemods.passes.eager_loading.reaching import blocks, can_return, dominates
from codemods.passes.eager_loading.ways import Path

_KINDS = [
    "commit",
    "rollback",
    "flush",
    "refresh",
    "delete",
    "expire",
    "expunge",
    "expire_all",
    "add",
]


@dataclass(frozen=True)
class Event:
    """A call that changes what a session knows. ``name`` is the object that it names.

    ``session`` is the source of the session, "" where a function that is called has it. ``around``
    is the ``try`` whose body a transaction stands in: only what comes after it can see a rollback.
    ``entities`` is what an ``UPDATE`` with expressions can change: their objects expire.
    """

    kind: str
    call: ast.Call
    session: str
    name: str = ""
    paths: frozenset[Path] = frozenset()
    around: ast.Try | None = None
    entities: frozenset[Class] = frozenset()


class Sessions:
    """Answers what happens to sessions, function by function."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._commits: dict[Function, bool] = {}
        self._rolls: dict[Function, bool] = {}
        self._events: dict[Function, list[Event]] = {}

    def commits(self, function: Function) -> bool:
        """Whether a call of the function can commit."""
        if function not in self._commits:
            self._commits[function] = False
            self._commits[function] = any(
                event.kind in ("commit", "calls") for event in self.events(function)
            )
        return self._commits[function]

    def rolls_back(self, function: Function) -> bool:
        """Whether a call can return with the objects of the session it was given expired."""
        if function not in self._rolls:
            self._rolls[function] = False
            given = {parameter.arg for parameter in function.parameters}
            self._rolls[function] = any(
                event.kind in ("rollback", "expire_all", "rolls")
                and event.around is None
                and event.session.partition(".")[0] in {*given, ""}
                and can_return(event.call, function.module)
                for event in self.events(function)
            )
        return self._rolls[function]

    def events(self, function: Function) -> list[Event]:
        """The events of a function, in the order of the code."""
        if function not in self._events:
            self._events[function] = []
            self._events[function] = self._read(function)
        return self._events[function]

    def _read(self, function: Function) -> list[Event]:
        found = []
        module = function.module
        for node in function.nodes:
            if not isinstance(node, ast.Call) or module.function_of(node) is not function:
                continue
            if self._is_event(node.func, module) and isinstance(node.func, ast.Attribute):
                session = module.source(node.func.value)
                name = ""
                if node.args and isinstance(node.args[0], ast.Name):
                    name = node.args[0].id
                if reload := _reselect(node, function) or _refreshed(node):
                    found.append(Event("reload", node, session, *reload))
                elif node.func.attr == "execute":
                    if entities := self._updated(node, module):
                        found.append(Event("update", node, session, entities=entities))
                elif node.func.attr != "get":
                    found.append(Event(node.func.attr, node, session, name))
                elif reload := _reload(node):
                    found.append(Event("reload", node, session, *reload))
                continue
            if undone := self._undone(node, module):
                found.append(Event("rollback", node, undone))
            if around := self._transaction(node, module):
                found.append(Event("rollback", node, around[0], around=around[1]))
            targets = [t for t in self.program.calls.targets(node, module) if t is not function]
            if any(self.commits(target) for target in targets):
                found.append(Event("calls", node, ""))
            if any(self.rolls_back(target) for target in targets if not target.is_generator):
                found.append(Event("rolls", node, ""))
        return sorted(found, key=lambda e: (e.call.end_lineno or 0, e.call.end_col_offset or 0))

    def _updated(self, call: ast.Call, module: Module) -> frozenset[Class]:
        """What ``execute(update(User).values(n=User.n + 1))`` changes; a variable has several."""
        if not call.args:
            return frozenset()
        for node in ast.walk(call.args[0]):
            if (
                isinstance(node, ast.Call)
                and node.args
                and self.program.outside_name(node.func, module) == "sqlalchemy.update"
                and self._has_expression(call.args[0], node, module)
            ):
                values = self.program.annotation(node.args[0], module)
                return frozenset(self.program.models.entities(values))
        return frozenset()

    def _has_expression(self, statement: ast.expr, update: ast.Call, module: Module) -> bool:
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(attr="values"), args=args, keywords=keywords):
                    parts = [*args, *(keyword.value for keyword in keywords)]
                    if any(self.is_expression(part, module) for part in parts):
                        return True
        return False

    def is_expression(self, value: ast.expr, module: Module) -> bool:
        """Whether a value is one that the database computes."""
        if isinstance(value, ast.Dict):
            return any(self.is_expression(part, module) for part in value.values)
        for node in ast.walk(value):
            if isinstance(node, ast.Attribute):
                owners = self.program.infer(node.value, module)
                for owner in owners:
                    if isinstance(owner, ClassValue) and self.program.models.is_mapped(owner.cls):
                        return True
                    if isinstance(owner, External) and owner.name == "sqlalchemy.func":
                        return True
        return False

    def _undone(self, node: ast.Call, module: Module) -> str:
        """The session of ``point.rollback()``, where ``point`` is a savepoint of it; else ""."""
        match node.func:
            case ast.Attribute(attr="rollback", value=ast.Name() as point):
                if self.program.is_a(point, module, "sqlalchemy.orm.SessionTransaction"):
                    for binding in module.scope_of(point).bindings.get(point.id, ()):
                        match binding.value:
                            case ast.Call(func=ast.Attribute(value=value)) if self.is_session(
                                value, module
                            ):
                                return module.source(value)
        return ""

    def _transaction(self, node: ast.Call, module: Module) -> tuple[str, ast.Try] | None:
        """The session of ``with db.begin():`` and the ``try`` that goes on when it was undone."""
        match node.func:
            case ast.Attribute(attr="begin" | "begin_nested", value=value) if self.is_session(
                value, module
            ):
                for owner, field, _ in blocks(module.statement(node), module):
                    if isinstance(owner, ast.Try) and field == "body" and owner.handlers:
                        return module.source(value), owner
        return None

    def _is_event(self, func: ast.expr, module: Module) -> bool:
        return (
            isinstance(func, ast.Attribute)
            and (func.attr in _KINDS or func.attr in ("get", "execute"))
            and self.is_session(func.value, module)
        )

    def is_session(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression is a sync session."""
        return self._has_session(self.program.infer(node, module))

    def _has_session(self, values: Values) -> bool:
        return any(
            isinstance(value, Instance) and self.program.is_session_class(value.cls)
            for value in values
        )

    def session_of(self, function: Function, before: ast.AST) -> str:
        """A session that a function has at hand at some place, as source; "" if none."""
        module = function.module
        for parameter in function.parameters:
            if self._has_session(self.program.parameter(function, parameter)):
                return parameter.arg
        for node in function.nodes:
            if (
                isinstance(node, ast.Attribute | ast.Name)
                and isinstance(node.ctx, ast.Load)
                and module.function_of(node) is function
                and node.lineno <= getattr(before, "lineno", 0)
                and self.is_session(node, module)
            ):
                return module.source(node)
        if function.is_method and isinstance(function.parent, Class) and function.parameters:
            first = function.parameters[0].arg
            owner = self.program.parameter(function, function.parameters[0])
            for base in self.program.mro(function.parent):
                for name in base.attributes if isinstance(base, Class) else ():
                    if self._has_session(self.program.inference.attribute(owner, name, module)):
                        return f"{first}.{name}"
        return ""

    # -- objects -----------------------------------------------------------------------------

    def makes(self, value: ast.expr, module: Module) -> bool:
        """Whether an expression makes a new instance."""
        if not isinstance(value, ast.Call):
            return False
        func = value.func
        if isinstance(func, ast.Attribute) and func.attr in ("model_validate", "parse_obj"):
            func = func.value
        return any(
            isinstance(v, ClassValue) and self.program.models.is_mapped(v.cls)
            for v in self.program.infer(func, module)
        )

    def is_loaded(self, value: ast.expr, module: Module) -> bool:
        """Whether an expression gives what a session has loaded, by what stands in it."""
        return any(
            isinstance(node, ast.Attribute) and self.is_session(node.value, module)
            for node in ast.walk(value)
        )

    def can_be_none(self, name: str, statement: ast.stmt, function: Function) -> bool:
        """Whether the name could stand for None behind ``statement``."""
        module = function.module
        bindings = [b for b in function.bindings[name] if b.kind != "augmented"]
        if all(b.value is not None and self.makes(b.value, module) for b in bindings):
            return False
        if all(b.kind in ("parameter", "for") for b in bindings):
            return False
        for node in function.nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=owner)) if owner == name:
                    if dominates(node, statement, module) or _surely_in(node, statement, module):
                        return False
                case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), *_]):
                    if owner == name and dominates(node, statement, module):
                        return False
                case ast.Call(func=ast.Attribute(attr="add"), args=[ast.Name(id=owner)]):
                    if owner == name and dominates(node, statement, module):
                        return False
                case ast.If(test=test, body=body) if _tests(test, name):
                    leaves = isinstance(body[-1], ast.Return | ast.Raise | ast.Continue)
                    if leaves and dominates(node, statement, module):
                        return False
                    if any(o is node and f == "body" for o, f, _ in blocks(statement, module)):
                        return False
        for binding in bindings:
            value = binding.value
            if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
                return True
            if value.func.attr not in ("one", "scalar_one", "get_one", "merge", "all"):
                return True
        return False


def _surely_in(node: ast.AST, statement: ast.stmt, module: Module) -> bool:
    """Whether a statement evaluates ``node`` whenever it is run, and does not fail.

    ``assert x and x.name`` fails where x is None.
    """
    child = node
    for parent in module.ancestors(node):
        if child is statement:
            return True
        match parent:
            case ast.BoolOp(op=ast.And()) if module.parent(parent) is statement and isinstance(
                statement, ast.Assert
            ):
                pass
            case ast.BoolOp(values=[first, *_]) if child is not first:
                return False
            case ast.IfExp(test=test) if child is not test:
                return False
            case ast.If(test=test) | ast.While(test=test) if child is not test:
                return False
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) if child is not iterable:
                return False
            case ast.ExceptHandler() | ast.Lambda():
                return False
        child = parent
    return child is statement


def _reload(call: ast.Call) -> tuple[str, frozenset[Path]] | None:
    """``db.get(User, user.id, options=[...], populate_existing=True)``: the name, the paths."""
    if len(call.args) != 2 or not any(k.arg == "populate_existing" for k in call.keywords):
        return None
    identity = call.args[1]
    if isinstance(identity, ast.Tuple) and identity.elts:
        identity = identity.elts[0]
    if isinstance(identity, ast.Attribute) and isinstance(identity.value, ast.Name):
        existing, _ = options_of_get(call)
        return identity.value.id, frozenset(existing.options)
    return None


def _refreshed(call: ast.Call) -> tuple[str, frozenset[Path]] | None:
    """``db.refresh(user, ["posts"])``: the name, the paths."""
    match call:
        case ast.Call(
            func=ast.Attribute(attr="refresh"),
            args=[ast.Name(id=name), ast.List(elts=elements)],
        ):
            names = [e.value for e in elements if isinstance(e, ast.Constant)]
            return name, frozenset((str(one),) for one in names)
    return None


def _reselect(call: ast.Call, function: Function) -> tuple[str, frozenset[Path]] | None:
    """``db.execute(select(User).options(...).where(User.id == user.id))``: the same."""
    match call:
        case ast.Call(func=ast.Attribute(attr="execute"), args=[ast.Name(id=name)]):
            values = [binding.value for binding in function.bindings.get(name, ())]
            if len(values) == 1 and isinstance(values[0], ast.Call):
                return _selected_by(values[0])
        case ast.Call(func=ast.Attribute(attr="execute"), args=[ast.Call() as statement]):
            return _selected_by(statement)
    return None


def _selected_by(statement: ast.Call) -> tuple[str, frozenset[Path]] | None:
    """The name whose key a query compares with, and what its options load."""
    for node in ast.walk(statement):
        match node:
            case ast.Compare(
                left=ast.Attribute(attr=key),
                ops=[ast.Eq()],
                comparators=[ast.Attribute(value=ast.Name(id=name), attr=attr)],
            ) if key == attr:
                found = Existing({}, None)
                for link in ast.walk(statement):
                    match link:
                        case ast.Call(func=ast.Attribute(attr="options"), args=options):
                            for option in options:
                                read_option(option, found)
                return (name, frozenset(found.options)) if found.options else None
    return None


def _tests(test: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(test))


def whole(event: Event, module: Module) -> tuple[ast.stmt, str]:
    """A refresh with the question around it, and the list over which it loops, if any."""
    statement = module.statement(event.call)
    iterated = ""
    while True:
        parent = module.parent(statement)
        match parent:
            case ast.If(test=test, body=[ast.stmt() as first, *_]) if (
                first is statement and _asks_of(test, event.name)
            ):
                statement = parent
            case ast.For(target=ast.Name(id=item), iter=ast.Name(id=name)) if item == event.name:
                return parent, name
            case _:
                return statement, iterated


def _asks_of(test: ast.expr, name: str) -> bool:
    """Whether a test only asks for the object and its state."""
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    read = {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    return name in names and read <= {"expired", "expired_attributes"}
