"""From queries to the edits that make statements of them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from codemods.edits import Action, Edit, Rename, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.passes.modern_queries.names import Names
from codemods.passes.modern_queries.selection import STRANGER
from codemods.passes.modern_queries.sessions import Sessions
from codemods.passes.modern_queries.states import State, Steps, UnconvertibleError
from codemods.passes.modern_queries.table import (
    BEFORE_DML,
    BEFORE_GET,
    CLAUSES,
    FORMS,
    RENAMED,
    RESHAPING,
    REWRITTEN,
    ROW_KEYS,
    SAME,
    TERMINALS,
)
from codemods.passes.modern_queries.travel import Node, Part, Sink
from codemods.passes.modern_queries.versions import has_scalars


@dataclass
class Plan:
    """The edits of one connected part, by module."""

    edits: dict[Module, list[Edit]] = field(default_factory=dict)

    def add(self, module: Module, node: ast.expr, action: Action) -> None:
        """Plan an action."""
        self.edits.setdefault(module, []).append(Edit(module.key(node), action))


@dataclass(frozen=True)
class Chain:
    """The calls between a sink and what its expression begins with, outermost first."""

    base: Node
    steps: tuple[Node, ...]

    @property
    def names(self) -> frozenset[str]:
        """The builders that are called."""
        return frozenset(method_of(step) for step in self.steps)


class Converter:
    """Makes the edits of connected parts."""

    def __init__(self, program: Program, steps: Steps, sessions: Sessions) -> None:
        self.program = program
        self.steps = steps
        self.sessions = sessions
        self.version = sessions.version
        self._names: dict[Module, Names] = {}

    def names(self, module: Module) -> Names:
        """The names of a module."""
        if module not in self._names:
            self._names[module] = Names(self.program, module)
        return self._names[module]

    def convert(self, part: Part) -> Plan:
        """The edits of a part; raises ``UnconvertibleError``."""
        sinks, plan = Plan(), Plan()
        special: dict[Node, str] = {}
        for sink in part.sinks:
            self._sink(sinks, sink, special)
        for node in part.nodes:
            if node in special:
                if special[node]:
                    self._rewrite(plan, node.module, node.node, special[node])
            elif node.kind == "root":
                self._rewrite(plan, node.module, node.node, "<select>({args})")
            elif node.kind == "step":
                self._step(plan, node)
        # Where both are on one node, the sink runs what the node became.
        for module, edits in sinks.edits.items():
            plan.edits.setdefault(module, []).extend(edits)
        return plan

    def _rewrite(self, plan: Plan, module: Module, node: ast.AST, template: str) -> None:
        assert isinstance(node, ast.expr)
        plan.add(module, node, Rewrite(self.names(module).filled(template)))

    # -- builders ----------------------------------------------------------------------------

    def _step(self, plan: Plan, node: Node) -> None:
        call, module = node.node, node.module
        assert isinstance(call, ast.Call)
        name = method_of(node)
        if name == "filter_by":
            self._filter_by(plan, node, call)
        elif name == "enable_eagerloads":
            self._enable_eagerloads(plan, node, call)
        elif name in RENAMED:
            plan.add(module, call, Rename(RENAMED[name]))
        elif name not in SAME:
            template = REWRITTEN.get((name, len(call.args)))
            if template is None or call.keywords or _starred(call):
                raise UnconvertibleError("LL210", f"{name}() is called in a form that is not known")
            self._rewrite(plan, module, call, template)

    def _filter_by(self, plan: Plan, node: Node, call: ast.Call) -> None:
        """``filter_by`` stays where it means the same; else it is aimed at the entity."""
        before = node.inputs[0].states
        targets = {self._filtered(state) for state in before}
        if targets == {""}:
            return
        if len(targets) != 1 or None in targets or "" in targets:
            raise UnconvertibleError(
                "LL213", "which entity filter_by() is about after the joins is not known"
            )
        if any(keyword.arg is None for keyword in call.keywords):
            if self.version < (2, 1) and all(state.target for state in before):
                return
            raise UnconvertibleError(
                "LL213", "filter_by() after a join takes its names from a variable"
            )
        target = targets.pop()
        for keyword in call.keywords:
            self.steps.check_attribute(str(target), str(keyword.arg), node.module, call)
        criteria = [_criterion(str(target), keyword) for keyword in call.keywords]
        self._rewrite(plan, node.module, call, f"{{receiver}}.where({', '.join(criteria)})")

    def _filtered(self, state: State) -> str | None:
        """The entity that a ``filter_by`` has to name; "" where it can stay, None if unknown."""
        if state.target:
            return state.target
        first = state.selected[0].first
        if state.target is None or not first:
            return None
        alone = len(state.froms) == 1 and STRANGER not in state.froms
        joined = state.marks & {"join", "outerjoin", "select_from"}
        return "" if alone and not joined else first

    def _enable_eagerloads(self, plan: Plan, node: Node, call: ast.Call) -> None:
        states = node.inputs[0].states
        if any("options" in state.marks or state.collections for state in states):
            raise UnconvertibleError("LL210", "enable_eagerloads() has no counterpart")
        self._rewrite(plan, node.module, call, "{receiver}")

    # -- sinks -------------------------------------------------------------------------------

    def _sink(self, plan: Plan, sink: Sink, special: dict[Node, str]) -> None:
        name = sink.name
        if name in ("clause", "whereclause"):
            return
        if name in CLAUSES:
            self._clause(plan, sink)
        elif name in ("statement", "selectable"):
            labels = self._labels(sink)
            self._rewrite(plan, sink.module, sink.node, "{receiver}" + labels)
        elif name in ("update", "delete"):
            self._dml(plan, sink, special)
        elif name == "get":
            self._get(plan, sink, special)
        elif name == "count":
            self._count(plan, sink, special)
        elif name == "slice":
            self._slice(plan, sink)
        elif name == "iterate":
            self._iterate(plan, sink)
        else:
            self._result(plan, sink, name, "{receiver}")

    def _clause(self, plan: Plan, sink: Sink) -> None:
        call = sink.node
        assert isinstance(call, ast.Call)
        if sink.name == "subquery" and any(k.arg != "name" for k in call.keywords):
            raise UnconvertibleError(
                "LL210", "subquery() is called with arguments that Select lacks"
            )
        if sink.name == "subquery" and len(call.args) > 1:
            raise UnconvertibleError(
                "LL210", "subquery() is called with arguments that Select lacks"
            )
        new = CLAUSES[sink.name]
        if new != sink.name:
            plan.add(sink.module, call, Rename(new))

    def _iterate(self, plan: Plan, sink: Sink) -> None:
        """``list(query)`` and ``for x in query``."""
        parent = sink.module.parent(sink.node)
        if (
            isinstance(parent, ast.Call)
            and isinstance(parent.func, ast.Name)
            and parent.func.id == "list"
            and len(parent.args) == 1
            and parent.args[0] is sink.node
        ):
            listed = Sink("all", parent, sink.source, sink.module)
            self._result(plan, listed, "all", "{0}")
        else:
            self._result(plan, sink, "iterate", "{self}")

    def _result(self, plan: Plan, sink: Sink, name: str, statement: str, tail: str = "") -> None:
        """Run a statement and ask its result for what the terminal gave."""
        if (
            sink.name == name
            and name in TERMINALS - {"all"}
            and isinstance(sink.node, ast.Call)
            and _arguments(sink.node)
        ):
            raise UnconvertibleError("LL210", f"{name}() is called with arguments")
        states = sink.source.states
        session = self.sessions.expression(sink)
        shape = _one(states, "shape")
        if not shape:
            raise UnconvertibleError("LL214", "what the query selects is not known")
        if len({"from_statement" in state.marks for state in states}) > 1:
            raise UnconvertibleError(
                "LL210", "only some of its forms have a statement of their own"
            )
        if self.version < (2,) and any(
            "distinct" in state.marks and state.ordered_by_others for state in states
        ):
            raise UnconvertibleError("LL211", "Query adds what it is ordered by to its DISTINCT")
        fixed = any("from_statement" in state.marks for state in states)
        if name == "first" and not fixed:
            statement += ".limit(1)"
        statement += self._labels(sink)
        if name == "scalar" and shape == "C" and all(state.one_row for state in states):
            template = f"{session}.scalar({statement})"
        else:
            scalars = shape == "E1"
            collections = any(state.collections for state in states)
            unique = any(state.duplicates for state in states)
            if name == "first" and not fixed and not collections:
                unique = False
            if any("yield_per" in state.marks for state in states) and unique:
                raise UnconvertibleError("LL210", "only some of its forms have yield_per()")
            form = FORMS[name].scalars if scalars else FORMS[name].rows
            template = self._run(session, statement, scalars) + (".unique()" if unique else "")
            template += form + tail
        self._rewrite(plan, sink.module, sink.node, template)

    def _run(self, session: str, statement: str, scalars: bool) -> str:
        if not scalars:
            return f"{session}.execute({statement})"
        if has_scalars(self.version):
            return f"{session}.scalars({statement})"
        return f"{session}.execute({statement}).scalars()"

    def _labels(self, sink: Sink) -> str:
        """Keep the names of rows that have the same name twice."""
        needed = {self._relabelled(state, sink) for state in sink.source.states}
        if len(needed) > 1:
            raise UnconvertibleError("LL215", "two columns of its rows have one name at times")
        return ".set_label_style(<LABEL_STYLE_NONE>)" if needed == {True} else ""

    def _relabelled(self, state: State, sink: Sink) -> bool:
        names = [item.name for item in state.selected if item.kind == "column"]
        twice = {name for name in names if name and names.count(name) > 1}
        doubles = [item for item in state.selected if item.kind == "column" and item.name in twice]
        new = any(not item.labelled for item in state.selected if item.kind == "column")
        same = len({item.text for item in doubles}) < len(doubles)
        if (new or same) and self._asks_for_keys(sink):
            # The legacy rows have no key for an expression without a label, the new ones do.
            raise UnconvertibleError("LL215", "its rows would get keys for what has no label")
        if not any(item.labelled for item in doubles):
            return False
        if not all(item.labelled for item in doubles):
            raise UnconvertibleError("LL215", "two columns of its rows have the same name")
        if not same:
            return True
        if len(doubles) != names.count(doubles[0].name) or len({i.text for i in doubles}) > 1:
            raise UnconvertibleError("LL215", "two columns of its rows have the same name")
        return False

    def _asks_for_keys(self, sink: Sink) -> bool:
        """Whether all names of the rows are asked for, here or where their function is used."""
        if sink.module.identifiers & ROW_KEYS:
            return True
        function = sink.module.function_of(sink.node)
        return function is not None and any(
            module.identifiers & ROW_KEYS
            for module in self.program.modules.mentioning((function.name,))
        )

    def _slice(self, plan: Plan, sink: Sink) -> None:
        node = sink.node
        assert isinstance(node, ast.Subscript)
        offset = any(state.marks & {"offset", "slice"} for state in sink.source.states)
        index = node.slice
        if isinstance(index, ast.Slice):
            first, last = _bound(index.lower), _bound(index.upper)
            step = f"[::{ast.unparse(index.step)}]" if index.step is not None else ""
            if first is not None and last is not None and last <= first:
                raise UnconvertibleError("LL216", "its slice is always empty")
            if not first and last is None:
                statement = "{value}"
            elif not first:
                statement = f"{{value}}.limit({last})"
            elif last is None:
                statement = (
                    f"{{value}}.slice({first}, None)" if offset else f"{{value}}.offset({first})"
                )
            else:
                statement = f"{{value}}.slice({first}, {last})"
            self._result(plan, sink, "all", statement, step)
            return
        place = _bound(index)
        assert place is not None
        statement = "{value}.limit(1)" if place == 0 else f"{{value}}.slice({place}, {place + 1})"
        self._result(plan, sink, "all", statement, "[0]")

    def _count(self, plan: Plan, sink: Sink, special: dict[Node, str]) -> None:
        session = self.sessions.expression(sink)
        chain = chain_of(sink.source)
        states = sink.source.states
        call = sink.node
        if (
            chain.base.kind == "root"
            and not chain.names & RESHAPING
            and all(state.shape == "E1" and not self._inherits(state) for state in states)
        ):
            special[chain.base] = "<select>(<func>.count()).select_from({args})"
            self._rewrite(plan, sink.module, call, f"{session}.scalar({{receiver}})")
            return
        inner = "<select>(<func>.count()).select_from({receiver}.subquery())"
        self._rewrite(plan, sink.module, call, f"{session}.scalar({inner})")

    def _inherits(self, state: State) -> bool:
        """Whether a class shares its table with others, or has one beside that of its base."""
        for item in state.selected:
            for cls in item.classes:
                bases = self.program.mro(cls)[1:]
                if any(isinstance(b, Class) and self.program.models.is_mapped(b) for b in bases):
                    return True
        return False

    def _get(self, plan: Plan, sink: Sink, special: dict[Node, str]) -> None:
        session = self.sessions.expression(sink)
        chain = chain_of(sink.source)
        call = sink.node
        assert isinstance(call, ast.Call)
        if chain.base.kind != "root" or not chain.names <= BEFORE_GET:
            raise UnconvertibleError("LL210", "get() is called on a query that was built before")
        (state,) = chain.base.states
        if state.shape != "E1" or len(call.args) + len(call.keywords) != 1:
            raise UnconvertibleError("LL214", "what the query selects is not known")
        if any(keyword.arg not in ("ident",) for keyword in call.keywords):
            raise UnconvertibleError("LL210", "get() is called with arguments")
        arguments = [state.selected[0].text, "{args}" if call.args else "{ident=}"]
        options: list[str] = []
        for step in reversed(chain.steps):
            arguments += self._get_argument(step, options)
        if options:
            arguments.append(f"options=[{', '.join(options)}]")
        special[chain.base] = ""
        for step in chain.steps:
            special[step] = ""
        self._rewrite(plan, sink.module, call, f"{session}.get({', '.join(arguments)})")

    def _get_argument(self, step: Node, options: list[str]) -> list[str]:
        call = step.node
        assert isinstance(call, ast.Call)
        match method_of(step):
            case "options":
                options.extend(ast.unparse(argument) for argument in call.args)
                return []
            case "populate_existing":
                return ["populate_existing=True"]
            case "with_for_update":
                if call.args or any(keyword.arg is None for keyword in call.keywords):
                    raise UnconvertibleError(
                        "LL210", "with_for_update() takes its arguments elsewhere"
                    )
                pairs = [f'"{k.arg}": {ast.unparse(k.value)}' for k in call.keywords]
                value = f"{{{', '.join(pairs)}}}" if pairs else "True"
                return [f"with_for_update={value}"]
            case "execution_options":
                if any(keyword.arg is None for keyword in call.keywords):
                    raise UnconvertibleError("LL210", "execution_options() takes a variable")
                pairs = [f'"{k.arg}": {ast.unparse(k.value)}' for k in call.keywords]
                return [f"execution_options={{{', '.join(pairs)}}}"]
        return []

    def _dml(self, plan: Plan, sink: Sink, special: dict[Node, str]) -> None:
        session = self.sessions.expression(sink)
        call, name = sink.node, sink.name
        assert isinstance(call, ast.Call)
        chain = chain_of(sink.source)
        states = sink.source.states
        if any(not state.marks <= BEFORE_DML for state in states):
            raise UnconvertibleError("LL210", f"{name}() is called after what Query does not allow")
        if any(state.shape != "E1" for state in states):
            raise UnconvertibleError(
                "LL214", f"{name}() is called on something else than one entity"
            )
        arguments = _dml_arguments(call, name)
        if chain.base.kind == "root":
            special[chain.base] = f"<{name}>({{args}})"
            statement = "{receiver}"
        else:
            statement = self._dml_of_select(states, name, sink)
        if name == "update":
            statement += f".values({arguments['values']})"
        if "synchronize_session" in arguments:
            how = arguments["synchronize_session"]
            statement += f".execution_options(synchronize_session={how})"
        if f"{name}_args" in arguments:
            statement += f".with_dialect_options(**{arguments[f'{name}_args']})"
        used = not isinstance(sink.module.parent(call), ast.Expr)
        template = f"{session}.execute({statement})" + (".rowcount" if used else "")
        self._rewrite(plan, sink.module, call, template)

    def _dml_of_select(self, states: frozenset[State], name: str, sink: Sink) -> str:
        """A query that was built before: its criteria go to the new statement."""
        if any(state.marks & {"execution_options", "params"} for state in states):
            raise UnconvertibleError("LL210", f"{name}() is called on a query with options")
        if any(state.module is not sink.module for state in states):
            raise UnconvertibleError("LL210", f"{name}() is called on a query of another module")
        model = _one(frozenset(state.selected[0] for state in states), "text")
        filtered = {bool(state.marks & {"filter", "where", "filter_by"}) for state in states}
        if filtered == {False}:
            return f"<{name}>({model})"
        if filtered == {True}:
            return f"<{name}>({model}).where({{receiver}}.whereclause)"
        raise UnconvertibleError(
            "LL210", f"{name}() is called on a query that is not always filtered"
        )


def method_of(node: Node) -> str:
    """The method that a step calls."""
    call = node.node
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return call.func.attr


def chain_of(node: Node) -> Chain:
    """The chain of calls that ends with ``node``."""
    steps = []
    while node.kind == "step":
        steps.append(node)
        node = node.inputs[0]
    return Chain(node, tuple(steps))


def _one(items: frozenset[State] | frozenset[object], name: str) -> str:
    values = {getattr(item, name) for item in items}
    if len(values) != 1:
        raise UnconvertibleError("LL214", "it selects different things at times")
    value = values.pop()
    assert isinstance(value, str)
    return value


def _arguments(call: ast.Call) -> bool:
    return bool(call.args or call.keywords)


def _starred(call: ast.Call) -> bool:
    return any(isinstance(argument, ast.Starred) for argument in call.args)


def _criterion(target: str, keyword: ast.keyword) -> str:
    value = keyword.value
    if isinstance(value, ast.Constant) and value.value is None:
        return f"{target}.{keyword.arg}.is_(None)"
    return f"{target}.{keyword.arg} == {{{keyword.arg}=}}"


def _bound(node: ast.expr | None) -> int | None:
    """A constant bound of a slice; others could be negative, which Query refuses."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    raise UnconvertibleError("LL216", "a bound of its slice is not a plain number")


_DML_PARAMETERS = {
    "update": ("values", "synchronize_session", "update_args"),
    "delete": ("synchronize_session", "delete_args"),
}


def _dml_arguments(call: ast.Call, name: str) -> dict[str, str]:
    """The arguments of ``update`` or ``delete`` as holes of a template."""
    if _starred(call) or any(keyword.arg is None for keyword in call.keywords):
        raise UnconvertibleError("LL210", f"{name}() is called with arguments in a variable")
    found = {
        parameter: f"{{{index}}}"
        for index, (parameter, _) in enumerate(zip(_DML_PARAMETERS[name], call.args, strict=False))
    }
    found |= {str(keyword.arg): f"{{{keyword.arg}=}}" for keyword in call.keywords}
    if not set(found) <= set(_DML_PARAMETERS[name]) or len(call.args) > len(found):
        raise UnconvertibleError("LL210", f"{name}() is called with arguments that are not known")
    if "preserve_parameter_order" in ast.unparse(call):
        raise UnconvertibleError("LL210", "update() has an order of its own: use ordered_values()")
    if name == "update" and "values" not in found:
        raise UnconvertibleError("LL210", "update() is called without values")
    return found
