"""Sessions that leave what can be followed: for something unknown, in a container, as a method.

Whoever gets such a session may call any of its methods without an ``await``. So the function that
lets it go keeps a sync session, and everything that shares that session does too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.dispatched import is_dispatching
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Value,
)
from codemods.passes.async_session.sessions import tables
from codemods.passes.async_session.sessions.handovers import Handovers
from codemods.passes.async_session.sessions.listening import LISTENING
from codemods.plan.climb import Cause

#: What may be given a session of either kind, by resolved name.
_HARMLESS = LISTENING | frozenset(
    f"builtins.{name}" for name in "bool callable hash id isinstance print repr str type".split()
) | frozenset(
    {
        "typing.cast",
        "contextlib.closing",
        "sqlalchemy.inspect",
        known.DEPENDS,
        known.SECURITY,
    }
)
#: By these a module can get names that are not written in it.
_DYNAMIC = frozenset(("globals", "vars", "exec", "modules", "__dict__"))
#: What takes connections of both kinds, or is edited where it takes one.
_DATABASE = ("sqlalchemy.", "sqlmodel.", "fastapi.", "builtins.")
_LOGGING = ("logging.", "loguru.", "structlog.", "warnings.")
WAITING = tables.AWAITED[known.SESSION] | tables.ENTERED[known.SESSION] | {"query"}


def escapes(program: Program, modules: list[Module], handovers: Handovers) -> dict[Function, Cause]:
    """The functions of ``modules`` that let a session go where it can't be followed.

    What can go through ``run_sync`` is none of them: ``handovers`` takes it.
    """
    found: dict[Function, Cause] = {}
    seeker = _Seeker(program, handovers)
    for module in modules:
        for node in module.syntax.parents:
            function = None
            for what, where in seeker.look(node, module):
                function = function or module.function_of(where)
                if function is not None:
                    place = f"{module.path}:{where.lineno}"
                    found.setdefault(function, Cause(f"{what} in {place}"))
    return found


class _Seeker:
    def __init__(self, program: Program, handovers: Handovers) -> None:
        self.program = program
        self.handovers = handovers

    def look(self, node: ast.AST, module: Module) -> Iterator[tuple[str, ast.expr]]:
        """What a node does with a session that can't be followed."""
        match node:
            case ast.Call():
                yield from self._call(node, module)
            case ast.Attribute(ctx=ast.Load(), attr=name) if name in WAITING:
                parent = module.parent(node)
                called = isinstance(parent, ast.Call) and parent.func is node
                if not called and self._is_session(node.value, module):
                    yield f"uses `{ast.unparse(node)}` as a value", node
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if self._stores_unseen(target, module) and self._is_session(value, module):
                        yield f"keeps its session in `{ast.unparse(target)}`", value

    def _is_session(self, node: ast.expr, module: Module) -> bool:
        if not isinstance(node, ast.Name | ast.Attribute):
            return False
        return self.program.is_a(node, module, known.SESSION)

    def _stores_unseen(self, target: ast.expr, module: Module) -> bool:
        """Whether a target is an attribute of something of which nothing is known."""
        if isinstance(target, ast.Subscript):
            return True
        if not isinstance(target, ast.Attribute):
            return False
        if self.program.states.is_followed(target, module):
            return False
        return not any(
            isinstance(owner, ModuleValue | ClassValue)
            or (isinstance(owner, Instance) and isinstance(owner.cls, Class))
            for owner in self.program.infer(target.value, module)
        )

    # -- calls -------------------------------------------------------------------------------

    def _call(self, call: ast.Call, module: Module) -> Iterator[tuple[str, ast.expr]]:
        for argument in (*call.args, *(k.value for k in call.keywords)):
            passed = argument.value if isinstance(argument, ast.Starred) else argument
            if not self._is_session(passed, module):
                if self._is_given_away(call, passed, module):
                    called = ast.unparse(call.func)
                    yield f"hands its connection to `{called}`, which does not wait", passed
                continue
            if not (
                self._followed(call, passed, module)
                or (passed is argument and self.handovers.take(call, passed, module))
            ):
                called = ast.unparse(call.func)
                yield f"hands its session to `{called}`, which can't be followed", passed

    def _is_given_away(self, call: ast.Call, passed: ast.expr, module: Module) -> bool:
        """Whether a connection goes to a library that knows sync ones: pandas, Alembic."""
        if not isinstance(passed, ast.Name | ast.Attribute):
            return False
        if not self.program.is_a(passed, module, known.CONNECTION):
            return False
        names = {
            value.name if isinstance(value, External) else value.owner.cls
            for value in self.program.infer(call.func, module)
            if isinstance(value, External | Method)
        }
        return any(
            isinstance(name, str)
            and name not in _HARMLESS
            and not name.startswith((*_DATABASE, *_LOGGING))
            for name in names
        )

    def _followed(self, call: ast.Call, passed: ast.expr, module: Module) -> bool:
        """Whether it is known what the called function does with the session."""
        values = self.program.infer(call.func, module)
        if any(isinstance(value, FunctionValue) for value in values):
            # The annotation `Callable` says no more than the functions that are known.
            values -= {v for v in values if isinstance(v, Instance) and v.cls == known.CALLABLE}
        if not values and self._is_missing(call.func, module):
            return True
        return bool(values) and all(self._takes(value, call, passed, module) for value in values)

    def _takes(self, value: Value, call: ast.Call, passed: ast.expr, module: Module) -> bool:
        match value:
            case FunctionValue(function=function):
                if not self._binds(function, call):
                    return True
                if is_dispatching(self.program, function):
                    return False
                return self._is_named(function, call) and self._parameter(function, call, passed)
            case ClassValue(cls=cls):
                return self._constructor(cls, call, passed)
            case External(name=name):
                return self._outside(name, call, passed, module)
            case Method(owner=owner):
                if owner.cls in ("fastapi.BackgroundTasks", "starlette.background.BackgroundTask"):
                    return self._task(call, passed, module)
                if owner.cls == known.PROVIDER:
                    return True  # ``container.db.override(db)``, which flows follow
                return isinstance(owner.cls, str) and self._of_database(owner)
            case Instance(cls="builtins.type"):
                return self._made_of_table(call, passed, module)
            case Instance(cls=cls):
                if isinstance(cls, Class):
                    methods = self.program.inference.instance_attribute(value, "__call__")
                    return bool(methods) and all(
                        self._takes(method, call, passed, module) for method in methods
                    )
                return self._of_database(value)
        return False

    def _made_of_table(self, call: ast.Call, passed: ast.expr, module: Module) -> bool:
        """``PARSERS[kind](db)``: whether all classes are known that can be called there."""
        called = self.program.calls.travels.called(call, module)
        if called.lost or called.others or called.lambdas or called.functions:
            return False
        return bool(called.classes) and all(
            self._constructor(cls, call, passed) for cls in called.classes
        )

    def _is_missing(self, called: ast.expr, module: Module) -> bool:
        """Whether a call only ever raises: its module or class is here, and has no such name."""
        if not isinstance(called, ast.Attribute):
            return False
        owners = self.program.infer(called.value, module)
        return bool(owners) and all(self._has_no(owner, called.attr) for owner in owners)

    def _has_no(self, owner: Value, name: str) -> bool:
        match owner:
            case ModuleValue(module=module):
                scope = module.scope
                made = {name, "__getattr__"} & set(scope.bindings) or scope.star_imports
                return not made and not self._is_put(name, module)
            case ClassValue(cls=cls) | Instance(cls=Class() as cls):
                return self._lacks(cls, name)
        return False

    def _is_put(self, name: str, module: Module) -> bool:
        """Whether a name can be put into a module while it runs, there or from elsewhere."""
        return not module.identifiers.isdisjoint(_DYNAMIC) or any(
            _puts(node, name)
            for other in self.program.modules.mentioning((name,))
            for node in ast.walk(other.tree)
        )

    def _lacks(self, cls: Class, name: str) -> bool:
        for base in self.program.mro(cls):
            if isinstance(base, str):
                if base not in known.PLAIN_BASES:
                    return False
                continue
            if {name, "__getattr__", "__getattribute__"} & {*base.bindings, *base.attributes}:
                return False
            if not all(self.program.base_values(b, base.module) for b in base.definition.bases):
                return False
        return True

    def _binds(self, function: Function, call: ast.Call) -> bool:
        """Whether a call gives all that a function asks for: else it only ever raises."""
        arguments = function.definition.args
        if any(isinstance(a, ast.Starred) for a in call.args) or not all(
            keyword.arg for keyword in call.keywords
        ):
            return True
        required = arguments.kwonlyargs, arguments.kw_defaults
        wanted = [a for a, default in zip(*required, strict=True) if default is None]
        positional = [*arguments.posonlyargs, *arguments.args]
        wanted += positional[: len(positional) - len(arguments.defaults)]
        own = function.parameters[:1] if function.is_method else []
        return all(
            argument in own or self.program.calls.argument(call, function, argument) is not None
            for argument in wanted
        )

    def _of_database(self, owner: Instance) -> bool:
        """``SessionLocal(bind=db)``, ``query.with_session(db)``: edited as sites are."""
        return any(
            self.program.is_subclass(owner.cls, name)
            for name in (*tables.DATABASE_CLASSES, known.SESSIONMAKER)
        )

    def _is_named(self, function: Function, call: ast.Call) -> bool:
        """Whether a call names the function: through an alias or a table nobody finds it."""
        return any(found is call for found, _ in self.program.calls.calls_of(function))

    def _parameter(self, function: Function, call: ast.Call, passed: ast.expr) -> bool:
        """Whether a session arrives in a parameter that is known to be one."""
        for argument in function.parameters:
            if self.program.calls.argument(call, function, argument) is passed:
                taken = self.program.parameter(function, argument)
                return bool(self.program.instances(taken, known.SESSION)) or not _used(
                    function, argument.arg
                )
        return False

    def _constructor(self, cls: Class, call: ast.Call, passed: ast.expr) -> bool:
        if not any(r.call is call for r in self.program.calls.class_references(cls)):
            return False
        for base in self.program.mro(cls):
            if isinstance(base, str):
                continue
            if "__init__" in base.bindings:
                return any(
                    self._parameter(base.module.functions[b.node], call, passed)
                    for b in base.bindings["__init__"]
                    if b.node in base.module.functions
                )
        # A dataclass, a named tuple or a model: its annotations say what it holds.
        return True

    def _outside(self, name: str, call: ast.Call, passed: ast.expr, module: Module) -> bool:
        if name in _HARMLESS or name.startswith(_LOGGING):
            return True
        if name == "builtins.super" or self.program.is_subclass(name, known.SESSION):
            return True
        if name in ("starlette.background.BackgroundTask", "fastapi.BackgroundTasks.add_task"):
            return self._task(call, passed, module)
        return False

    def _task(self, call: ast.Call, passed: ast.expr, module: Module) -> bool:
        """``add_task(function, db)``: the function takes a session if its parameter says so."""
        if not call.args:
            return False
        functions = [
            v for v in self.program.infer(call.args[0], module) if isinstance(v, FunctionValue)
        ]
        keyword = next((k.arg for k in call.keywords if k.value is passed), None)
        for value in functions:
            function, bound = value.function, value.owner is not None
            taken = [a for a in function.parameters if a.arg == keyword]
            if keyword is None and passed in call.args:
                taken = function.parameters[call.args.index(passed) - 1 + bound :][:1]
            if not taken or not self.program.instances(
                self.program.parameter(function, taken[0]), known.SESSION
            ):
                return False
        return bool(functions)


def _puts(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Attribute(attr=attr, ctx=ast.Store()):
            return attr == name
        case ast.Constant(value=str(text)):
            return text == name
    return False


def _used(function: Function, name: str) -> bool:
    """Whether the body of a function reads a name."""
    return any(
        isinstance(node, ast.Name) and node.id == name
        for statement in function.definition.body
        for node in ast.walk(statement)
    )
