"""What is known of a query at each step of its chain, and what each step does to it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from codemods.facts import Program
from codemods.facts.models import Relationship
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import ModuleValue
from codemods.passes.modern_queries.entities import STRANGER, Identity
from codemods.passes.modern_queries.selection import Selected, Selections
from codemods.passes.modern_queries.sessions import NOWHERE, SessionRef, Sessions
from codemods.passes.modern_queries.table import (
    BUILDERS,
    CRITERIA,
    JOINED_LOADERS,
    LIMITS,
    NOT_AFTER_CRITERIA,
    NOT_AFTER_LIMIT,
    NOT_AFTER_STATEMENT,
    PLAIN_LOADERS,
    REMOVED,
    SET_OPERATIONS,
)


class UnconvertibleError(Exception):
    """Why a query is left as it is: a code of the pass and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class State:
    """A query after some of its steps.

    ``target`` is what ``filter_by`` is about after joins, as source text ("" for the first
    entity, None where it cannot be named), as the call ``aimed`` reads it. ``froms`` are the
    entities whose rows multiply those of the result; ``collections`` says whether a collection may
    be loaded by a join. ``entered`` are the calls by which it came into the function where it is,
    with their callers' sessions.
    """

    root: ast.Call
    module: Module
    selected: tuple[Selected, ...]
    target: str | None = ""
    aimed: tuple[ast.Call, Module] | None = None
    froms: frozenset[Identity] = frozenset()
    collections: bool = False
    distinct: bool = False
    ordered_by_others: bool = False
    eager: bool = False
    session: SessionRef = NOWHERE
    entered: tuple[tuple[ast.Call, SessionRef], ...] = ()
    marks: frozenset[str] = frozenset()

    @property
    def shape(self) -> str:
        """``E1``, ``EN`` or ``C``, as the rows of the result are."""
        kinds = {item.kind for item in self.selected}
        if "unknown" in kinds or not kinds:
            return ""
        if kinds == {"column"}:
            return "C"
        return "E1" if len(self.selected) == 1 and "tuples" not in self.marks else "EN"

    @property
    def duplicates(self) -> bool:
        """Whether the statement may give a row twice that ``Query`` gave once."""
        if self.shape == "C" or "yield_per" in self.marks:
            return False
        if self.collections:
            return True
        entities = {item.identity for item in self.selected if item.kind == "entity"}
        return not self.distinct and not self.froms <= entities

    @property
    def one_row(self) -> bool:
        """Whether there is at most one row, whatever the data."""
        if self.marks & {"group_by", "from_statement"} or self.marks & SET_OPERATIONS:
            return False
        if all(item.aggregate for item in self.selected):
            return True
        return self.shape == "C" and not self.froms


class Steps:
    """Follows the states of queries through the calls of their builders."""

    def __init__(self, program: Program, selections: Selections, sessions: Sessions) -> None:
        self.program = program
        self.sessions = sessions
        self.selections = selections
        program.models.read_backrefs()

    # -- the beginning -----------------------------------------------------------------------

    def begin(self, root: ast.Call, module: Module) -> State:
        """The state of ``session.query(...)``."""
        if root.keywords:
            raise UnconvertibleError("LL210", "query() is called with keyword arguments")
        if not isinstance(root.func, ast.Attribute):
            raise UnconvertibleError("LL210", "query() is not called on a session")
        session = self.sessions.of(root.func.value, root, module)
        selected = self.selections.selected(root.args, module)
        return self._select(State(root, module, (), session=session), selected)

    def _select(self, state: State, selected: tuple[Selected, ...]) -> State:
        froms = frozenset().union(*(item.froms for item in selected))
        collections = any(self.loads_collections(cls) for item in selected for cls in item.classes)
        return replace(
            state,
            selected=selected,
            froms=state.froms | froms,
            collections=state.collections or collections,
            eager=state.eager or any(self.loads_joined(c) for i in selected for c in i.classes),
        )

    def loads_joined(self, cls: Class) -> bool:
        """Whether loading a class joins anything, by its ``lazy`` settings."""
        found = self.program.models.relationships(cls).values()
        return any(relationship.lazy in ("joined", "unknown") for relationship in found)

    def loads_collections(self, cls: Class, seen: frozenset[Class] = frozenset()) -> bool:
        """Whether loading a class loads a collection by a join, by its ``lazy`` settings."""
        if cls in seen:
            return False
        for relationship in self.program.models.relationships(cls).values():
            if relationship.lazy in ("joined", "unknown"):
                if relationship.many or relationship.target is None:
                    return True
                if self.loads_collections(relationship.target, seen | {cls}):
                    return True
        return False

    # -- the steps ---------------------------------------------------------------------------

    def apply(self, state: State, call: ast.Call, module: Module) -> State:
        """The state after a builder was called."""
        assert isinstance(call.func, ast.Attribute)
        name = call.func.attr
        if name in REMOVED:
            raise UnconvertibleError(
                "LL211", f"{name}() is gone or deprecated in SQLAlchemy 2.0: {REMOVED[name]}"
            )
        if name not in BUILDERS:
            raise UnconvertibleError("LL210", f"{name}() has no counterpart that is known")
        if name in NOT_AFTER_LIMIT and state.marks & LIMITS:
            raise UnconvertibleError("LL210", f"{name}() after limit() raises; a Select takes it")
        if name in NOT_AFTER_STATEMENT and "from_statement" in state.marks:
            raise UnconvertibleError("LL210", f"{name}() after from_statement() raises")
        if "enable_eagerloads" in state.marks and name in (
            "options",
            "with_entities",
            "add_entity",
        ):
            raise UnconvertibleError("LL210", "enable_eagerloads() has no counterpart")
        if name in NOT_AFTER_CRITERIA and state.marks & CRITERIA:
            raise UnconvertibleError("LL210", f"{name}() after criteria raises; a Select takes it")
        if state.marks & SET_OPERATIONS and name not in ("limit", "offset", "slice"):
            raise UnconvertibleError("LL212", f"{name}() is called on a union of queries")
        if name in SET_OPERATIONS and state.marks & (LIMITS | {"order_by"}):
            raise UnconvertibleError("LL212", "a query with an order or a limit is united")
        if name in ("reset_joinpoint", "tuples", "enable_eagerloads"):
            state = replace(state, target="" if name == "reset_joinpoint" else state.target)
        else:
            handler = getattr(self, f"_{name}", None)
            if handler is not None:
                before, state = state.target, handler(state, call, module)
                if state.target != before:
                    state = replace(state, aimed=(call, module))
        if name in ("filter", "where", "filter_by") and not (call.args or call.keywords):
            return state
        return replace(state, marks=state.marks | {name})

    def _filter(self, state: State, call: ast.Call, module: Module) -> State:
        drawn = frozenset().union(
            *(self.selections.drawn(argument, module) for argument in call.args)
        )
        # A filter without arguments filters nothing.
        return replace(state, froms=state.froms | drawn) if call.args else state

    _where = _filter

    def _join(self, state: State, call: ast.Call, module: Module) -> State:
        if any(k.arg not in ("isouter", "full", "onclause") for k in call.keywords):
            raise UnconvertibleError("LL211", "join() is called with arguments that 2.0 took away")
        if not call.args or len(call.args) > 2 or isinstance(call.args[0], ast.Starred):
            raise UnconvertibleError("LL211", "join() is called in a form that 2.0 took away")
        if any(isinstance(a, ast.Constant | ast.Tuple) for a in call.args):
            raise UnconvertibleError("LL211", "join() with names or tuples is gone in 2.0")
        target = call.args[0]
        relationship = self.relationship(call.args[-1], module)
        if relationship is not None and isinstance(call.args[-1], ast.Attribute):
            # The side that the relationship begins at is drawn in, if it is not there yet.
            owner = self.selections.entity(call.args[-1].value, module)
            state = replace(state, froms=state.froms | {owner[0] if owner else STRANGER})
        first = self.relationship(target, module)
        if first is not None and len(call.args) == 2:
            raise UnconvertibleError("LL211", "join() along several relationships is gone in 2.0")
        return self._joined(state, target, module, relationship)

    _outerjoin = _join

    def _joined(
        self,
        state: State,
        target: ast.expr,
        module: Module,
        relationship: Relationship | None,
    ) -> State:
        entity = self.selections.entity(target, module)
        name: str | None = None
        drawn: Identity = STRANGER
        if entity is not None:
            drawn, name = entity[0], ast.unparse(target)
        elif relationship is not None and relationship.target is not None:
            drawn, name = relationship.target, self._class_name(relationship.target, module)
        elif isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute):
            if target.func.attr == "of_type" and target.args:
                inner = self.relationship(target.func.value, module)
                return self._joined(state, target.args[0], module, inner)
        elif isinstance(target, ast.Name):
            name = f"{target.id}.c"
        if relationship is not None and _to_one(relationship):
            return replace(state, target=name)
        extra = {drawn}
        if relationship is None or _has_keyword(relationship, "secondary"):
            extra = {drawn, STRANGER} if relationship is not None else {drawn}
        return replace(state, target=name, froms=state.froms | extra)

    def relationship(self, node: ast.expr, module: Module) -> Relationship | None:
        """The relationship that ``Model.name`` means."""
        if not isinstance(node, ast.Attribute):
            return None
        entity = self.selections.entity(node.value, module)
        for cls in entity[1] if entity else ():
            if node.attr in (found := self.program.models.relationships(cls)):
                return found[node.attr]
        return None

    def check_name(self, state: State, target: str, module: Module, near: ast.expr) -> None:
        """Refuse a target that has another meaning, or none, where it would be named."""
        call, home = state.aimed or (state.root, state.module)
        base = target.partition(".")[0]
        holder = module.scope_of(near).lookup(base)
        if holder is not None and holder is home.scope_of(call).lookup(base):
            return
        here, there = self._named(target, module, near), self._named(target, home, call)
        if here is None or there is None or here[0] != there[0]:
            raise UnconvertibleError("LL213", f"{target} has no name where filter_by() is called")

    def _named(
        self, target: str, module: Module, near: ast.expr
    ) -> tuple[Identity, frozenset[Class]] | None:
        """The entity that a text means at a place."""
        parsed = ast.parse(target, mode="eval").body
        for inner in ast.walk(parsed):
            module.syntax.scopes[inner] = module.scope_of(near)
        return self.selections.entity(parsed, module)

    def check_attribute(self, target: str, name: str, module: Module, near: ast.expr) -> None:
        """Refuse a name that a class does not have: the errors would differ."""
        entity = self._named(target, module, near)
        for cls in entity[1] if entity is not None else ():
            bases = self.program.mro(cls)
            known_name = any(
                isinstance(base, Class) and name in base.bindings for base in bases
            ) or name in self.program.models.relationships(cls)
            if not known_name and all(isinstance(base, Class) or "." in base for base in bases):
                raise UnconvertibleError("LL213", f"{target} has no attribute {name!r}")

    def _class_name(self, cls: Class, module: Module) -> str | None:
        """How a module names a class; None where it does not."""
        aliases: set[str] = module.syntax.aliases.get(cls.name, set())
        for name in (cls.name, *sorted(aliases)):
            if name in module.scope.bindings or module.scope.star_imports:
                found = self.program.inference.name(name, module.scope)
                if any(getattr(value, "cls", None) is cls for value in found):
                    return name
        for name in module.scope.bindings:
            for value in self.program.inference.name(name, module.scope):
                if isinstance(value, ModuleValue) and cls.name in value.module.scope.bindings:
                    of = self.program.inference.member(value.module, cls.name)
                    if any(getattr(item, "cls", None) is cls for item in of):
                        return f"{name}.{cls.name}"
        return None

    def _select_from(self, state: State, call: ast.Call, module: Module) -> State:
        entities = [self.selections.entity(argument, module) for argument in call.args]
        froms = frozenset(entity[0] if entity else STRANGER for entity in entities)
        alone = len(entities) == 1 and entities[0] is not None
        first = ast.unparse(call.args[0]) if alone else None
        return replace(state, target=state.target or first, froms=state.froms | froms)

    def _with_entities(self, state: State, call: ast.Call, module: Module) -> State:
        if not call.args:
            raise UnconvertibleError("LL210", "with_entities() has no arguments")
        selected = self.selections.selected(call.args, module)
        target = state.target
        if not target and "filter_by" in state.marks:
            target = None
        return replace(self._select(state, selected), target=target, distinct=False)

    def _add_columns(self, state: State, call: ast.Call, module: Module) -> State:
        if call.keywords:
            raise UnconvertibleError("LL210", "add_entity() with an alias has no counterpart")
        selected = self.selections.selected(call.args, module)
        return replace(self._select(state, state.selected + selected), distinct=False)

    _add_column = _add_entity = _add_columns

    def _group_by(self, state: State, call: ast.Call, module: Module) -> State:
        """Groups that are told apart by what is selected give no row twice."""
        if "group_by" in state.marks or not call.args:
            return replace(state, distinct=False)
        groups = [self._is_selected(node, state, module) for node in call.args]
        return replace(state, distinct=all(groups))

    def _is_selected(self, node: ast.expr, state: State, module: Module) -> bool:
        """Whether an expression is selected, or is a column of an entity that is."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
            node = node.func.value
        if ast.unparse(node) in {item.text for item in state.selected}:
            return True
        if not isinstance(node, ast.Attribute):
            return False
        entity = self.selections.entity(node.value, module)
        return entity is not None and entity[0] in {
            item.identity for item in state.selected if item.kind == "entity"
        }

    def _order_by(self, state: State, call: ast.Call, module: Module) -> State:
        others = not all(self._is_selected(node, state, module) for node in call.args)
        return replace(state, ordered_by_others=state.ordered_by_others or others)

    def _distinct(self, state: State, call: ast.Call, module: Module) -> State:
        return replace(state, distinct=not call.args and not call.keywords)

    def _options(self, state: State, call: ast.Call, module: Module) -> State:
        joined = any(self._joins_collection(item, module) for item in call.args)
        return replace(state, collections=state.collections or joined)

    def _joins_collection(self, node: ast.expr, module: Module) -> bool:
        """Whether a loader option may load a collection by a join."""
        calls = []
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            calls.append(node)
            node = node.func.value
        if isinstance(node, ast.Call):
            calls.append(node)
        if not calls:
            return True
        for call in reversed(calls):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            name = name if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in JOINED_LOADERS:
                relationship = self.relationship(call.args[0], module) if call.args else None
                if relationship is None or not _to_one(relationship):
                    return True
                target = relationship.target
                if target is None or self.loads_collections(target):
                    return True
                continue
            if name in PLAIN_LOADERS:
                # What is loaded below a statement of its own multiplies nothing here.
                return False
            if name == "options" and call.args:
                return any(self._joins_collection(item, module) for item in call.args)
            return True
        return False

    def _from_statement(self, state: State, call: ast.Call, module: Module) -> State:
        return replace(state, froms=state.froms | {STRANGER})

    def _set_operation(self, state: State, call: ast.Call, module: Module) -> State:
        """Entities of a union are selected from it; rows of a union itself can come twice."""
        return replace(state, froms=state.froms | {STRANGER}, distinct=False)

    _union = _union_all = _except_ = _except_all = _intersect = _intersect_all = _set_operation


def _has_keyword(relationship: Relationship, *names: str) -> bool:
    call = relationship.call
    return call is None or any(keyword.arg in names for keyword in call.keywords)


def _to_one(relationship: Relationship) -> bool:
    """Whether a relationship certainly leads to one object."""
    return not relationship.many and not _has_keyword(
        relationship, "primaryjoin", "foreign_keys", "secondary", "secondaryjoin"
    )
