"""Functions that are handed on as values: under which names they are called elsewhere.

``Books(session_factory=database.session)`` hands a method to a parameter, which keeps it in
``self.session_factory``. As long as all that happens to it is known, its calls are known too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.containers import handed, made_by
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import ClassValue, FunctionValue, Instance, Value, Values
from codemods.facts.web import names_overrides

if TYPE_CHECKING:
    from codemods.facts.program import Program


@dataclass(frozen=True)
class Slot:
    """Where a function arrives: a parameter, a name, or an attribute of a class."""

    owner: Scope
    name: str


class Carried:
    """Answers how the functions of a program travel as values."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._names: dict[Function, set[str]] = {}

    def names(self, function: Function) -> set[str]:
        """The names of parameters and attributes that hold the function somewhere."""
        if function not in self._names:
            found = self._names[function] = set()
            waiting = [function.name]
            while waiting:
                for node, module in self._values(function, waiting.pop()):
                    slots = [*(self._slots(node, module) or ())]
                    if isinstance(module.parent(node), ast.Return):
                        slots += self._named_results(node, module)
                    for slot in slots:
                        if slot.name not in found and slot.name != function.name:
                            found.add(slot.name)
                            waiting.append(slot.name)
        return self._names[function]

    def followed(self, function: Function, node: ast.expr, module: Module) -> bool:
        """Whether everything is known that happens to a function which is handed on there."""
        return self._followed(function, node, module, set())

    def _followed(
        self, function: Function, node: ast.expr, module: Module, seen: set[Slot]
    ) -> bool:
        parent = module.parent(node)
        if isinstance(parent, ast.Call) and self.program.outside_name(parent.func, module) in (
            known.DEPENDS,
            known.SECURITY,
        ):
            return True
        if isinstance(parent, ast.Subscript) and parent.slice is node:
            return names_overrides(parent.value)
        if isinstance(parent, ast.Return):
            return self._is_made(function, node, module, seen)
        slots = self._slots(node, module)
        return bool(slots) and all(self._is_known(function, slot, seen) for slot in slots or ())

    def _values(self, function: Function, name: str) -> Iterator[tuple[ast.expr, Module]]:
        """The places where ``name`` stands for the function, and does not call it."""
        for module in self.program.modules.mentioning((name,)):
            for node in module.syntax.references.get(name, ()):
                parent = module.parent(node)
                if isinstance(parent, ast.Call) and parent.func is node:
                    continue
                if isinstance(node.ctx, ast.Load) and self._means(node, module, function):
                    yield node, module

    def _means(self, node: ast.expr, module: Module, function: Function) -> bool:
        return any(
            isinstance(v, FunctionValue) and v.function is function
            for v in self.program.infer(node, module)
        )

    # -- functions that make functions -------------------------------------------------------

    def _is_made(self, function: Function, node: ast.expr, module: Module, seen: set[Slot]) -> bool:
        """Whether a function that another one makes and returns stays where it is known."""
        maker = module.function_of(node)
        if maker is None or function.parent is not maker:
            return False
        if any(reference.call is None for reference in self.program.calls.references(maker)):
            return False
        for reference in self.program.calls.references(maker):
            call = reference.call
            assert call is not None
            slots = self._assigned(call, reference.module)
            if slots:
                if not all(self._is_known(function, slot, seen) for slot in slots):
                    return False
            elif not self._followed(function, call, reference.module, seen):
                return False
        return True

    def _named_results(self, node: ast.expr, module: Module) -> list[Slot]:
        """The names that the results of the function around a ``return`` are bound to."""
        maker = module.function_of(node)
        uses = self.program.calls.references(maker) if maker is not None else ()
        return [
            slot
            for reference in uses
            if reference.call is not None
            for slot in self._assigned(reference.call, reference.module)
        ]

    def _assigned(self, call: ast.Call, module: Module) -> list[Slot]:
        match module.parent(call):
            case ast.Assign(targets=[ast.Name(id=name)]):
                return [Slot(module.scope_of(call), name)]
        return []

    # -- where a value arrives ---------------------------------------------------------------

    def _slots(self, node: ast.expr, module: Module) -> list[Slot] | None:
        """Where a value goes that is named in an argument or assigned; None where unknown."""
        parent = module.parent(node)
        match parent:
            case ast.Call() if managed_by(self.program, node, module) is not None:
                return self._assigned(parent, module)
            case ast.keyword(arg=str() as name):
                call = module.parent(parent)
                return self._parameters(call, module, name) if isinstance(call, ast.Call) else None
            case ast.Call() if node in parent.args:
                return self._parameters(parent, module, parent.args.index(node))
            case ast.Assign(targets=[ast.Attribute() as target]):
                return self._attribute(target, module)
            case ast.AnnAssign(target=ast.Attribute() as target):
                return self._attribute(target, module)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
                # ``get_db = database.session``: another name of the module for it.
                scope = module.scope_of(node)
                if scope is module.scope and len(scope.bindings[name]) == 1:
                    return [Slot(scope, name)]
        return None

    def _attribute(self, target: ast.Attribute, module: Module) -> list[Slot] | None:
        owners = [
            v.cls
            for v in self.program.infer(target.value, module)
            if isinstance(v, Instance) and isinstance(v.cls, Class)
        ]
        return [Slot(owner, target.attr) for owner in owners] or None

    def _parameters(self, call: ast.Call, module: Module, place: int | str) -> list[Slot] | None:
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            return None
        called = self.program.infer(call.func, module)
        maker = made_by(self.program, call, module)
        if maker is not None and place != 0:
            called = self.program.infer(maker, module)
            place = place - 1 if isinstance(place, int) else place
        found: list[Slot] = []
        for value in called:
            slot = self._parameter(value, place)
            if slot is None:
                return None
            found.append(slot)
        return found or None

    def _parameter(self, value: object, place: int | str) -> Slot | None:
        match value:
            case FunctionValue(function=function, owner=owner):
                return _named(function, place, bound=owner is not None)
            case ClassValue(cls=cls):
                for base in self.program.mro(cls):
                    if not isinstance(base, Class):
                        continue
                    for binding in base.bindings.get("__init__", ()):
                        method = base.module.functions.get(binding.node)
                        return _named(method, place, bound=True) if method else None
        return None

    # -- what happens there ------------------------------------------------------------------

    def _is_known(self, function: Function, slot: Slot, seen: set[Slot]) -> bool:
        if slot in seen:
            return True
        seen.add(slot)
        if isinstance(slot.owner, Class):
            return not self.program.calls.taken_apart.of(slot.owner) and all(
                self._is_used(function, node, module, seen)
                for node, module in self._values(function, slot.name)
                if isinstance(node, ast.Attribute)
            )
        holder = slot.owner
        if not isinstance(holder, Function) or holder.bindings[slot.name][0].kind != "parameter":
            return all(
                self._is_used(function, node, module, seen)
                for node, module in self._values(function, slot.name)
            )
        return self._gets_functions(holder, slot.name, frozenset()) and all(
            self._is_used(function, node, holder.module, seen)
            for node in holder.nodes
            if isinstance(node, ast.Name) and node.id == slot.name
        )

    def _is_used(self, function: Function, node: ast.expr, module: Module, seen: set[Slot]) -> bool:
        match module.parent(node):
            case ast.Call(func=called) if called is node:
                return True
            case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant()]):
                return True
            case ast.If(test=test) | ast.IfExp(test=test) if test is node:
                return True
        return self._followed(function, node, module, seen)

    def _gets_functions(self, holder: Function, name: str, seen: frozenset[Slot]) -> bool:
        """Whether all that is passed for a parameter are functions of the code base."""
        argument = next((a for a in holder.parameters if a.arg == name), None)
        if argument is None:
            return False
        given = [
            (self.program.calls.argument(call, holder, argument), module)
            for call, module in self.program.calls.calls_of(holder)
        ]
        given += handed(self.program, holder, name)
        default = holder.default_of(argument)
        if default is not None and not isinstance(default, ast.Constant):
            given.append((default, holder.module))
        seen |= {Slot(holder, name)}
        return all(
            node is None
            or _are_functions(self.program.infer(node, module))
            or self._hands_functions_on(node, module, seen)
            for node, module in given
        )

    def _hands_functions_on(self, node: ast.expr, module: Module, seen: frozenset[Slot]) -> bool:
        """Whether a parameter that is annotated as ``Callable`` gets functions of the code base."""
        if not isinstance(node, ast.Name):
            return False
        holder = module.scope_of(node).lookup(node.id)
        values = self.program.infer(node, module)
        if not isinstance(holder, Function) or not values or Slot(holder, node.id) in seen:
            return False
        bindings = holder.bindings.get(node.id, ())
        return (
            [binding.kind for binding in bindings] == ["parameter"]
            and all(
                isinstance(v, FunctionValue)
                or (isinstance(v, Instance) and v.cls == known.CALLABLE)
                for v in values
            )
            and all(r.call is not None for r in self.program.calls.references(holder))
            and self._gets_functions(holder, node.id, seen)
        )


def managed_by(program: Program, node: ast.expr, module: Module) -> ast.Call | None:
    """The call that makes a context manager of a function: ``contextmanager(get_db)``."""
    match module.parent(node):
        case ast.Call(args=[first], keywords=[]) as call if first is node:
            return call if program.outside_name(call.func, module) == known.MANAGER else None
    return None


def _is_any(value: Value) -> bool:
    """Whether an annotation says no more than that something can be called."""
    return isinstance(value, Instance) and value.cls == known.CALLABLE


def _are_functions(values: Values) -> bool:
    return bool(values) and all(isinstance(value, FunctionValue) for value in values)


def _named(function: Function, place: int | str, bound: bool) -> Slot | None:
    names = [argument.arg for argument in function.parameters]
    if isinstance(place, int):
        positional = [*function.definition.args.posonlyargs, *function.definition.args.args]
        index = place + (1 if bound else 0)
        return Slot(function, positional[index].arg) if index < len(positional) else None
    return Slot(function, place) if place in names else None
