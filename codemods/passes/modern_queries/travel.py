"""Where queries go: from ``session.query(...)`` through names, functions and attributes.

Every expression that holds a query is a ``Node``, and so is every assignment, parameter, return
value or attribute that one passes through. Nodes that a query can go between belong to one
*connected part*: it converts as a whole or not at all. What runs a query is a ``Sink``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function, Scope
from codemods.passes.modern_queries.crossings import Crossings, LostError
from codemods.passes.modern_queries.sessions import Sessions
from codemods.passes.modern_queries.states import State, UnconvertibleError
from codemods.passes.modern_queries.table import (
    BUILDERS,
    CLAUSES,
    REMOVED,
    SET_OPERATIONS,
    TAKES_CLAUSE,
    TERMINALS,
    words,
)

_ITERATING = words("list set tuple sorted iter enumerate frozenset reversed sum any all")
_CLAUSE_FUNCTIONS = words("exists select union union_all aliased in_")


@dataclass(eq=False)
class Node:
    """Something that holds a query.

    ``kind`` is ``root``, ``step`` (a builder was called on it), ``same`` (the query goes on as it
    is), ``parameter``, ``result`` (of a function) or ``member`` (an attribute of an object).
    ``expected`` are the keys of nodes that have to hold queries too. ``function`` is what a
    parameter or result belongs to, ``calls`` are the calls by which the inputs come in.
    """

    kind: str
    node: ast.AST
    module: Module
    inputs: list[Node] = field(default_factory=list)
    states: frozenset[State] = frozenset()
    expected: frozenset[object] = frozenset()
    parent: Node | None = None
    function: Function | None = None
    calls: dict[Node, tuple[ast.Call, Module]] = field(default_factory=dict)
    sites: list[tuple[ast.expr, ast.Call, Module]] = field(default_factory=list)

    @property
    def call(self) -> ast.Call:
        """The call that a root or a step is."""
        if not isinstance(self.node, ast.Call):
            raise TypeError("is not a call")
        return self.node


@dataclass(eq=False)
class Sink:
    """A place where a query is run or made a clause: the method (or ``iterate``, ``slice``)."""

    name: str
    node: ast.expr
    source: Node
    module: Module


@dataclass(eq=False)
class Part:
    """A connected part: its nodes and sinks, and why it cannot be converted."""

    nodes: list[Node] = field(default_factory=list)
    sinks: list[Sink] = field(default_factory=list)
    problems: list[tuple[ast.AST, Module, UnconvertibleError]] = field(default_factory=list)

    @property
    def roots(self) -> Iterator[Node]:
        """Where its queries begin."""
        return (node for node in self.nodes if node.kind == "root")


class Travel:
    """Finds the connected parts of the queries of a program."""

    def __init__(self, program: Program, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions
        self.crossings = Crossings(program)
        self._nodes: dict[object, Node] = {}
        self._sinks: list[Sink] = []
        self._problems: list[tuple[Node, ast.AST, UnconvertibleError]] = []
        self._waiting: list[Node] = []

    def parts(self, roots: list[tuple[ast.Call, Module]]) -> list[Part]:
        """The connected parts that begin at these calls."""
        for call, module in roots:
            self._node(call, "root", call, module)
        while self._waiting:
            self._follow(self._waiting.pop())
        self._check_expected()
        return self._connected()

    # -- nodes -------------------------------------------------------------------------------

    def _node(
        self, key: object, kind: str, node: ast.AST, module: Module, source: Node | None = None
    ) -> Node:
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = Node(kind, node, module)
            self._waiting.append(found)
        if source is not None and source not in found.inputs:
            found.inputs.append(source)
        return found

    def _fail(self, node: Node, place: ast.AST, reason: str, code: str = "LL210") -> None:
        self._problems.append((node, place, UnconvertibleError(code, reason)))

    def _check_expected(self) -> None:
        for node in list(self._nodes.values()):
            for passed, call, module in node.sites:
                if passed in self._nodes:
                    node.calls[self._nodes[passed]] = (call, module)
            for key in node.expected:
                source = self._nodes.get(key)
                if source is None:
                    name = getattr(node.node, "id", getattr(node.node, "arg", "the value"))
                    self._fail(node, node.node, f"{name!r} holds something else at times")
                elif source not in node.inputs:
                    node.inputs.append(source)

    def _connected(self) -> list[Part]:
        def find(node: Node) -> Node:
            while node.parent is not None:
                if node.parent.parent is not None:
                    node.parent = node.parent.parent
                node = node.parent
            return node

        for node in self._nodes.values():
            for source in node.inputs:
                left, right = find(node), find(source)
                if left is not right:
                    left.parent = right
        parts: dict[Node, Part] = {}
        for node in self._nodes.values():
            parts.setdefault(find(node), Part()).nodes.append(node)
        for sink in self._sinks:
            parts[find(sink.source)].sinks.append(sink)
        for node, place, problem in self._problems:
            parts[find(node)].problems.append((place, node.module, problem))
        return list(parts.values())

    # -- following ---------------------------------------------------------------------------

    def _follow(self, node: Node) -> None:
        stored = isinstance(getattr(node.node, "ctx", None), ast.Store)
        if isinstance(node.node, ast.expr) and not stored:
            self._use(node, node.node)

    def _use(self, source: Node, node: ast.expr) -> None:
        """What becomes of an expression that holds a query."""
        module = source.module
        parent = module.parent(node)
        match parent:
            case ast.Attribute():
                self._attribute(source, parent)
            case ast.Call():
                self._argument(source, node, parent)
            case ast.keyword():
                call = module.parent(parent)
                if isinstance(call, ast.Call):
                    self._argument(source, node, call)
                else:
                    self._fail(source, node, "it is an argument of a class statement")
            case ast.Starred():
                self._sink("iterate", node, source)
            case ast.Subscript() if parent.value is node:
                self._sink("slice", parent, source)
            case ast.For() | ast.comprehension() if parent.iter is node:
                self._sink("iterate", node, source)
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                self._assigned(source, parent)
            case ast.IfExp() if parent.test is not node:
                self._node(parent, "same", parent, module, source)
                for branch in (parent.body, parent.orelse):
                    self._nodes[parent].expected |= {branch}
            case ast.Return():
                self._returned(source, parent)
            case ast.Expr():
                pass
            case ast.UnaryOp(op=ast.Not()):
                self._sink("untrue", parent, source)
            case _ if is_tested(node, module):
                self._sink("true", node, source)
            case ast.Compare(left=left, ops=ops, comparators=others):
                self._compared(source, node, left, ops, others)
            case _:
                self._fail(source, node, _STRANGE_PLACES.get(type(parent), "its use is not known"))

    def _sink(self, name: str, node: ast.expr, source: Node) -> None:
        self._sinks.append(Sink(name, node, source, source.module))

    def _compared(
        self,
        source: Node,
        node: ast.expr,
        left: ast.expr,
        ops: list[ast.cmpop],
        others: list[ast.expr],
    ) -> None:
        nothing = all(isinstance(o, ast.Constant) and o.value is None for o in others)
        if node is left and nothing and all(isinstance(o, ast.Is | ast.IsNot) for o in ops):
            return
        if len(ops) == 1 and isinstance(ops[0], ast.In | ast.NotIn) and node is others[0]:
            self._sink("iterate", node, source)
            return
        self._fail(source, node, "it is compared")

    def _attribute(self, source: Node, node: ast.Attribute) -> None:
        module = source.module
        call = module.parent(node)
        if not isinstance(call, ast.Call) or call.func is not node:
            if node.attr in ("statement", "selectable", "whereclause"):
                self._sink(node.attr, node, source)
            else:
                self._fail(source, node, f"its attribute {node.attr!r} is read")
            return
        name = node.attr
        if name in TERMINALS or name in CLAUSES:
            self._sink(name, call, source)
        elif name in BUILDERS:
            self._node(call, "step", call, module, source)
        elif name in REMOVED:
            self._fail(source, call, f"{name}() is gone in 2.0: {REMOVED[name]}", "LL211")
        elif name == "__iter__":
            self._fail(source, call, "__iter__() is called")
        else:
            self._fail(source, call, f"{name}() has no counterpart that is known")

    # -- names -------------------------------------------------------------------------------

    def _assigned(self, source: Node, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node, ast.NamedExpr):
            self._node(node, "same", node, source.module, source)
        for target in targets:
            if isinstance(target, ast.Name):
                self._named(source, node, target.id)
            elif isinstance(target, ast.Attribute):
                self._kept(source, target)
            else:
                self._fail(source, target, "it is unpacked or kept in a container")

    def _named(self, source: Node, binder: ast.AST, name: str) -> None:
        """A name is bound to a query: follow it to its reads."""
        module = source.module
        scope = module.scope_of(binder if isinstance(binder, ast.expr) else source.node)
        if isinstance(binder, ast.stmt) and isinstance(source.node, ast.expr):
            scope = module.scope_of(source.node)
        holder = scope.lookup(name)
        if holder is None or holder.is_class:
            self._fail(source, binder, f"it is kept in the class attribute {name!r}")
            return
        definition = self._node((binder, name), "same", binder, module, source)
        self._reads(definition, holder, name)

    def _reads(self, definition: Node, holder: Scope, name: str) -> None:
        module = definition.module
        binder = definition.node
        if holder.is_module and self._imported_elsewhere(module, name):
            self._fail(definition, binder, f"the global {name!r} is used by other modules")
            return
        reach = self.sessions.reach(holder)
        for read in module.syntax.references.get(name, ()):
            if not isinstance(read, ast.Name) or module.scope_of(read).lookup(name) is not holder:
                continue
            reaching = reach.reads.get(read)
            if reaching is None:
                # Read by a function within: any of the assignments can have been the last.
                reaching = frozenset(reach.bindings.get(name, ()))
            if binder not in reaching:
                continue
            node = self._node(read, "same", read, module, definition)
            node.expected |= {(other, name) for other in reaching}
        for other in reach.bindings.get(name, ()):
            if isinstance(other, ast.AugAssign):
                self._fail(definition, other, f"{name!r} is assigned with an operator")

    def _imported_elsewhere(self, module: Module, name: str) -> bool:
        return any(
            other is not module and name in other.identifiers
            for other in self.program.modules.mentioning((name,))
        )

    # -- functions ---------------------------------------------------------------------------

    def _argument(self, source: Node, node: ast.expr, call: ast.Call) -> None:
        module = source.module
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in SET_OPERATIONS:
            self._sink("clause", node, source)
            return
        if isinstance(func, ast.Attribute) and func.attr in TAKES_CLAUSE:
            self._sink("clause", node, source)
            return
        outside = self.program.outside_name(func, module)
        short = outside.rpartition(".")[2]
        if outside.startswith("builtins.") and short in _ITERATING and node in call.args[:1]:
            self._sink("iterate", node, source)
            return
        if outside.startswith("sqlalchemy.") and short in _CLAUSE_FUNCTIONS:
            self._sink("clause", node, source)
            return
        functions = self.program.called_functions(call, module)
        if not functions:
            self._fail(source, node, f"it is passed to {_shown(func)}(), which is not followed")
            return
        for function in functions:
            try:
                self._passed(source, node, call, function)
            except LostError as lost:
                self._fail(source, node, str(lost))

    def _passed(self, source: Node, node: ast.expr, call: ast.Call, function: Function) -> None:
        argument = self.crossings.parameter(node, call, function)
        calls = self.crossings.calls(function)
        key = (argument, argument.arg)
        known = key in self._nodes
        taken = self._node(key, "parameter", argument, function.module, source)
        taken.function = function
        if known:
            return
        for other, module in calls:
            passed = self.program.calls.argument(other, function, argument)
            if passed is None:
                raise LostError(f"{function.name}() is also called without it")
            taken.expected |= {passed}
            taken.sites.append((passed, other, module))
        self._reads(taken, function, argument.arg)

    def _returned(self, source: Node, node: ast.Return) -> None:
        function = source.module.function_of(node)
        if function is None:
            return
        key = ("returned", function)
        known = key in self._nodes
        returned = self._node(key, "same", function.definition, source.module, source)
        returned.function = function
        if known:
            return
        returned.expected = frozenset(r.value for r in function.returns)
        try:
            for result, module in self.crossings.results(function):
                found = self._node(result, "result", result, module, returned)
                found.function = function
        except LostError as lost:
            self._fail(returned, node, str(lost))

    def _kept(self, source: Node, target: ast.Attribute) -> None:
        """A query is kept in an attribute of an object."""
        module, name = source.module, target.attr
        try:
            owner = self.crossings.owner(target, module)
            bindings = self.crossings.bindings(owner, name)
            key = ("attribute", name, frozenset(binding.node for binding in bindings))
            known = key in self._nodes
            member = self._node(key, "same", target, module, source)
            if known:
                return
            member.expected = frozenset(binding.value for binding in bindings)
            for read, where in self.crossings.reads(owner, name):
                self._node(read, "member", read, where, member)
        except LostError as lost:
            self._fail(source, target, str(lost))


def is_tested(node: ast.expr, module: Module) -> bool:
    """Whether nothing but the truth of an expression counts: ``if query:``."""
    match module.parent(node):
        case (
            ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test)
        ):
            return test is node
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp() as parent:
            return is_tested(parent, module)
    return False


#: What to say of the places that are not followed.
_STRANGE_PLACES: dict[type, str] = {
    ast.List: "it is kept in a list",
    ast.Tuple: "it is kept in a tuple",
    ast.Dict: "it is kept in a dictionary",
    ast.Set: "it is kept in a set",
    ast.BoolOp: "and or or gives it on, which asks for its truth",
    ast.FormattedValue: "it is written into a text",
    ast.Lambda: "a lambda returns it",
    ast.Yield: "it is yielded",
    ast.AugAssign: "it is assigned with an operator",
}


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."
