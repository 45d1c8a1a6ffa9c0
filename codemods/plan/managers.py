"""Classes of the application that are entered by ``with``: a unit of work, a scope, a lock.

Once what enters or leaves such an object waits, both of its methods have the names that
``async with`` asks for, and every ``with`` that enters one becomes ``async with``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance, Values

#: The methods of a context manager, and the names of their async forms.
ASYNC_NAMES = {"__enter__": "__aenter__", "__exit__": "__aexit__"}
#: Libraries whose functions give back what they were given, or what they find in it.
_HANDING_ON = frozenset(
    "builtins contextvars copy functools itertools operator queue typing typing_extensions".split()
)
#: What enters the objects that it is given.
_ENTERING = ("enter_context", "push", "enter_async_context", "push_async_exit")


def is_manager(function: Function) -> bool:
    """Whether ``with`` calls a function."""
    return function.is_method and function.name in ASYNC_NAMES


class Managers:
    """The context managers that are classes of a program, and where they are entered."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def others(self, function: Function) -> list[Function]:
        """The functions that ``with`` calls beside this one, of the same objects."""
        return [
            found
            for cls in self._classes(function)
            for name in ASYNC_NAMES
            if (found := self._method(cls, name)) is not None and found is not function
        ]

    def uses(self, function: Function) -> list[tuple[ast.withitem, Module]]:
        """The items of ``with`` statements that enter an object with this method."""
        classes = self._classes(function)
        return [(item, module) for item, module, v in self._items if _may_be(v, classes)]

    def obstacle(self, function: Function) -> str:
        """Why the objects can't be entered by ``async with``, or ""."""
        classes = self._classes(function)
        for cls in classes:
            if any(self._method(cls, name) is None for name in ASYNC_NAMES):
                return f"is {function.name} of {cls.name}, which has only one half in this code"
            if any(self._method(cls, name) is not None for name in ASYNC_NAMES.values()):
                return f"is {function.name} of {cls.name}, which has an async form of its own"
            for base in self.program.mro(cls):
                if isinstance(base, str) and base not in known.PLAIN_BASES:
                    return f"is {function.name} of {cls.name}, whose base {base} may call it"
        for text in (*self._odd_items(function, classes), *self._by_hand(function, classes)):
            return text
        return ""

    def _odd_items(self, function: Function, classes: frozenset[Class]) -> Iterator[str]:
        """The ``with`` statements that may enter such an object, and something else."""
        homes = {cls.module for cls in classes}
        for item, module, values in self._items:
            if not values:
                if not self._made_outside(item.context_expr, module) and any(
                    self.program.meetings.possible(module, home) for home in homes
                ):
                    yield (
                        f"is {function.name}, which `with {ast.unparse(item.context_expr)}` in "
                        f"{module.path}:{item.context_expr.lineno} may call"
                    )
            elif _may_be(values, classes) and not _must_be(values, classes):
                yield (
                    f"is {function.name}, and {module.path}:{item.context_expr.lineno} enters "
                    f"something else as well"
                )
            elif _may_be(values, classes) and module.function_of(item.context_expr) is None:
                yield f"is {function.name}, called while {module.path} is imported"

    def _made_outside(self, node: ast.expr, module: Module) -> bool:
        """Whether a library makes what is entered: ``pytest.raises(error)``."""
        if not isinstance(node, ast.Call):
            return False
        name = self.program.outside_name(node.func, module)
        return bool(name) and name.partition(".")[0] not in _HANDING_ON

    def _by_hand(self, function: Function, classes: frozenset[Class]) -> Iterator[str]:
        """Calls that name the method, and whatever enters objects that it is given."""
        calls = self.program.calls
        for reference in (*calls.references(function), *calls.unresolved(function)):
            if not is_super(reference.node):
                place = f"{reference.module.path}:{reference.node.lineno}"
                yield f"is {function.name}, which {place} names"
        for module in self.program.modules.mentioning(_ENTERING):
            for name in _ENTERING:
                for call in module.syntax.calls.get(name, ()):
                    for argument in call.args[:1]:
                        values = self.program.infer(argument, module)
                        if not values or _may_be(values, classes):
                            yield (
                                f"is {function.name}, which `{name}` in {module.path}:"
                                f"{call.lineno} may call"
                            )

    def _classes(self, function: Function) -> frozenset[Class]:
        """The classes whose objects have this method, or one of its family."""
        found: set[Class] = set()
        for member in self.program.calls.family(function):
            if isinstance(member.parent, Class):
                found |= {member.parent, *self.program.subclasses(member.parent)}
        return frozenset(found)

    def _method(self, cls: Class, name: str) -> Function | None:
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for binding in base.bindings.get(name, ()):
                    return base.module.functions.get(binding.node)
        return None

    @cached_property
    def _items(self) -> list[tuple[ast.withitem, Module, Values]]:
        """What each ``with`` statement of the program enters."""
        return [
            (item, module, self.program.infer(item.context_expr, module))
            for module in self.program.modules.mentioning(("with",))
            for statement in module.syntax.parents
            if isinstance(statement, ast.With)
            for item in statement.items
        ]


def is_super(node: ast.expr) -> bool:
    """Whether a method is named as that of the class above: ``super().__enter__``."""
    match node:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
            return True
    return False


def _may_be(values: Values, classes: frozenset[Class]) -> bool:
    return any(isinstance(value, Instance) and value.cls in classes for value in values)


def _must_be(values: Values, classes: frozenset[Class]) -> bool:
    return all(isinstance(value, Instance) and value.cls in classes for value in values)
