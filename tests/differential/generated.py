# ruff: noqa: E501
"""Random schemas, rows and legacy queries, as source text.

A schema is a chain of mapped classes with relationships both ways, one many-to-many and one to
itself; their columns share names, so that a name alone does not tell the class. A query is built at
once, over statements, by branches and by functions, of what the schema has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

_NAMES = ("Alpha", "Beta", "Gamma", "Delta")
_COLUMNS = {"name": "String(20)", "size": "Integer", "flag": "Boolean", "code": "String(5)"}
_VALUES: dict[str, tuple[str, ...]] = {
    "name": ("'x'", "'y'", "'z'", "None"),
    "code": ("'x'", "'b'", "None"),
    "size": ("0", "1", "2", "5", "None"),
    "flag": ("True", "False", "None"),
}

HEADER = """\
import sqlalchemy as sa
from sqlalchemy import and_, case as case_, cast, desc, distinct, exists, func, literal, or_, text
from sqlalchemy.orm import (
    Query,
    Session,
    aliased,
    contains_eager,
    joinedload,
    selectinload,
    subqueryload,
)

from app.models import *
"""


@dataclass(frozen=True)
class Entity:
    """A mapped class: its columns, and its relationships with the class that each leads to."""

    name: str
    columns: tuple[str, ...]
    to_many: tuple[tuple[str, str], ...] = ()
    to_one: tuple[tuple[str, str], ...] = ()

    @property
    def relationships(self) -> tuple[tuple[str, str], ...]:
        """All relationships."""
        return self.to_many + self.to_one


@dataclass(frozen=True)
class Schema:
    """Mapped classes, and the source of their module."""

    entities: tuple[Entity, ...]
    source: str

    def entity(self, name: str) -> Entity:
        """A class by its name."""
        return next(entity for entity in self.entities if entity.name == name)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """A schema with its rows."""
    count = draw(st.integers(2, 4))
    names = _NAMES[:count]
    columns = {
        name: ("id", *draw(st.lists(st.sampled_from(sorted(_COLUMNS)), min_size=1, unique=True)))
        for name in names
    }
    lazies = st.sampled_from(["select", "select", "select", "joined", "selectin"])
    lines = [
        "from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table",
        "from sqlalchemy.orm import declarative_base, relationship",
        "",
        "Base = declarative_base()",
        "",
        "links = Table(",
        '    "links",',
        "    Base.metadata,",
        f'    Column("left_id", ForeignKey("{names[0].lower()}.id"), primary_key=True),',
        f'    Column("right_id", ForeignKey("{names[-1].lower()}.id"), primary_key=True),',
        ")",
    ]
    entities = []
    for index, name in enumerate(names):
        lines += ["", "", f"class {name}(Base):", f'    __tablename__ = "{name.lower()}"', ""]
        lines.append("    id = Column(Integer, primary_key=True)")
        lines += [f"    {column} = Column({_COLUMNS[column]})" for column in columns[name][1:]]
        many, one = [], []
        if index:
            above = names[index - 1]
            lines.append(f'    parent_id = Column(ForeignKey("{above.lower()}.id"))')
            lines.append(
                f'    parent = relationship("{above}", back_populates="parts", lazy="{draw(lazies)}")'
            )
            one.append(("parent", above))
        if index + 1 < count:
            below = names[index + 1]
            lines.append(
                f'    parts = relationship("{below}", back_populates="parent",'
                f' order_by="{below}.id", lazy="{draw(lazies)}")'
            )
            many.append(("parts", below))
        if index == 0:
            lines.append(
                f'    linked = relationship("{names[-1]}", secondary=links,'
                f' order_by="{names[-1]}.id", lazy="{draw(lazies)}")'
            )
            many.append(("linked", names[-1]))
        own = columns[name] + (("parent_id",) if index else ())
        entities.append(Entity(name, own, tuple(many), tuple(one)))
    lines += ["", "", "def fill(session):"]
    lines += [f"    {line}" for line in _rows(draw, entities)]
    return Schema(tuple(entities), "\n".join(lines) + "\n")


def _rows(draw: st.DrawFn, entities: Sequence[Entity]) -> list[str]:
    lines = []
    above = 0
    for entity in entities:
        count = draw(st.integers(0, 5))
        for number in range(1, count + 1):
            values = [f"id={number}"]
            for column in entity.columns[1:]:
                if column == "parent_id":
                    parents = ["None", *map(str, range(1, above + 1))]
                    values.append(f"parent_id={draw(st.sampled_from(parents))}")
                else:
                    values.append(f"{column}={draw(st.sampled_from(_VALUES[column]))}")
            lines.append(f"session.add({entity.name}({', '.join(values)}))")
        lines.append("session.flush()")
        above = count
        if entity is entities[0]:
            first = count
    pairs = [(left, right) for left in range(1, first + 1) for right in range(1, above + 1)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    for left, right in sorted(chosen):
        lines.append(f"session.execute(links.insert().values(left_id={left}, right_id={right}))")
    return lines


@dataclass
class _Maker:
    """Draws one query of a schema."""

    draw: st.DrawFn
    schema: Schema
    #: The entities that the query has so far, by the name that stands for them.
    present: dict[str, Entity] = field(default_factory=dict)
    selected: str = ""
    #: What was joined last.
    last: str = ""
    limited: bool = False
    plain: bool = True
    lines: list[str] = field(default_factory=list)

    def pick(self, things: Sequence[T]) -> T:
        """One of several things."""
        return self.draw(st.sampled_from(list(things)))

    def chance(self, one_in: int) -> bool:
        """Whether something rare happens."""
        return self.draw(st.integers(1, one_in)) == 1

    # -- expressions -------------------------------------------------------------------------

    def target(self) -> tuple[str, Entity]:
        """An entity of the query; now and then another one."""
        if self.present and not self.chance(12):
            name = self.pick(list(self.present))
            return name, self.present[name]
        entity = self.pick(self.schema.entities)
        return entity.name, entity

    def column(self) -> str:
        """A column of an entity."""
        name, entity = self.target()
        return f"{name}.{self.pick(entity.columns)}"

    def value(self, column: str) -> str:
        """A value that a column can have."""
        name = column.rpartition(".")[2]
        return self.pick(_VALUES.get(name, ("1", "2", "3")))

    def criterion(self, depth: int = 1) -> str:
        """A condition."""
        name, entity = self.target()
        column = self.column()
        forms: list[Callable[[], str]] = [
            lambda: f"{column} == {self.value(column)}",
            lambda: f"{column} != {self.value(column)}",
            lambda: f"{name}.id > {self.pick(['0', '1', '2'])}",
            lambda: f"{name}.id.in_([1, 2, 4])",
            lambda: f"{column}.is_(None)",
            lambda: f"~{column}.is_(None)",
            lambda: f"{name}.id.in_(s.query({self._other().name}.id))",
            lambda: f"func.coalesce({name}.id, 0) > 1",
            lambda: (
                f"s.query({self._other().name}).filter({self._other().name}.id == {name}.id).exists()"
            ),
            lambda: f"exists().where({self._other().name}.id == {name}.id)",
        ]
        if entity.to_many:
            relationship, other = self.pick(entity.to_many)
            forms.append(lambda: f"{name}.{relationship}.any({other}.id > 1)")
        if entity.to_one:
            relationship, other = self.pick(entity.to_one)
            forms.append(lambda: f"{name}.{relationship}.has({other}.id > 1)")
            forms.append(lambda: f"{name}.{relationship} == s.get({other}, 1)")
        if depth:
            forms.append(lambda: f"or_({self.criterion(0)}, {self.criterion(0)})")
            forms.append(lambda: f"({self.criterion(0)}) & ({self.criterion(0)})")
        return self.pick(forms)()

    def _other(self) -> Entity:
        return self.pick(self.schema.entities)

    # -- the beginning -----------------------------------------------------------------------

    def begin(self) -> str:
        """``s.query(...)``."""
        entity = self.pick(self.schema.entities)
        name = entity.name
        if self.chance(6):
            self.lines.append(f"a = aliased({name})")
            name = "a"
        self.present[name] = entity
        kind = self.pick(["one", "one", "one", "two", "mixed", "columns", "columns", "aggregate"])
        if kind == "one":
            self.selected = name
        elif kind == "two":
            other = self._other()
            self.present[other.name] = other
            self.selected = f"{name}, {other.name}" if other.name != name else name
        elif kind == "mixed":
            self.selected = f"{name}, {self.column()}"
        elif kind == "columns":
            found = [self.column() for _ in range(self.draw(st.integers(1, 3)))]
            if self.chance(3):
                found[0] += f".label('{self.pick(['x', 'name'])}')"
            self.selected = ", ".join(found)
            self.plain = len({item.partition(".label")[0] for item in found}) == len(found)
        else:
            self.plain = False
            column = self.column()
            self.selected = self.pick(
                [
                    f"func.count({column})",
                    f"func.max({column}), func.min({column})",
                    "func.count()",
                    f"{column}, func.count().label('n')",
                    f"func.coalesce(func.sum({name}.id), 0)",
                    f"{name}.id + 1",
                    "literal(1)",
                    f"case_(({column}.is_(None), 'a'), else_='b')",
                    f"cast({name}.id, sa.String)",
                ]
            )
        return f"s.query({self.selected})"

    # -- steps -------------------------------------------------------------------------------

    def step(self) -> str:
        """A builder."""
        name, _ = self.target()
        if self.limited and not self.chance(6):
            return self.pick(["limit(3)", "offset(1)", "distinct()", "with_for_update()"])
        kinds: list[Callable[[], str]] = [
            lambda: f"filter({self.criterion()})",
            lambda: f"filter({self.criterion()}, {self.criterion()})",
            lambda: f"where({self.criterion()})",
            self._filter_by,
            self._filter_by,
            self._join,
            self._join,
            self._join,
            lambda: f"order_by({self._order()})",
            lambda: f"order_by({self._order()}, {self._order()})",
            self._limit,
            lambda: self.pick(["distinct()", "reset_joinpoint()", "order_by(None)", "filter()"]),
            lambda: f"group_by({self.column()})",
            lambda: f"group_by({name}.id).having(func.count({name}.id) > {self.pick('01')})",
            self._option,
            self._reshape,
            self._rare,
        ]
        return self.pick(kinds)()

    def _limit(self) -> str:
        self.limited = True
        return self.pick(["limit(2)", "offset(1)", "slice(1, 3)", "limit(None)", "limit(0)"])

    def _filter_by(self) -> str:
        found = self.present.get(self.last) or self.target()[1]
        column = self.pick([name for name in found.columns if name in (*_COLUMNS, "id")])
        if self.chance(8):
            column = self.pick([*_COLUMNS, "id"])
        if self.chance(8):
            return f"filter_by(**{{'{column}': {self.value(column)}}})"
        return f"filter_by({column}={self.value(column)})"

    def _order(self) -> str:
        return self.column() + self.pick(["", "", ".desc()"])

    def _join(self) -> str:
        name, entity = self.target()
        method = self.pick(["join", "join", "outerjoin"])
        if not entity.relationships or self.chance(5):
            other = self._other()
            self.present[other.name] = other
            self.last = other.name
            if self.chance(4):
                return f"{method}({other.name})"
            return f"{method}({other.name}, {other.name}.id == {name}.id)"
        relationship, target = self.pick(entity.relationships)
        if self.chance(6) and not any(line.startswith("b =") for line in self.lines):
            self.lines.append(f"b = aliased({target})")
            self.present["b"] = self.schema.entity(target)
            self.last = "b"
            return f"{method}({name}.{relationship}.of_type(b))"
        self.present[target] = self.schema.entity(target)
        self.last = target
        if self.chance(5):
            return f"{method}({target}, {name}.{relationship})"
        return f"{method}({name}.{relationship})"

    def _option(self) -> str:
        names = [n for n in self.selected.split(", ") if n in self.present]
        if not names:
            return "execution_options(x=1)"
        name = self.pick(names)
        entity = self.present[name]
        if not entity.relationships:
            return "execution_options(x=1)"
        relationship, target = self.pick(entity.relationships)
        loader = self.pick(["joinedload", "joinedload", "selectinload", "subqueryload"])
        text = f"{loader}({name}.{relationship})"
        below = self.schema.entity(target).relationships
        if below and self.chance(3):
            text += f".{self.pick(['joinedload', 'selectinload'])}({target}.{self.pick(below)[0]})"
        return f"options({text})"

    def _reshape(self) -> str:
        form = self.pick(["with_entities({})", "with_entities({})", "add_columns({})"])
        if self.chance(4):
            entity = self._other()
            self.present[entity.name] = entity
            return self.pick([form.format(entity.name), f"add_entity({entity.name})"])
        if self.chance(3):
            self.plain = False
            return form.format("func.count()")
        column = self.column()
        self.plain = self.plain and column not in self.selected
        self.selected += f", {column}"
        return form.format(column)

    def _rare(self) -> str:
        entity = self._other()
        return self.pick(
            [
                "populate_existing()",
                "yield_per(2)",
                "autoflush(False)",
                "enable_eagerloads(False)",
                "with_for_update()",
                "params(x=1)",
                "tuples()",
                f"select_from({entity.name})",
                f"union(s.query({entity.name}).filter({entity.name}.id > 2))",
                f"union_all(s.query({entity.name}))",
                f"union(s.query({entity.name}.id))",
                f"except_(s.query({entity.name}).filter({entity.name}.id > 2))",
            ]
        )

    # -- the end -----------------------------------------------------------------------------

    def terminal(self, query: str) -> str:
        """What runs a query."""
        entity = self._other()
        rows = [
            "all()",
            "all()",
            "all()",
            "first()",
            "one()",
            "one_or_none()",
            "scalar()",
            "count()",
        ]
        forms = [
            *(f"{query}.{method}" for method in rows),
            *(f"{query}{index}" for index in ("[:2]", "[1:3]", "[0]", "[1:]", "[1]")),
            f"list({query})",
            f"[x for x in {query}]",
            f"len({query}.all())",
            f"{query}.get(1)",
            f"s.query({query}.exists()).scalar()",
            f"s.query(literal(True)).filter({query}.exists()).scalar()",
            f"s.query({entity.name}.id).filter({entity.name}.id.in_({query})).all()",
            f"list({query}.subquery().c.keys())",
            f"s.query({query}.subquery()).count()",
            f"s.execute({query}.statement).all()",
            f"s.query({entity.name}.id, {query}.with_entities(func.count()).scalar_subquery()).all()",
            f"[tuple(r) for r in {query}]",
            f"{query}.delete(synchronize_session=False)",
            f"{query}.delete()",
            f"{query}.update({{'name': 'q'}})",
            f"{query}.update({{'size': 7}}, synchronize_session='fetch')",
            f"({query}.count(), {query}.first())",
        ]
        return self.pick(forms)


@dataclass(frozen=True)
class Generated:
    """A case: its source, and whether the rows of both forms have the same names."""

    source: str
    fields: bool


@st.composite
def queries(draw: st.DrawFn, schema: Schema) -> Generated:
    """A function ``case(s)`` that builds a query and runs it, or its body."""
    maker = _Maker(draw, schema)
    chain = maker.begin()
    steps = [maker.step() for _ in range(draw(st.integers(0, 4)))]
    style = maker.pick(["chain", "chain", "names", "names", "helper", "paginate"])
    helpers = ""
    if style == "chain":
        body = [f"return {maker.terminal('.'.join([chain, *steps]))}"]
    elif style == "names":
        body = [f"q = {chain}"]
        for step in steps:
            line = f"q = q.{step}"
            if maker.chance(4):
                line = f"if {maker.pick(['s.is_active', 'not s.is_active'])}:\n    {line}"
            body.append(line)
        body.append(f"return {maker.terminal('q')}")
    elif style == "helper":
        last = (
            steps.pop() if steps and "s." not in steps[-1] and "b)" not in steps[-1] else "filter()"
        )
        last = last if "a." not in last and "b." not in last else "filter()"
        helpers = f"def narrowed(query):\n    return query.{last}\n"
        built = ".".join([chain, *steps])
        body = [f"return {maker.terminal(f'narrowed({built})')}"]
    else:
        helpers = "def page(query, number, size=2):\n"
        helpers += "    return query.offset(number * size).limit(size).all()\n"
        body = [f"return page({'.'.join([chain, *steps])}, {maker.pick('01')})"]
    text = "\n".join([*maker.lines, *body])
    fields = maker.plain and not any(word in text for word in ("cast", "scalar_subquery"))
    if not helpers:
        return Generated(text, fields)
    inside = "\n".join(f"    {line}" for line in text.split("\n"))
    return Generated(f"{helpers}\n\ndef case(s: Session):\n{inside}\n", fields)
