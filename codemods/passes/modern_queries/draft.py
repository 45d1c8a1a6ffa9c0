"""The edits of one connected part while they are made, and what their makers ask for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from codemods.edits import Action, Edit, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.passes.modern_queries.names import Names
from codemods.passes.modern_queries.states import State, Steps, UnconvertibleError
from codemods.passes.modern_queries.supply import Supply
from codemods.passes.modern_queries.table import OLD_IMPORTS
from codemods.passes.modern_queries.travel import Node, Sink


@dataclass(frozen=True)
class Chain:
    """The calls between a sink and what its expression begins with, outermost first."""

    base: Node
    steps: tuple[Node, ...]

    @property
    def names(self) -> frozenset[str]:
        """The builders that are called."""
        return frozenset(method_of(step) for step in self.steps)


@dataclass
class Draft:
    """The edits of one connected part, by module.

    ``special`` are roots and steps that a sink rewrites in its own way: to a template, or not at
    all ("") where the sink replaces them. ``finished`` are the templates of the sinks.
    """

    program: Program
    steps: Steps
    supply: Supply
    known_names: Callable[[Module], Names]
    edits: dict[Module, list[Edit]] = field(default_factory=dict)
    sink_edits: dict[Module, list[Edit]] = field(default_factory=dict)
    special: dict[Node, str] = field(default_factory=dict)
    finished: dict[Sink, str] = field(default_factory=dict)

    def names(self, module: Module) -> Names:
        """The names that a module has for what the new forms use."""
        return self.known_names(module)

    def filled(self, module: Module, template: str) -> str:
        """A template with its markers replaced by names of the module."""
        old = OLD_IMPORTS if self.below("2.0", module) else {}
        return self.names(module).filled(template, old)

    def below(self, version: str, module: Module) -> bool:
        """Whether the application around a module certainly has an older SQLAlchemy."""
        return self.program.versions.below("sqlalchemy", version, module.path)

    def change(self, node: Node, action: Action) -> None:
        """Edit a root or a step."""
        self.edits.setdefault(node.module, []).append(Edit(node.module.key(node.node), action))

    def rewrite(self, node: Node, template: str) -> None:
        """Rewrite a root or a step."""
        self.change(node, Rewrite(self.filled(node.module, template)))

    def finish(self, sink: Sink, template: str) -> None:
        """Rewrite a sink."""
        self.finished[sink] = template
        self.act(sink.module, sink.node, Rewrite(self.filled(sink.module, template)))

    def act(self, module: Module, node: ast.AST, action: Action) -> None:
        """Edit anything after the roots and steps were edited."""
        self.sink_edits.setdefault(module, []).append(Edit(module.key(node), action))

    def all_edits(self) -> dict[Module, list[Edit]]:
        """Where both are on one node, the sink runs what the node became."""
        modules = dict.fromkeys([*self.edits, *self.sink_edits])
        return {m: [*self.edits.get(m, ()), *self.sink_edits.get(m, ())] for m in modules}

    def session(self, sink: Sink) -> str:
        """The source text of the session at a sink."""
        return self.supply.expression(sink)


def method_of(node: Node) -> str:
    """The method that a step calls."""
    func = node.call.func
    return func.attr if isinstance(func, ast.Attribute) else ""


def call_of(sink: Sink) -> ast.Call:
    """The call that a sink is."""
    if not isinstance(sink.node, ast.Call):
        raise TypeError("is not a call")
    return sink.node


def chain_of(node: Node) -> Chain:
    """The chain of calls that ends with ``node``."""
    steps = []
    while node.kind == "step":
        steps.append(node)
        node = node.inputs[0]
    return Chain(node, tuple(steps))


def only(values: Iterable[str]) -> str:
    """The one value that all states agree on."""
    found = set(values)
    if len(found) != 1:
        raise UnconvertibleError("LL214", "it selects different things at times")
    return found.pop()


def shape_of(states: frozenset[State]) -> str:
    """The shape that all states have."""
    shape = only(state.shape for state in states)
    if not shape:
        raise UnconvertibleError("LL214", "what the query selects is not known")
    return shape


def is_starred(call: ast.Call) -> bool:
    """Whether some positional arguments are in a variable."""
    return any(isinstance(argument, ast.Starred) for argument in call.args)


def has_arguments(call: ast.Call) -> bool:
    """Whether a call has any arguments."""
    return bool(call.args or call.keywords)
