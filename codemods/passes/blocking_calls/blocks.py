"""With statements that open files: one thread does all of one, from its opening to its end.

A file that is read line by line, or handed on, can't be followed call by call; and where it can,
each call would change threads once more, and its end (which writes what is left) would wait on the
event loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from codemods.facts import Program
from codemods.facts.blocking_table import Effect, Form
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import ClassValue, External
from codemods.passes.blocking_calls.sites import Site
from codemods.passes.blocking_calls.threads import CALLABLE, Threads
from codemods.plan.shared import SharedState
from codemods.plan.shared_keys import DATABASE, DISK, overlap

#: What can't move into a function of its own.
_BOUND = (
    ast.Await
    | ast.AsyncFor
    | ast.AsyncWith
    | ast.Yield
    | ast.YieldFrom
    | ast.Global
    | ast.Nonlocal
    | ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.ClassDef
    | ast.Import
    | ast.ImportFrom
    | ast.Delete
    | ast.NamedExpr
    | ast.Match
    | ast.ExceptHandler
)
#: Names that mean another thing in another function.
_OF_A_FUNCTION = frozenset("super locals vars exec eval dir __class__".split())
_LOOPS = (ast.For, ast.While)


@dataclass(frozen=True, eq=False)
class Moved:
    """A with statement that becomes the body of a function which a thread calls.

    ``opener`` is the first file that it opens. It assigns ``outer`` names of the function around
    it; ``results`` are those that it alone assigns and that are read behind it. Where it ``ends``
    the function, its value is returned.
    """

    block: ast.With
    opener: Site
    name: str
    outer: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    ends: bool = False

    @property
    def given(self) -> ast.Assign | None:
        """The last statement of the block, where it assigns the one result."""
        match self.block.body[-1]:
            case ast.Assign(targets=[ast.Name(id=name)]) as last if self.results == (name,):
                return last
        return None

    def template(self, pool: str) -> str:
        """The function, and its call, which stand for the with statement."""
        returned = ", ".join(self.results)
        lines = [f"def {self.name}(){self._annotation()}:"]
        if self.outer:
            lines.append(f"    nonlocal {', '.join(self.outer)}")
        lines.append("    {self}")
        if returned and self.given is None:
            lines.append(f"    return {returned}")
        call = f"await {pool}({self.name})"
        if self.ends:
            call = f"return {call}"
        elif returned:
            call = f"{returned} = {call}"
        return "\n".join([*lines, call])

    def _annotation(self) -> str:
        """Annotated as the function around it is, as far as the type is known."""
        returns = self.opener.function.definition.returns
        if returns is None or self.results:
            return ""
        return f" -> {ast.unparse(returns) if self.ends else 'None'}"


class _Names(NamedTuple):
    outer: tuple[str, ...]
    results: tuple[str, ...]


class Blocks:
    """Finds the with statements that a thread can do as a whole."""

    def __init__(self, program: Program, state: SharedState, threads: Threads) -> None:
        self.program = program
        self.state = state
        self.threads = threads
        self._names: dict[Function, set[str]] = {}

    def moved(
        self, block: ast.With, opener: Site, sites: Iterable[Site], others: set[ast.AST]
    ) -> Moved | None:
        """The with statement that ``opener`` stands in, with those ``sites``, if it can move.

        ``others`` are the nodes of all with statements that may.
        """
        function, module = opener.function, opener.module
        nodes = list(ast.walk(block))
        inside = set(nodes)
        ends = isinstance(block.body[-1], ast.Return)
        if not all(_opens(item, sites) for item in block.items):
            return None
        if any(isinstance(node, _BOUND) for node in nodes) or not _stays(block, module, ends=ends):
            return None
        if self.threads.uses(nodes, module) or self._shares(function, inside):
            return None
        if not all(self._is_fit(node, function, inside) for node in nodes):
            return None
        names = _names(block, function, module, others, ends=ends)
        if names is None or (ends and function.is_generator):
            return None
        return Moved(block, opener, self._name(opener, block), *names, ends)

    def _shares(self, function: Function, inside: set[ast.AST]) -> bool:
        """Whether the block touches what other requests change, or changes what they see."""
        return any(
            access.writes or self.state.written_by_functions(access.key)
            for access in self.state.accesses(function)
            if access.node in inside
            and not overlap(access.key, DISK)
            and not overlap(access.key, DATABASE)
        )

    def _is_fit(self, node: ast.AST, function: Function, inside: set[ast.AST]) -> bool:
        """Whether a node means and does the same in another function, in a thread."""
        module = function.module
        if isinstance(node, ast.Name):
            return node.id not in _OF_A_FUNCTION
        if isinstance(node, ast.comprehension):
            return not node.is_async
        if not isinstance(node, ast.Call):
            return True
        called = self.program.called_functions(node, module)
        if any(helper.is_async or self.threads.helper(helper) for helper in called):
            return False
        values = self.program.infer(node.func, module)
        if values:
            return all(isinstance(value, CALLABLE) for value in values)
        root = node.func
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if not isinstance(root, ast.Name):
            return True
        if root is node.func:
            return False
        values = self.program.infer(root, module)
        if values and all(isinstance(value, ClassValue | External) for value in values):
            return True
        # What is made within the block: the reader of a CSV, a line. Or a model of Pydantic.
        parameters = {parameter.arg: parameter for parameter in function.parameters}
        return _is_made_in(root, module, inside) or (
            root.id in parameters and self.threads.is_plain(parameters[root.id], module)
        )

    def _name(self, opener: Site, block: ast.With) -> str:
        """A name for the function that nothing around it has."""
        function = opener.function
        if function not in self._names:
            self._names[function] = {
                *(node.id for node in function.nodes if isinstance(node, ast.Name)),
                *(node.arg for node in function.nodes if isinstance(node, ast.arg)),
                *opener.module.scope.bindings,
            }
        taken = self._names[function]
        reads = self.state.effect(opener.blocker, opener.call, opener.module) is Effect.READ
        verb = "read" if reads else "write"
        target = block.items[0].optional_vars
        named = isinstance(target, ast.Name) and len(target.id) > 2
        stem = f"{verb}_{target.id}" if named and isinstance(target, ast.Name) else f"{verb}_file"
        name = next(n for n in (stem, *(f"{stem}_{i}" for i in range(2, 99))) if n not in taken)
        taken.add(name)
        return name


def _opens(item: ast.withitem, sites: Iterable[Site]) -> bool:
    """Whether a with statement opens a file there, and calls it by a name or by none."""
    return isinstance(item.optional_vars, ast.Name | None) and any(
        site.call is item.context_expr and site.blocker.form is Form.OPEN and not site.helpers
        for site in sites
    )


def _stays(block: ast.With, module: Module, *, ends: bool) -> bool:
    """Whether nothing leaves the block but by its end; returns may where its last one ends it."""
    for node in ast.walk(block):
        if isinstance(node, ast.Return) and not ends:
            return False
        if isinstance(node, ast.Break | ast.Continue) and not any(
            isinstance(parent, _LOOPS) for parent in _between(node, block, module)
        ):
            return False
    return True


def _between(node: ast.AST, block: ast.With, module: Module) -> Iterator[ast.AST]:
    for parent in module.ancestors(node):
        if parent is block:
            return
        yield parent


def _is_made_in(node: ast.Name, module: Module, inside: set[ast.AST]) -> bool:
    scope = module.scope_of(node).lookup(node.id, node)
    bindings = scope.bindings.get(node.id, []) if scope is not None else []
    return bool(bindings) and all(binding.node in inside for binding in bindings)


def _names(
    block: ast.With, function: Function, module: Module, others: set[ast.AST], *, ends: bool
) -> _Names | None:
    """What the block assigns for the code around it; None where that can't be said.

    ``others`` are the nodes of all with statements that may move: what only they assign is no
    variable of the function any more.
    """
    inside = set(ast.walk(block))
    opened = {i.optional_vars.id for i in block.items if isinstance(i.optional_vars, ast.Name)}
    outer: list[str] = []
    results: list[str] = []
    tried = any(isinstance(parent, ast.Try | ast.TryStar) for parent in module.ancestors(block))
    for name, bindings in function.bindings.items():
        within = [binding for binding in bindings if binding.node in inside]
        if not within:
            continue
        if name in function.outer_names:
            return None
        unbound = [node for node in _loads(name, function) if not _is_bound_around(node, module)]
        is_first = not inside.intersection(unbound) or _is_certain(name, block)
        alone = len(within) == len(bindings)
        behind = set(unbound) - inside
        if not behind and (alone or is_first):
            continue
        if name in opened:
            return None
        # A function within this one may be called while the block runs.
        shared = any(module.function_of(node) is not function for node in behind)
        if _is_certain(name, block) and not (tried or ends or shared):
            results.append(name)
        elif any(binding.node not in others for binding in bindings):
            outer.append(name)
        else:
            return None
    return _Names(tuple(sorted(outer)), tuple(results))


def _loads(name: str, function: Function) -> Iterator[ast.Name]:
    for node in function.nodes:
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Store):
            yield node


def _is_bound_around(node: ast.Name, module: Module) -> bool:
    """Whether a name has its value from the with statement or the loop that it stands in."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        match parent:
            case ast.With(items=items) if child not in items:
                targets = [item.optional_vars for item in items]
                if any(isinstance(t, ast.Name) and t.id == node.id for t in targets):
                    return True
            case ast.For(target=target) if child in parent.body:
                if any(isinstance(n, ast.Name) and n.id == node.id for n in ast.walk(target)):
                    return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return False
        child = parent
    return False


def _is_certain(name: str, block: ast.With) -> bool:
    """Whether each way through the block assigns a name, before anything in it reads it."""
    for statement in block.body:
        reads = any(
            isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
            for node in ast.walk(statement)
        )
        if isinstance(statement, ast.Assign) and not reads:
            targets = [node for target in statement.targets for node in ast.walk(target)]
            if any(isinstance(node, ast.Name) and node.id == name for node in targets):
                return True
        if reads:
            return False
    return False
