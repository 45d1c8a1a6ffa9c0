"""Where loader options go: into the query, or through the functions between it and its reader."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue
from codemods.passes.eager_loading.callers import Callers
from codemods.passes.eager_loading.existing import chain_of
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.ways import Hop, Kind, Landing, Path, Touch

PARAMETER = "options"


@dataclass(frozen=True)
class Load:
    """One path to load for the instances of a query, and its reader.

    ``stack`` are the calls between the query and the function of the reader, outermost first.
    """

    entity: Class
    path: Path
    many: bool
    stack: tuple[Hop, ...]
    touch: Touch


@dataclass
class Place:
    """A query, a ``get`` or a call that options are given to.

    ``passes`` says that it hands on the parameter of its function; ``callee`` is the function
    whose parameter takes the options, where ``node`` is a call.
    """

    node: ast.Call
    module: Module
    kind: Kind
    loads: list[Load] = field(default_factory=list)
    passes: bool = False
    callee: Function | None = None


@dataclass
class Placement:
    """All places and the functions that get a parameter for options."""

    places: dict[ast.Call, Place] = field(default_factory=dict)
    parameters: set[Function] = field(default_factory=set)
    lost: list[tuple[Load, ast.expr, str]] = field(default_factory=list)


class Placer:
    """Decides for each query what it loads itself and what its callers ask it to load."""

    def __init__(self, program: Program, callers: Callers) -> None:
        self.program = program
        self.callers = callers
        self.result = Placement()

    def place(self, landings: Iterable[tuple[Landing, Path]]) -> Placement:
        """The places of all loads; each landing comes with the lazy part of its path."""
        queries: dict[ast.Call, tuple[Landing, list[Load]]] = {}
        for landing, path in landings:
            demand, node = landing.demand, landing.node
            if isinstance(node, ast.Call):
                load = Load(demand.entity, path, demand.many, demand.stack, demand.touch)
                queries.setdefault(node, (landing, []))[1].append(load)
        for node, (landing, loads) in queries.items():
            self._put(Place(node, landing.demand.module, landing.kind), loads)
        return self.result

    def extend(self, landings: Iterable[tuple[Landing, Path]]) -> list[tuple[Landing, Path]]:
        """Have calls of functions that take options already give more; give the others back."""
        rest = []
        for landing, path in landings:
            demand = landing.demand
            if not demand.stack or not self._takes_options(landing):
                rest.append((landing, path))
                continue
            outer = demand.stack[0]
            assert isinstance(outer.call, ast.Call)
            given = Place(outer.call, outer.module, Kind.QUERY, callee=outer.callee)
            place = self.result.places.setdefault(outer.call, given)
            place.loads.append(Load(demand.entity, path, demand.many, (), demand.touch))
        return rest

    def _takes_options(self, landing: Landing) -> bool:
        """Whether a query loads what it is told, all the way from the outermost call to it."""
        if landing.kind is not Kind.QUERY or not isinstance(landing.node, ast.Call):
            return False
        inner = [*(hop.call for hop in landing.demand.stack[1:]), landing.node]
        modules = [*(hop.module for hop in landing.demand.stack[1:]), landing.demand.module]
        for call, module in zip(inner, modules, strict=True):
            if not isinstance(call, ast.Call):
                return False
            place = self.result.places.get(call)
            if not passes_on(call, module) and not (place is not None and place.passes):
                return False
        return isinstance(landing.demand.stack[0].call, ast.Call)

    def _put(self, place: Place, loads: list[Load], depth: int = 0) -> None:
        """Keep at a place what all its callers read; ask the callers for the rest."""
        place = self.result.places.setdefault(place.node, place)
        function = place.module.function_of(place.node)
        generic = self._is_generic(place)
        if place.callee is not None:
            known = [(load, self._given(place, load.entity)) for load in loads]
            vague = [load for load, entity in known if entity is None]
            self._give_up(vague, place, "the function gives objects of several classes")
            loads = [replace(load, entity=entity) for load, entity in known if entity is not None]
        asked: dict[ast.AST, tuple[Hop, list[Load]]] = {}
        for path in sorted({load.path for load in loads}):
            same = [load for load in loads if load.path == path]
            inside = [load for load in same if not load.stack]
            outside = [load for load in same if load.stack]
            if generic or (
                not inside
                and function is not None
                and depth < 6
                and self._can_pass(function, outside, place)
                and self._is_shared(function, outside)
            ):
                for load in outside:
                    hop = load.stack[-1]
                    asked.setdefault(hop.call, (hop, []))[1].append(load)
                if generic:
                    self._give_up(inside, place, "the query is made for any class")
            else:
                place.loads.extend(same)
        if not asked or function is None:
            return
        wanted = [load for _, given in asked.values() for load in given]
        if not self._can_pass(function, wanted, place):
            for _, given in asked.values():
                self._give_up(given, place, f"{function.name} can't be told what to load")
            return
        if not passes_on(place.node, place.module):
            place.passes = True
            self.result.parameters.add(function)
        for call, (hop, given) in asked.items():
            if not isinstance(call, ast.Call):  # pragma: no cover - see _can_pass
                continue
            outer = [
                Load(load.entity, load.path, load.many, load.stack[:-1], load.touch)
                for load in given
            ]
            caller = Place(call, hop.module, Kind.QUERY, callee=function)
            self._put(caller, outer, depth + 1)

    def _give_up(self, loads: Iterable[Load], place: Place, reason: str) -> None:
        self.result.lost.extend((load, place.node, reason) for load in loads)

    def _given(self, place: Place, entity: Class) -> Class | None:
        """The one class of what a call surely gives, that class or a subclass of it; else None.

        It is known by what the called function returns, or by the class that it is told.
        """
        program, module = self.program, place.module
        known = [
            {*program.models.entities(program.inference.returned(function))}
            for function in program.calls.targets(place.node, module)
        ]
        known.append({*mapped_in(program.infer(place.node, module), program)})
        parts = [*place.node.args, *(keyword.value for keyword in place.node.keywords)]
        if isinstance(place.node.func, ast.Attribute):
            parts.append(place.node.func.value)
        told = [v.cls for p in parts for v in program.infer(p, module) if isinstance(v, ClassValue)]
        known.append({cls for cls in told if program.models.is_mapped(cls)})
        alone = [classes.pop() for classes in known if len(classes) == 1]
        return next((cls for cls in alone if entity in program.mro(cls)), None)

    def _is_generic(self, place: Place) -> bool:
        """Whether the entity of a query is not one class by name."""
        if place.callee is not None:
            return False
        if not place.node.args:
            return True
        return not any(self._names_class(argument, place.module) for argument in place.node.args)

    def _names_class(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression names a class, or an alias of one, and not a variable."""
        found = self.program.binding(node, module)
        if found is None:
            return False
        binding, _ = found
        if binding.kind in ("class", "from", "import"):
            return True
        return isinstance(binding.value, ast.Call) and self.program.outside_name(
            binding.value.func, module
        ).endswith("aliased")

    def _is_shared(self, function: Function, loads: list[Load]) -> bool:
        """Whether some callers of a function do not read what the others do."""
        demanding = {id(load.stack[-1].call) for load in loads}
        return any(id(call) not in demanding for call in self.callers.calls(function))

    def _can_pass(self, function: Function, loads: list[Load], place: Place) -> bool:
        """Whether a function can get a parameter for options, and its callers give it."""
        program = self.program
        if any(not isinstance(load.stack[-1].call, ast.Call) for load in loads):
            return False
        if function in program.web.routes or function.is_generator:
            return False
        if len(program.calls.family(function)) > 1:
            return False
        if not program.codebase.editable(function.module.path):
            return False
        for name in program.decorators(function):
            if name not in ("builtins.staticmethod", "builtins.classmethod"):
                return False
        for reference in program.calls.references(function):
            # As a dependency, the parameter would become one of the request.
            if reference.call is None:
                return False
        # An earlier run can have given it the parameter.
        return PARAMETER not in function.bindings or passes_on(place.node, place.module)


def passes_on(call: ast.Call, module: Module) -> bool:
    """Whether a query or call hands on the options that its function was given."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == PARAMETER]
    for link in chain_of(call, module):
        if isinstance(link.func, ast.Attribute) and link.func.attr == "options":
            given += link.args
    return any(
        isinstance(node, ast.Name) and node.id == PARAMETER
        for value in given
        for node in ast.walk(value)
    )
