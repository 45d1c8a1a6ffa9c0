"""How what several requests share is named.

A *key* names something shared: a global of a module, an attribute of a class's objects, a field of
``app.state``, the disk, a database. One key that begins like another one holds it.
"""

from __future__ import annotations

import ast
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, FunctionValue, Instance, Values

Key = tuple[str, ...]

DISK: Key = ("disk",)
DATABASE: Key = ("database",)

#: Methods that give something of the container, and not a copy.
_INNER = frozenset("get setdefault pop popitem popleft values items".split())
#: Methods that make an object.
MAKERS = ("__init__", "__post_init__", "__new__")
#: Objects that belong to one request.
_OWN = ("pydantic.BaseModel", "builtins.Exception", "fastapi.Request", "fastapi.WebSocket")
_CONTAINERS = ("builtins.dict", "builtins.list", "builtins.set")
_TASKS = (
    "gather",
    "create_task",
    "TaskGroup",
    "create_task_group",
    "ensure_future",
    "as_completed",
)
_DEPTH = 6


class SharedKeys:
    """The keys of expressions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._given_to: dict[tuple[ast.arg, int], set[Key]] = {}

    def of(self, node: ast.expr, module: Module, depth: int = 0) -> set[Key]:
        """The shared things that an expression names, or is a part of."""
        if depth > _DEPTH:
            return set()
        match node:
            case ast.Name():
                return self._name(node, module, depth)
            case ast.Attribute(value=value, attr=attr):
                if self._is_state(node, module):
                    return {("state",)}
                found = {(*key, attr) for key in self.of(value, module, depth)}
                return found or self._of_class(value, attr, module)
            case ast.Subscript(value=value) | ast.Starred(value=value) | ast.Await(value=value):
                return self.of(value, module, depth)
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _INNER:
                return self.of(value, module, depth)
            case ast.Call():
                return self._given(node, module, depth)
            case ast.BoolOp(values=values):
                return {key for value in values for key in self.of(value, module, depth)}
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body, module, depth) | self.of(orelse, module, depth)
            case ast.NamedExpr(value=value):
                return self.of(value, module, depth)
        return set()

    def _name(self, node: ast.Name, module: Module, depth: int) -> set[Key]:
        if _is_global(node, module):
            return {("global", module.path, node.id)}
        home = self.program.home(node, module)
        if home is None:
            return set()
        scope, name = home
        bindings = scope.bindings.get(name, [])
        if scope.is_module:
            if all(b.kind in ("def", "class", "import", "from") for b in bindings):
                return self._classes(node, module)
            return self._objects(node, module) or {("global", scope.module.path, name)}
        if not isinstance(scope, Function):
            return set()
        found: set[Key] = set()
        for binding in bindings:
            if binding.kind == "parameter":
                assert isinstance(binding.node, ast.arg)
                place = (binding.node, min(depth, 2))
                if place not in self._given_to:
                    self._given_to[place] = set()
                    self._given_to[place] = self._parameter(scope, binding.node, depth)
                found |= self._given_to[place]
            elif binding.value is not None and binding.kind != "augmented":
                found |= self.of(binding.value, scope.module, depth + 1)
        return found

    def _parameter(self, function: Function, argument: ast.arg, depth: int) -> set[Key]:
        if function.name in MAKERS and argument is function.parameters[0]:
            return set()  # nobody else has the object yet
        depends = self.program.web.depends(function, argument)
        found: set[Key] = set()
        if depends is not None:
            for provider in self.program.web.dependency_functions(depends):
                found |= self._results(provider, depth)
        elif depth < 2:
            for call, module in self.program.calls.calls_of(function):
                given = self.program.calls.argument(call, function, argument)
                if given is not None:
                    found |= self.of(given, module, depth + 1)
        values = self.program.parameter(function, argument)
        found |= self._of_values(values)
        if not found and self._has_tasks and depends is None and self._is_open(function, values):
            return {("parameter", str(function), argument.arg)}
        return found

    def _is_open(self, function: Function, values: Values) -> bool:
        """Whether several tasks of one request could have the object of a parameter."""
        return function not in self.program.web.routes and (
            not values or any(str(getattr(v, "cls", "")) in _CONTAINERS for v in values)
        )

    @cached_property
    def _has_tasks(self) -> bool:
        """Whether any function runs coroutines beside each other."""
        return bool(self.program.modules.mentioning(_TASKS))

    def _given(self, call: ast.Call, module: Module, depth: int) -> set[Key]:
        found: set[Key] = set()
        for value in self.program.infer(call.func, module):
            if isinstance(value, FunctionValue):
                found |= self._results(value.function, depth + 1)
        return found

    def _results(self, function: Function, depth: int) -> set[Key]:
        given = [r.value for r in function.returns] + [
            y.value for y in function.yields if isinstance(y, ast.Yield)
        ]
        return {
            key
            for value in given
            if value is not None
            for key in self.of(value, function.module, depth + 1)
        }

    def _of_class(self, value: ast.expr, attr: str, module: Module) -> set[Key]:
        """An attribute of an object that a parameter or an attribute holds."""
        if isinstance(value, ast.Name | ast.Call):
            return set()
        return {(*key, attr) for key in self._objects(value, module)}

    def _objects(self, node: ast.expr, module: Module) -> set[Key]:
        values = self.program.infer(node, module)
        return self._of_values(frozenset(v for v in values if isinstance(v, Instance)))

    def _classes(self, node: ast.Name, module: Module) -> set[Key]:
        values = self.program.infer(node, module)
        return self._of_values(frozenset(v for v in values if isinstance(v, ClassValue)))

    def _of_values(self, values: Values) -> set[Key]:
        """The keys of objects and classes of the code base: those of their topmost base."""
        found: set[Key] = set()
        for value in values:
            if isinstance(value, Instance | ClassValue) and self._is_shared(value.cls):
                assert isinstance(value.cls, Class)
                bases = [base for base in self.program.mro(value.cls) if isinstance(base, Class)]
                found.add(("object", str(bases[-1])))
        return found

    def _is_shared(self, cls: Class | str) -> bool:
        """Whether objects of a class may be seen by several requests."""
        if not isinstance(cls, Class) or self.program.models.is_entity(frozenset((Instance(cls),))):
            return False
        return not any(self.program.is_subclass(cls, base) for base in _OWN)

    def _is_state(self, node: ast.Attribute, module: Module) -> bool:
        """Whether an expression is ``app.state``, also by way of a request."""
        if node.attr != "state":
            return False
        if isinstance(node.value, ast.Attribute) and node.value.attr == "app":
            return True
        return self.program.is_a(node.value, module, known.FASTAPI)


def _is_global(node: ast.Name, module: Module) -> bool:
    """Whether a function declares the name as one of its module."""
    function = module.function_of(node)
    if function is None or node.id not in function.outer_names:
        return False
    scope = function.parent
    while scope is not None and not scope.is_module:
        if node.id in scope.bindings:
            return node.id in scope.outer_names
        scope = scope.parent
    return True


def describe(key: Key) -> str:
    """A key in words."""
    match key:
        case ("global", _, *names) | ("state", *names) if names:
            text = ".".join(names)
            return f"app.state.{text}" if key[0] == "state" else text
        case ("parameter", _, *names):
            return ".".join(names)
        case ("object", cls, *names):
            return ".".join([cls.partition(" ")[0], *names])
        case ("disk",):
            return "a file"
        case ("database",):
            return "a row"
    return "app.state"


def overlap(one: Key, other: Key) -> bool:
    """Whether two keys name the same thing, or one a part of the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
