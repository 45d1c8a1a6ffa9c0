"""Statements that one thread does together: a file from its opening to its end, or what follows.

A file that is read line by line, or handed on, can't be followed call by call; and where it can,
each call would change threads once more, and its end (which writes what is left) would wait on the
event loop.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from codemods.facts import Program
from codemods.facts.blocking_table import Effect, Kind
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
#: What asks for the error that is being handled.
_OF_AN_ERROR = frozenset("exception exc_info format_exc print_exc".split())
#: Context managers that belong to no thread.
_PLAIN_MANAGERS = frozenset(
    """contextlib.closing tempfile.TemporaryDirectory tempfile.NamedTemporaryFile
    tempfile.TemporaryFile""".split()
)
_LOOPS = (ast.For, ast.While)
Nodes = Set[ast.AST]


@dataclass(frozen=True, eq=False)
class Moved:
    """Statements that become the body of a function which a thread calls.

    ``opener`` is the first call of them that blocks. They assign ``outer`` names of the function
    around; ``results`` are those that they alone assign and that are read behind them. Where they
    end the function (``ends``), its value is returned.
    """

    statements: tuple[ast.stmt, ...]
    opener: Site
    name: str
    outer: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    ends: bool = False

    @property
    def is_block(self) -> bool:
        """Whether it is one with statement."""
        return len(self.statements) == 1 and isinstance(self.statements[0], ast.With)

    @property
    def given(self) -> ast.Assign | None:
        """The last of the statements, where it assigns the one result."""
        match _last(self.statements):
            case ast.Assign(targets=[ast.Name(id=name)]) as last if self.results == (name,):
                return last
        return None

    def template(self, pool: str) -> str:
        """The function, and its call, which stand for the statements."""
        hole = "{self}" if self.is_block else "{body}"
        returned = ", ".join(self.results)
        lines = [f"def {self.name}(){self._annotation()}:"]
        if self.outer:
            lines.append(f"    nonlocal {', '.join(self.outer)}")
        lines.append(f"    {hole}")
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
    """Finds the statements that a thread can do together."""

    def __init__(self, program: Program, state: SharedState, threads: Threads) -> None:
        self.program = program
        self.state = state
        self.threads = threads
        self._names: dict[Function, set[str]] = {}

    def moved(
        self, statements: Sequence[ast.stmt], opener: Site, sites: Sequence[Site], others: Nodes
    ) -> Moved | None:
        """Those statements of one body, where those ``sites`` stand, if they can move.

        ``others`` are the nodes of all statements that may.
        """
        function, module = opener.function, opener.module
        nodes = [node for statement in statements for node in ast.walk(statement)]
        inside = frozenset(nodes)
        ends = isinstance(_last(statements), ast.Return)
        if not all(self._enters(node, sites, module) for node in nodes):
            return None
        if any(map(is_bound, nodes)) or not _stays(statements, module, ends=ends):
            return None
        if _handles_error(statements[0], module) and any(map(_tells_error, nodes)):
            return None
        if self.threads.uses(nodes, module) or self._shares(function, inside):
            return None
        if not all(self._is_fit(node, function, inside) for node in nodes):
            return None
        names = _names(statements, function, module, others, ends=ends)
        if names is None or (ends and function.is_generator):
            return None
        name = self._name(opener, statements, sites)
        return Moved(tuple(statements), opener, name, *names, ends)

    def _enters(self, node: ast.AST, sites: Sequence[Site], module: Module) -> bool:
        """Whether a with statement enters what a call of the sites makes, by a name or by none."""
        if not isinstance(node, ast.With):
            return True
        return all(
            isinstance(item.optional_vars, ast.Name | None)
            and isinstance(item.context_expr, ast.Call)
            and (
                any(site.call is item.context_expr and not site.helpers for site in sites)
                or self.program.outside_name(item.context_expr.func, module) in _PLAIN_MANAGERS
            )
            for item in node.items
        )

    def _shares(self, function: Function, inside: Nodes) -> bool:
        """Whether the statements touch what other requests change, or change what they see."""
        return any(
            access.writes or self.state.written_by_functions(access.key)
            for access in self.state.accesses(function)
            if access.node in inside
            and not overlap(access.key, DISK)
            and not overlap(access.key, DATABASE)
        )

    def _is_fit(self, node: ast.AST, function: Function, inside: Nodes) -> bool:
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

    def _name(self, opener: Site, statements: Sequence[ast.stmt], sites: Sequence[Site]) -> str:
        """A name for the function that nothing around it has."""
        function = opener.function
        if function not in self._names:
            self._names[function] = {
                *(node.id for node in function.nodes if isinstance(node, ast.Name)),
                *(node.arg for node in function.nodes if isinstance(node, ast.arg)),
                *opener.module.scope.bindings,
            }
        taken = self._names[function]
        stem = self._stem(opener, statements, sites)
        name = next(n for n in (stem, *(f"{stem}_{i}" for i in range(2, 99))) if n not in taken)
        taken.add(name)
        return name

    def _stem(self, opener: Site, statements: Sequence[ast.stmt], sites: Sequence[Site]) -> str:
        """What the statements do: ``read_source``, ``write_files``, ``fetch``."""
        disk = [site for site in sites if site.blocker.kind is Kind.DISK]
        if len(disk) < len(sites) and not isinstance(statements[0], ast.With):
            return "fetch" if sites[0].blocker.kind is Kind.NETWORK else "work"
        asked = [opener] if isinstance(statements[0], ast.With) else disk
        effects = {self.state.effect(site.blocker, site.call, site.module) for site in asked}
        verb = "write" if Effect.WRITE in effects or effects == {Effect.NONE} else "read"
        if not isinstance(statements[0], ast.With) or len(statements) > 1:
            return f"{verb}_files"
        target = statements[0].items[0].optional_vars
        named = isinstance(target, ast.Name) and len(target.id) > 2
        return f"{verb}_{target.id}" if named and isinstance(target, ast.Name) else f"{verb}_file"


def _last(statements: Sequence[ast.stmt]) -> ast.stmt:
    """The statement after which some of a body are done; the last one of a with statement."""
    last = statements[-1]
    return _last(last.body) if isinstance(last, ast.With) else last


def is_bound(node: ast.AST) -> bool:
    """Whether a node can't stand in another function: one that awaits, or raises once more."""
    return isinstance(node, _BOUND) or (isinstance(node, ast.Raise) and node.exc is None)


def _handles_error(statement: ast.stmt, module: Module) -> bool:
    return any(isinstance(parent, ast.ExceptHandler) for parent in module.ancestors(statement))


def _tells_error(node: ast.AST) -> bool:
    """Whether a node may tell of the error that its own thread handles."""
    return isinstance(node, ast.Attribute | ast.Name) and (
        (node.attr if isinstance(node, ast.Attribute) else node.id) in _OF_AN_ERROR
    )


def _stays(statements: Sequence[ast.stmt], module: Module, *, ends: bool) -> bool:
    """Whether nothing leaves them but by their end; returns may where the last one ends them."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Return) and not ends:
                return False
            if isinstance(node, ast.Break | ast.Continue) and not any(
                isinstance(parent, _LOOPS) for parent in _between(node, statement, module)
            ):
                return False
    return True


def _between(node: ast.AST, statement: ast.stmt, module: Module) -> Iterator[ast.AST]:
    for parent in module.ancestors(node):
        yield parent
        if parent is statement:
            return


def _is_made_in(node: ast.Name, module: Module, inside: Nodes) -> bool:
    scope = module.scope_of(node).lookup(node.id, node)
    bindings = scope.bindings.get(node.id, []) if scope is not None else []
    return bool(bindings) and all(binding.node in inside for binding in bindings)


def _names(
    statements: Sequence[ast.stmt],
    function: Function,
    module: Module,
    others: Nodes,
    *,
    ends: bool,
) -> _Names | None:
    """What the statements assign for the code around them; None where that can't be said.

    ``others`` are the nodes of all statements that may move: what only they assign is no variable
    of the function any more.
    """
    inside = {node for statement in statements for node in ast.walk(statement)}
    opened = _entered_names(inside)
    outer: list[str] = []
    results: list[str] = []
    for name, bindings in function.bindings.items():
        within = [binding for binding in bindings if binding.node in inside]
        if not within:
            continue
        if name in function.outer_names:
            return None
        unbound = [node for node in _loads(name, function) if not _is_bound_around(node, module)]
        certain = _is_certain(name, statements)
        is_first = not inside.intersection(unbound) or certain
        alone = len(within) == len(bindings)
        behind = set(unbound) - inside
        if not behind and (alone or is_first):
            continue
        if name in opened:
            return None
        # A function within this one may be called while the statements run.
        shared = any(module.function_of(node) is not function for node in behind)
        kept = ends or shared or _is_seen_after_an_error(statements[0], behind, module)
        if certain and not kept:
            results.append(name)
        elif any(binding.node not in others for binding in bindings):
            outer.append(name)
        else:
            return None
    return _Names(tuple(sorted(outer)), tuple(results))


def _entered_names(inside: Iterable[ast.AST]) -> set[str]:
    """The names that with statements give."""
    return {
        item.optional_vars.id
        for node in inside
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
    }


def _is_seen_after_an_error(statement: ast.stmt, behind: Iterable[ast.AST], module: Module) -> bool:
    """Whether what was assigned before an error is read after it: by a handler, or behind it."""
    child: ast.AST = statement
    for parent in module.ancestors(statement):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
        if isinstance(parent, ast.Try | ast.TryStar) and child in parent.body:
            tried = {node for part in (*parent.body, *parent.orelse) for node in ast.walk(part)}
            rest = [node for node in behind if node not in tried]
            handled = {node for part in parent.handlers for node in ast.walk(part)}
            handled |= {node for part in parent.finalbody for node in ast.walk(part)}
            if any(node in handled for node in rest):
                return True
            if rest and not all(map(_leaves, parent.handlers)):
                return True
        child = parent
    return False


def _leaves(handler: ast.ExceptHandler) -> bool:
    """Whether nothing behind its try statement runs after a handler."""
    return isinstance(handler.body[-1], ast.Raise | ast.Return)


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


def _is_certain(name: str, statements: Sequence[ast.stmt]) -> bool:
    """Whether each way through the statements assigns a name, before anything in it reads it."""
    for part in _in_order(statements):
        reads = any(
            isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
            for node in ast.walk(part)
        )
        if not reads:
            targets = [node for target in _targets(part) for node in ast.walk(target)]
            if any(isinstance(node, ast.Name) and node.id == name for node in targets):
                return True
        if reads:
            return False
    return False


def _targets(statement: ast.AST) -> list[ast.expr]:
    """What an assignment assigns, with an annotation or without."""
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target, value=ast.expr()):
            return [target]
    return []


def _in_order(statements: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """The statements, and instead of with statements what they enter and their bodies."""
    for statement in statements:
        if isinstance(statement, ast.With):
            yield from statement.items
            yield from _in_order(statement.body)
        else:
            yield statement
