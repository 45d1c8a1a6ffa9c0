"""Where functions, classes and objects go as values: through tables, lists, parameters, attributes.

``TABLE = {"csv": CsvImporter}``, ``JOBS.append(job)``, ``Alias(func=self.find)``: what is kept in
one of these places comes out of another one. All places that a value can pass are taken together,
a container with what it holds, in both directions: all that can stand in one of them can stand in
each. So a journey knows too many meetings rather than too few, and says where it loses the trail.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.journeys import GIVING, TAKING, Journey, Place, where
from codemods.facts.modules import Module
from codemods.facts.sources_of import Sources
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Value,
)

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Methods of containers that put something in, and those that neither do so nor take it out.
_PUTTING = frozenset("add append appendleft extend insert setdefault update".split())
_NEITHER = frozenset("clear count discard index keys remove reverse sort".split())
#: What looks at a value and lets it go.
_LOOKING = frozenset(
    f"builtins.{name}"
    for name in "bool callable hash id isinstance issubclass len print repr str super type".split()
) | frozenset(
    {
        "asyncio.iscoroutinefunction",
        "functools.wraps",
        "inspect.iscoroutinefunction",
        "inspect.signature",
    }
)
_LOGGING = ("logging.", "loguru.", "structlog.")
_DISPLAYS = (ast.List, ast.Tuple, ast.Set)


class Travels:
    """The journeys of a program's values."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, node: ast.expr, module: Module) -> Journey:
        """Where the value of an expression goes: a function or class that is named there."""
        return self._once(("travel", node), lambda trail: trail.use(node, module))

    def called(self, call: ast.Call, module: Module) -> Journey:
        """What a call can call, and where else that stands."""
        return self._once(("called", call), lambda trail: trail.source(call.func, module))

    def of_objects(self, cls: Class) -> Journey:
        """Where the objects of a class, or of one below it, go."""
        return self._once(("objects", cls), lambda trail: self._objects(trail, cls))

    def _once(self, key: tuple[str, object], start: Callable[[_Trail], None]) -> Journey:
        def look() -> Journey:
            trail = _Trail(self.program, objects=key[0] == "objects")
            start(trail)
            trail.run()
            return trail.journey

        circle = Journey(others=True, lost="it leads back to itself")
        return self.program.evaluation.once(key, look, circle)

    def _objects(self, trail: _Trail, cls: Class) -> None:
        for below in (cls, *self.program.subclasses(cls)):
            if below.definition.decorator_list or below.definition.keywords:
                trail.lose(f"{below.name} is made by a decorator or a metaclass")
            if self.program.models.is_mapped(below):
                trail.lose(f"{below.name} is mapped: queries make its objects")
            for base in self.program.mro(below):
                if isinstance(base, str) and base not in known.PLAIN_BASES | {"pydantic.BaseModel"}:
                    trail.lose(f"{below.name} has the base {base}")
            for reference in self.program.calls.class_references(below):
                trail.made(reference.node, reference.call, reference.module)
            for base in self.program.mro(below):
                if isinstance(base, Class):
                    for method in base.methods:
                        if method.parameters:
                            trail.place(Place(method, method.parameters[0].arg))


def is_type_only(node: ast.expr, module: Module) -> bool:
    """Whether a class is named in an annotation or as a base: it goes nowhere from there."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        match parent:
            case ast.arg():
                return True
            case ast.AnnAssign(annotation=annotation):
                return child is annotation
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                return child is returns
            case ast.ClassDef(bases=bases):
                return child in bases
            case ast.ExceptHandler(type=caught):
                return child is caught
            case ast.stmt():
                return False
        child = parent
    return False


def is_kept(node: ast.expr, module: Module) -> bool:
    """Whether a class or function is put into a table, or given another name."""
    parent = module.parent(node)
    if isinstance(parent, ast.Dict):
        return node in parent.values
    if isinstance(parent, ast.Assign | ast.IfExp | ast.BoolOp):
        return True
    return (
        isinstance(parent, _DISPLAYS)
        and not isinstance(module.parent(parent), ast.Subscript | ast.Call)
        and not is_type_only(node, module)
    )


class _Trail(Sources):
    """A trail in both directions."""

    def run(self) -> None:
        """Follow the value through all places, unless the trail is lost."""
        while self.waiting and not self.journey.lost:
            place = self.waiting.pop()
            self.put_there(place)
            if not self.objects and isinstance(place.owner, Class):
                self._taken_apart(place.owner)
            reads = [*self._read_there(place)]
            if place.owner.is_module and not reads:
                self.lose(f"nobody here reads {place.name}")  # so somebody else does
            for node, module in reads:
                self.use(node, module)

    def _taken_apart(self, cls: Class) -> None:
        """A field is read without its name where an object of its class is taken apart."""
        if taken := self.program.calls.taken_apart.of(cls):
            self.lose(f"stands in {cls.name}, of which an object is taken apart in {taken}")

    def made(self, node: ast.expr, call: ast.Call | None, module: Module) -> None:
        """An object is made where its class is named, or may be: FastAPI makes what it reads."""
        parent = module.parent(node)
        around = module.parent(parent) if isinstance(parent, ast.Attribute) else None
        if call is not None:
            self.use(call, module)
        elif isinstance(around, ast.Call) and around.func is parent:
            self.use(around, module)  # ``Service.default()``
        elif not is_type_only(node, module):
            self.use(node, module)
        else:
            self._annotated(node, module)

    def _annotated(self, node: ast.expr, module: Module) -> None:
        for parent in module.ancestors(node):
            if isinstance(parent, ast.AnnAssign):
                self._bind(parent.target, None, module)
            if isinstance(parent, ast.arg):
                function = next((f for f in module.functions.values() if _has(f, parent)), None)
                if function is not None:
                    self.place(Place(function, parent.arg))
            if isinstance(parent, ast.stmt):
                return

    # -- where a value goes from an expression -----------------------------------------------

    def use(self, node: ast.expr, module: Module) -> None:
        """The value of an expression goes to what stands around it."""
        if node in self.journey.seen or self.journey.lost:
            return
        self.journey.seen.add(node)
        parent = module.parent(node)
        match parent:
            case ast.Call(func=called) if called is node:
                self.journey.calls[parent] = module
            case ast.Call():
                self._handed(parent, node, parent.args.index(node), module)
            case ast.keyword(arg=str() as name):
                call = module.parent(parent)
                if isinstance(call, ast.Call):
                    self._handed(call, node, name, module)
            case ast.Attribute():
                self._attribute(parent, module)
            case ast.Subscript(value=value) if value is node:
                self._item(parent, module)
            case ast.For(iter=source) if source is node:
                self._bind(parent.target, node, module)
            case ast.comprehension(iter=source) if source is node:
                self._bind(parent.target, node, module)
            case ast.Assign(targets=targets):
                for target in targets:
                    self._bind(target, None, module)
            case ast.AnnAssign(target=target):
                self._bind(target, None, module)
            case ast.NamedExpr(target=target):
                self._bind(target, None, module)
                self.use(parent, module)
            case ast.Return() | ast.Yield() | ast.YieldFrom():
                function = module.function_of(node)
                if function is not None:
                    self.place(Place(function, ""))
            case ast.IfExp(test=test) if test is node:
                pass
            case ast.Dict(keys=keys) if node in keys:
                self.lose(where("is a key", node, module))
            case ast.IfExp() | ast.BoolOp() | ast.Await() | ast.Starred() | ast.Dict():
                self.use(parent, module)
            case ast.List() | ast.Tuple() | ast.Set() | ast.BinOp():
                self.use(parent, module)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self.use(parent, module)
            case ast.Compare() | ast.UnaryOp() | ast.If() | ast.While() | ast.Assert():
                pass
            case ast.Expr() | ast.FormattedValue() | ast.Delete():
                pass
            case ast.withitem(optional_vars=target) if self.objects:
                if target is not None:
                    self._bind(target, None, module)
            case ast.arguments():
                self._default(parent, node, module)
            case _:
                self.lose(where("goes on", node, module))

    def _bind(self, target: ast.expr, source: ast.expr | None, module: Module) -> None:
        """A value is bound to a target; of ``table.items()`` to the second of two names."""
        match target:
            case ast.Name() | ast.Attribute():
                self._at(target, module)
            case ast.Subscript(value=value):
                self._container(value, module)
            case ast.Tuple(elts=[_, second]) if _is_items(source):
                self._bind(second, None, module)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self._bind(element, None, module)
            case ast.Starred(value=value):
                self._bind(value, None, module)

    def _container(self, node: ast.expr, module: Module) -> None:
        """A value is put into what an expression gives."""
        match node:
            case ast.Name() | ast.Attribute():
                self._at(node, module)
            case ast.Subscript(value=value):
                self._container(value, module)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in TAKING:
                self._container(value, module)
            case _:
                self.lose(where("is put into a container", node, module))

    def _at(self, node: ast.Name | ast.Attribute, module: Module) -> None:
        """The value stands where a name or attribute is."""
        places = self.places_of(node, module)
        if not places:
            self.lose(where(f"is kept in `{ast.unparse(node)}`", node, module))
        for place in places:
            self.place(place)

    def _attribute(self, node: ast.Attribute, module: Module) -> None:
        """Something is read from the value, or a method of it is called."""
        parent = module.parent(node)
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        if call is not None and self.program.called_functions(call, module):
            if not self.objects:
                self.lose(where(f"is asked for `{node.attr}`", node, module))
        elif call is not None and node.attr in _PUTTING | TAKING:
            for argument in call.args[-1:] if node.attr in _PUTTING | {"get", "pop"} else ():
                self.source(argument, module)
            if node.attr in TAKING:
                self.use(call, module)
        elif not (
            self.objects
            or (call is not None and node.attr in _NEITHER)
            or (call is None and node.attr.startswith("__") and node.attr.endswith("__"))
            or self._is_of_class(node, module)
        ):
            self.lose(where(f"is asked for `{node.attr}`", node, module))

    def _is_of_class(self, node: ast.Attribute, module: Module) -> bool:
        """Whether an attribute is read of a class: a method, a constant."""
        values = self.program.infer(node.value, module)
        return bool(values) and all(isinstance(value, ClassValue) for value in values)

    def _item(self, node: ast.Subscript, module: Module) -> None:
        match node.ctx:
            case ast.Load():
                self.use(node, module)
            case ast.Store():
                statement = module.parent(node)
                if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
                    self.source(statement.value, module)
                else:
                    self.journey.others = True

    def _default(self, arguments: ast.arguments, node: ast.expr, module: Module) -> None:
        definition = module.parent(arguments)
        function = module.functions.get(definition) if definition is not None else None
        for argument in function.parameters if function is not None else ():
            if function is not None and function.default_of(argument) is node:
                self.place(Place(function, argument.arg))
                return
        self.lose(where("is a default", node, module))

    # -- arguments ---------------------------------------------------------------------------

    def _handed(self, call: ast.Call, node: ast.expr, at: int | str, module: Module) -> None:
        values = self.program.infer(call.func, module)
        if isinstance(at, int) and any(isinstance(a, ast.Starred) for a in call.args[: at + 1]):
            values = frozenset()
        if not values:
            receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
            if receiver is None or receiver not in self.journey.seen:
                self.lose(where(f"is handed to `{ast.unparse(call.func)}`", node, module))
        for value in values:
            self._handed_to(value, call, node, at, module)

    def _handed_to(
        self, value: Value, call: ast.Call, node: ast.expr, at: int | str, module: Module
    ) -> None:
        match value:
            case FunctionValue(function=function, owner=owner):
                for member in self.program.calls.family(function):
                    self._arrives(member, at, self._bound(member, owner is not None), node, module)
            case ClassValue(cls=cls):
                self._constructed(cls, at, node, module)
            case External(name=name) if name in _LOOKING or name.startswith(_LOGGING):
                pass
            case External(name=name) if name in GIVING:
                self.use(call, module)
            case Method(owner=Instance(cls=str() as cls)) if cls.startswith(_LOGGING):
                pass
            case Method(name=name) if name in _PUTTING and isinstance(call.func, ast.Attribute):
                self._container(call.func.value, module)
            case Method(name=name) if name in _NEITHER | {"get", "pop"}:
                if at == 1 and isinstance(call.func, ast.Attribute):
                    self.use(call, module)
            case _:
                self.lose(where(f"is handed to `{ast.unparse(call.func)}`", node, module))

    def _bound(self, function: Function, through_object: bool) -> bool:
        if not function.is_method or self.program.decorated(function, "builtins.staticmethod"):
            return False
        return through_object or self.program.decorated(function, "builtins.classmethod")

    def _arrives(
        self, function: Function, at: int | str, bound: bool, node: ast.expr, module: Module
    ) -> None:
        """The value is an argument of a function of the code base."""
        arguments = function.definition.args
        positional = [*arguments.posonlyargs, *arguments.args][1 if bound else 0 :]
        taken: ast.arg | None
        if isinstance(at, int):
            taken = positional[at] if at < len(positional) else arguments.vararg
        else:
            named = (argument for argument in function.parameters if argument.arg == at)
            taken = next(named, arguments.kwarg)
        if taken is None:
            self.lose(where(f"is handed to {function.qualname}", node, module))
        else:
            self.place(Place(function, taken.arg))

    def _constructed(self, cls: Class, at: int | str, node: ast.expr, module: Module) -> None:
        """The value is an argument of a constructor: of an ``__init__``, or it is a field."""
        for base in self.program.mro(cls):
            if not isinstance(base, Class):
                continue
            for method in base.methods:
                if method.name == "__init__":
                    self._arrives(method, at, True, node, module)
                    return
        definer = self.definer(cls, at) if isinstance(at, str) else None
        if (
            definer is not None
            and isinstance(definer.owner, Class)
            and at in definer.owner.bindings
        ):
            self.place(definer)
        else:
            self.lose(where(f"is handed to {cls.name}", node, module))

    # -- where a place is read ---------------------------------------------------------------

    def _read_there(self, place: Place) -> Iterator[tuple[ast.expr, Module]]:
        if not place.name:
            yield from self._results(place.owner)
            return
        if isinstance(place.owner, Class):
            yield from self._attributes(place, place.owner)
        elif place.owner.is_module:
            for module in self.program.modules.mentioning((place.name,)):
                names = {place.name, *module.syntax.aliases.get(place.name, ())}
                for name in sorted(names):
                    yield from self._at_home(name, module, place)
        else:
            yield from self._at_home(place.name, place.owner.module, place)

    def _at_home(
        self, name: str, module: Module, place: Place
    ) -> Iterator[tuple[ast.expr, Module]]:
        for node in module.syntax.references.get(name, ()):
            if isinstance(node.ctx, ast.Load) and self.program.home(node, module) == (
                place.owner,
                place.name,
            ):
                yield node, module

    def _attributes(self, place: Place, owner: Class) -> Iterator[tuple[ast.expr, Module]]:
        family = {owner, *self.program.subclasses(owner)}
        for module in self.program.modules.mentioning((place.name,)):
            for node in module.syntax.references.get(place.name, ()):
                if not isinstance(node.ctx, ast.Load):
                    continue
                if isinstance(node, ast.Name):
                    if module.scope_of(node).lookup(node.id, node) in family:
                        yield node, module
                    continue
                values = self.program.infer(node.value, module)
                if (not values and self.program.meetings.possible(module, owner.module)) or any(
                    isinstance(v, Instance | ClassValue)
                    and isinstance(v.cls, Class)
                    and not family.isdisjoint(self.program.mro(v.cls))
                    for v in values
                ):
                    yield node, module

    def _results(self, function: Scope) -> Iterator[tuple[ast.expr, Module]]:
        assert isinstance(function, Function)
        calls = self.program.calls
        if calls.unresolved(function):
            self.lose(f"{function.qualname} may be called where its type is not known")
        if self.program.web.is_fixture(function):
            self.lose(f"{function.qualname} is a fixture")
        for reference in calls.references(function):
            if reference.call is not None:
                yield reference.call, reference.module
            elif self.program.decorators(function):
                yield reference.node, reference.module
            else:
                self.lose(
                    where(f"{function.qualname} is handed on", reference.node, reference.module)
                )


def _has(function: Function, argument: ast.arg) -> bool:
    arguments = function.definition.args
    return argument in (*function.parameters, arguments.vararg, arguments.kwarg)


def _is_items(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and (
        isinstance(node.func, ast.Attribute) and node.func.attr == "items"
    )
