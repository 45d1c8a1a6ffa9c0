"""Constructors that wait: ``__init__`` can't, so a class method makes the object and waits for it.

``Service(db)`` becomes ``await Service.create(db)``. As ``Service.__init__`` gives way to a method
that is awaited, so do those of all classes below, and each place that makes such an object follows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.journeys import Journey
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.travels import is_kept

#: What is given a class and makes no object of it.
_HARMLESS = frozenset(
    f"builtins.{name}" for name in "isinstance issubclass super print repr str".split()
) | frozenset({"typing.cast", "typing.TypeVar"})
#: Names for the class method and for what was ``__init__``: the first that no class has.
_NAMES = (("create", "prepare"), ("make", "set_up"), ("create_waiting", "prepare_waiting"))


def is_constructor(function: Function) -> bool:
    """Whether making an object calls a function."""
    return function.name == "__init__" and isinstance(function.parent, Class)


class Constructors:
    """The constructors of the classes of a program, and where objects are made."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def group(self, function: Function) -> list[Function]:
        """The constructors of the classes below, which ``create`` would call in its place.

        So are those of the classes that are kept in one table with them.
        """
        below = [
            method
            for cls in self._classes(function)
            for method in cls.methods
            if is_constructor(method) and method is not function
        ]
        kept = (
            self.program.calls.constructor(other)
            for cls in self._classes(function)
            for journey in self._journeys(cls)
            for other in journey.classes
        )
        beside = {method for method in kept if method is not None and method is not function}
        return [*below, *sorted(beside - {*below}, key=str)]

    def _journeys(self, cls: Class) -> Iterator[Journey]:
        """Where a class goes that is kept in tables."""
        for reference in self.program.calls.class_references(cls):
            if reference.call is None and is_kept(reference.node, reference.module):
                yield self.program.calls.travels.of(reference.node, reference.module)

    def _is_taken_out(self, node: ast.expr, module: Module) -> bool:
        """Whether a class is kept in a table, and it is known where what is kept there is called.

        All that can be called there has to be a class whose objects can be made by ``create``.
        """
        if not is_kept(node, module):
            return False
        journey = self.program.calls.travels.of(node, module)
        if journey.lost or journey.others or journey.lambdas or journey.functions:
            return False
        if not journey.calls:
            return False  # it is kept for somebody who is not here
        return all(
            self.program.calls.constructor(cls) is not None
            and self.names(base_of(cls, self.program)) == _NAMES[0]
            for cls in journey.classes
        )

    def made(self, function: Function) -> Iterator[tuple[ast.Call, Module]]:
        """The calls that make an object with this constructor."""
        for call, module in self.program.calls.calls_of(function):
            if not calls_by_name(call):
                yield call, module

    def obstacle(self, function: Function) -> str:
        """Why the objects can't be made by something that waits, or ""."""
        for cls in self._classes(function):
            for text in (*self._of_class(cls, function), *self._of_uses(cls)):
                return f"is __init__ of {cls.name}, {text}"
        return ""

    def top(self, function: Function, waiting: Collection[Function]) -> Class:
        """The topmost class whose constructor waits as well: it has the class method."""
        assert isinstance(function.parent, Class)
        found = function.parent
        for base in self.program.mro(function.parent):
            if isinstance(base, Class) and any(
                is_constructor(method) and method in waiting for method in base.methods
            ):
                found = base
        return found

    def names(self, top: Class) -> tuple[str, str]:
        """The names of the class method and of what was ``__init__``."""
        taken = {
            name
            for below in (top, *self.program.subclasses(top))
            for cls in self.program.mro(below)
            if isinstance(cls, Class)
            for name in (*cls.bindings, *cls.attributes)
        }
        return next((pair for pair in _NAMES if taken.isdisjoint(pair)), ("", ""))

    def _classes(self, function: Function) -> list[Class]:
        assert isinstance(function.parent, Class)
        return [function.parent, *self.program.subclasses(function.parent)]

    # -- what stands in the way --------------------------------------------------------------

    def _of_class(self, cls: Class, function: Function) -> Iterator[str]:
        if cls.definition.decorator_list or cls.definition.keywords:
            yield "which a decorator or a metaclass makes"
        own = self._classes(function)
        if function in self.program.web.depended:
            yield "which FastAPI calls"
        above = False
        for base in self.program.mro(cls):
            if isinstance(base, str):
                if base not in known.PLAIN_BASES:
                    yield f"whose base {base} has a part in it"
                continue
            if base.definition.keywords or "__new__" in base.bindings:
                yield "whose objects are made in a way of their own"
            if not all(self.program.base_values(b, base.module) for b in base.definition.bases):
                yield "which has a base that is not known"
            above = above or base is function.parent
            if "__init__" in base.bindings and not above and base not in own:
                yield f"before which {base.name}.__init__ is called"
            if base in own and any(a.arg == "cls" for m in base.methods for a in m.parameters[1:]):
                yield "which takes what the class method calls its class"
            if base in own and len(base.bindings.get("__init__", ())) > 1:
                yield "which has several of them"
        if self.names(base_of(cls, self.program)) == ("", ""):
            yield "which leaves no name for what takes its place"

    def _of_uses(self, cls: Class) -> Iterator[str]:
        for reference in self.program.calls.class_references(cls):
            module, node = reference.module, reference.node
            where = f"{module.path}:{node.lineno}"
            if reference.call is None:
                if not self._is_harmless(node, module) and not self._is_taken_out(node, module):
                    yield f"which is handed on as a value in {where}"
            elif module.function_around(reference.call) is None:
                yield f"of which an object is made in {where}, where nothing can wait"
        quoted = re.compile(rf"""["'.]{cls.name}["']""")
        for module in self.program.modules:
            if self.program.web.in_tests(module) and quoted.search(module.file.text):
                yield f"which {module.path} may replace by its name"
        if _takes_a_class(cls.module) or _calls_a_type(cls.module):
            yield f"and {cls.module.path} makes objects of classes that it does not name"

    def _is_asked_for(
        self, annotation: ast.expr | None, default: ast.expr | None, module: Module
    ) -> bool:
        """Whether FastAPI makes what is annotated: ``service: Service = Depends()``."""
        return any(
            isinstance(node, ast.Call)
            and not node.args
            and all(keyword.arg != "dependency" for keyword in node.keywords)
            and self.program.outside_name(node.func, module) in (known.DEPENDS, known.SECURITY)
            for part in (annotation, default)
            if part is not None
            for node in ast.walk(part)
        )

    def _is_harmless(self, node: ast.expr, module: Module) -> bool:
        """Whether a class is named where it makes no object: an annotation, a base, a check."""
        child: ast.AST = node
        for parent in module.ancestors(node):
            match parent:
                case ast.Attribute():
                    return child is node
                case ast.arg():
                    function = module.functions.get(_definition(parent, module) or parent)
                    default = function.default_of(parent) if function is not None else None
                    return not self._is_asked_for(parent.annotation, default, module)
                case ast.AnnAssign(annotation=annotation, value=value):
                    return child is annotation and not self._is_asked_for(annotation, value, module)
                case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                    return child is returns
                case ast.ClassDef(bases=bases):
                    return child in bases
                case ast.Call(func=called):
                    return self.program.outside_name(called, module) in _HARMLESS
                case ast.stmt():
                    return False
            child = parent
        return False


def _definition(argument: ast.arg, module: Module) -> ast.AST | None:
    """The function or lambda that has a parameter."""
    arguments = module.parent(argument)
    return module.parent(arguments) if arguments is not None else None


def base_of(cls: Class, program: Program) -> Class:
    """The topmost class of the code base that a class derives from: it, if there is none."""
    return next((b for b in reversed(program.mro(cls)) if isinstance(b, Class)), cls)


def calls_by_name(call: ast.Call) -> bool:
    """Whether ``__init__`` is called by its name, as by a class below: nothing is made there."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"


def _takes_a_class(module: Module) -> bool:
    """Whether a module does more with ``other.__class__`` than to read one of its attributes."""
    return "__class__" in module.identifiers and not all(
        isinstance(parent := module.parent(node), ast.Attribute)
        and not (isinstance(call := module.parent(parent), ast.Call) and call.func is parent)
        for node in module.syntax.references.get("__class__", ())
    )


def _calls_a_type(module: Module) -> bool:
    """Whether a module has ``type(other)(...)``."""
    return any(
        isinstance(parent := module.parent(call), ast.Call) and parent.func is call
        for call in module.syntax.calls.get("type", ())
    )
