"""What a query selects, and which tables its criteria draw in."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.models import DECLARATIVE_BASES
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    TypeVariable,
    Value,
)
from codemods.passes.modern_queries.table import AGGREGATES, words

#: What tells one entity of a statement from another: a class, the call that made an alias, or
#: the text of an expression whose class is only known at run time.
Identity = Class | ast.Call | str

#: A table that is drawn in but not known.
STRANGER = "?"


@dataclass(frozen=True)
class Selected:
    """One thing that is selected.

    ``kind`` is "entity", "column" or "unknown". ``name`` is the key that a row has for it ("" for
    none), ``text`` its source, ``classes`` are the mapped classes that an entity can be.
    """

    kind: str
    text: str
    name: str = ""
    identity: Identity | None = None
    classes: frozenset[Class] = frozenset()
    labelled: bool = False
    froms: frozenset[Identity] = frozenset()
    aggregate: bool = False
    owned: bool = False
    dynamic: bool = False

    @property
    def first(self) -> str:
        """The entity that it is about, as source text; "" where there is none."""
        if self.kind == "entity":
            return self.text
        return self.text.rpartition(".")[0] if self.owned else ""


class Selections:
    """Answers questions about the arguments of queries."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._entities: dict[ast.expr, tuple[Identity, frozenset[Class]] | None] = {}

    # -- entities ----------------------------------------------------------------------------

    def entity(self, node: ast.expr, module: Module) -> tuple[Identity, frozenset[Class]] | None:
        """The entity that an expression means, if it is one."""
        if node not in self._entities:
            self._entities[node] = self._entity(node, module)
        return self._entities[node]

    def _entity(self, node: ast.expr, module: Module) -> tuple[Identity, frozenset[Class]] | None:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
            return None
        values = self.program.infer(node, module)
        if not values:
            return None
        classes: set[Class] = set()
        dynamic = False
        for value in values:
            match value:
                case ClassValue(cls=cls) if self.program.models.is_mapped(cls):
                    classes.add(cls)
                case ClassValue(cls=cls) if found := self._mapped_below(cls):
                    classes |= found
                    dynamic = True
                case Instance(cls="builtins.type", args=(inner,)) if inner:
                    for item in inner:
                        found = self._mapped(item)
                        if found is None:
                            return None
                        classes |= found
                    dynamic = True
                case TypeVariable():
                    found = self._mapped(value)
                    if found is None:
                        return None
                    classes |= found
                    dynamic = True
                case _:
                    return None
        if isinstance(node, ast.Call):
            return (node, frozenset(classes)) if self._is_alias(node, module) else None
        made = self.program.definition(node, module)
        if made is not None and isinstance(made[0], ast.Call):
            if self._is_alias(made[0], made[1]):
                return made[0], frozenset(classes)
            dynamic = True
        if len(classes) == 1 and not dynamic and self._is_class_name(node, module):
            return next(iter(classes)), frozenset(classes)
        return ast.unparse(node), frozenset(classes)

    def _is_class_name(self, node: ast.expr, module: Module) -> bool:
        """Whether a name is that of the class itself, not of a variable that holds it."""
        binding = self.program.binding(node, module)
        return binding is not None and binding[0].kind == "class"

    def _is_alias(self, node: ast.Call, module: Module) -> bool:
        return External("sqlalchemy.orm.aliased") in self.program.infer(node.func, module)

    def _mapped(self, value: Value) -> frozenset[Class] | None:
        """The mapped classes that an object can be of; None where it need not be mapped."""
        models = self.program.models
        match value:
            case Instance(cls=Class() as cls):
                if models.is_mapped(cls):
                    return frozenset((cls,))
                return self._below(cls)
            case TypeVariable(bound=bound) if bound:
                classes: set[Class] = set()
                for item in bound:
                    found = self._mapped(item)
                    if found is None:
                        return None
                    classes |= found
                return frozenset(classes)
            case Instance(cls=str() as name) if name in DECLARATIVE_BASES or name == known.SQLMODEL:
                return frozenset(models.all())
        return None

    def _mapped_below(self, cls: Class) -> frozenset[Class]:
        """The classes of a mixin that is there for mapped classes only."""
        below = self.program.subclasses(cls)
        mapped = frozenset(sub for sub in below if self.program.models.is_mapped(sub))
        leaves = [sub for sub in below if not self.program.subclasses(sub)]
        return mapped if leaves and mapped.issuperset(leaves) else frozenset()

    def _below(self, cls: Class) -> frozenset[Class] | None:
        """The mapped classes below a base that is not mapped itself."""
        bases = self.program.mro(cls)
        if not any(base in bases for base in (*DECLARATIVE_BASES, known.SQLMODEL)):
            return None
        return frozenset(
            sub for sub in self.program.subclasses(cls) if self.program.models.is_mapped(sub)
        )

    # -- what is selected --------------------------------------------------------------------

    def selected(self, nodes: list[ast.expr], module: Module) -> tuple[Selected, ...]:
        """What the arguments of ``query()`` select."""
        found: list[Selected] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found.extend(self._starred(node.value, module))
            else:
                found.append(self.one(node, module))
        return tuple(found)

    def _starred(self, node: ast.expr, module: Module) -> tuple[Selected, ...]:
        if _is_list(node):
            return self.selected(_elements(node), module)
        if isinstance(node, ast.Name) and (nodes := self._listed(node, module)):
            found = [self.one(item, module) for item in nodes]
            # However many columns there are, and whichever branch gave them: columns they stay.
            if all(item.kind == "column" for item in found):
                froms = frozenset().union(*(item.froms for item in found))
                labelled = all(item.labelled for item in found)
                some = Selected("column", f"*{node.id}", labelled=labelled, froms=froms)
                return (some, some)
        return (Selected("unknown", ast.unparse(node)),)

    def _listed(self, node: ast.Name, module: Module) -> list[ast.expr]:
        """The elements that a list can have, by its assignments and what is appended to it."""
        holder = module.scope_of(node).lookup(node.id)
        bindings = holder.bindings[node.id] if holder else []
        if not all(b.value is not None and _is_list(b.value) for b in bindings):
            return []
        nodes = [item for b in bindings if b.value for item in _elements(b.value)]
        for read in module.syntax.references.get(node.id, ()):
            method = module.parent(read)
            if module.scope_of(read).lookup(node.id) is not holder:
                continue
            if isinstance(method, ast.Attribute) and method.attr in ("append", "insert", "extend"):
                call = module.parent(method)
                if not isinstance(call, ast.Call) or not call.args:
                    return []
                added = call.args[-1]
                if method.attr == "extend" and not _is_list(added):
                    return []
                nodes += _elements(added) if method.attr == "extend" else [added]
        return nodes

    def one(self, node: ast.expr, module: Module) -> Selected:
        """What one argument of ``query()`` selects."""
        text = ast.unparse(node)
        entity = self.entity(node, module)
        if entity is not None:
            own = frozenset((entity[0],))
            return Selected(
                "entity",
                text,
                identity=entity[0],
                classes=entity[1],
                froms=own,
                dynamic=isinstance(entity[0], str),
            )
        if not self.is_column(node, module):
            return Selected("unknown", text)
        name, labelled = self._name(node, module)
        return Selected(
            "column",
            text,
            name,
            labelled=labelled,
            froms=self._operand(node, module),
            aggregate=self.is_aggregate(node, module),
            owned=isinstance(node, ast.Attribute) and self.entity(node.value, module) is not None,
        )

    def _name(self, node: ast.expr, module: Module) -> tuple[str, bool]:
        """The key of a column in its row, and whether the legacy form has that key too."""
        match node:
            case ast.Attribute(attr=attr):
                return attr, True
            case ast.Call(func=ast.Name(id="getattr")):
                return f"<{ast.unparse(node)}>", True
            case ast.Call(func=ast.Attribute(attr="label"), args=[ast.Constant(value=str() as s)]):
                return s, True
            case ast.Call(func=ast.Attribute(attr="label")):
                return f"<{ast.unparse(node)}>", True
            case ast.Call(func=func, args=args):
                outside = self._outside(func, module)
                if outside.startswith("sqlalchemy.func."):
                    return outside.rpartition(".")[2], False
                if outside in ("sqlalchemy.cast", "sqlalchemy.type_coerce") and args:
                    return self._name(args[0], module)[0], False
            case ast.Name():
                made = self.program.definition(node, module)
                if made is not None:
                    return self._name(*made)
        return "", False

    def _outside(self, node: ast.expr, module: Module) -> str:
        return next(
            (v.name for v in self.program.infer(node, module) if isinstance(v, External)), ""
        )

    def is_column(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression is a column or an SQL expression (and not an entity)."""
        match node:
            case ast.Attribute(attr="c" | "columns"):
                return False
            case ast.Attribute(value=ast.Attribute(attr="c" | "columns")):
                return True
            case ast.Attribute(value=value, attr=attr):
                entity = self.entity(value, module)
                if entity is not None:
                    return not any(
                        attr in self.program.models.relationships(cls) for cls in entity[1]
                    )
            case ast.Subscript(value=ast.Attribute(attr="c" | "columns")):
                return True
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, _]):
                return self.entity(owner, module) is not None
            case ast.Call(func=func):
                outside = self._outside(func, module)
                if outside.startswith(("sqlalchemy.func.", "sqlalchemy.sql.func.")):
                    return True
                if outside.startswith("sqlalchemy.") and outside != "sqlalchemy.Table":
                    return outside.rpartition(".")[2] in _COLUMN_FUNCTIONS
                if isinstance(func, ast.Attribute):
                    return func.attr in _COLUMN_METHODS or self.is_column(func.value, module)
            case ast.BinOp(left=left, right=right):
                return self.is_column(left, module) or self.is_column(right, module)
            case ast.UnaryOp(operand=operand):
                return self.is_column(operand, module)
            case ast.Compare(left=left, comparators=others):
                return any(self.is_column(item, module) for item in (left, *others))
            case ast.Name():
                made = self.program.definition(node, module)
                if made is not None and made[0] is not node:
                    return self.is_column(*made)
        values = self.program.infer(node, module)
        return bool(values) and all(
            isinstance(v, Instance) and v.cls in _COLUMN_CLASSES for v in values
        )

    def is_aggregate(self, node: ast.expr, module: Module) -> bool:
        """Whether selecting the expression alone gives exactly one row."""
        match node:
            case ast.Call(func=ast.Attribute(attr="over")):
                return False
            case ast.Call(func=func, args=args):
                outside = self._outside(func, module)
                if outside.startswith("sqlalchemy.func."):
                    if outside.rpartition(".")[2].lower() in AGGREGATES:
                        return True
                    return any(self.is_aggregate(item, module) for item in args)
                if outside.startswith("sqlalchemy."):
                    return outside.rpartition(".")[2] in ("cast", "type_coerce") and any(
                        self.is_aggregate(item, module) for item in args
                    )
                if isinstance(func, ast.Attribute) and func.attr in ("label", "filter", "cast"):
                    return self.is_aggregate(func.value, module)
            case ast.BinOp(left=left, right=right):
                return self.is_aggregate(left, module) or self.is_aggregate(right, module)
            case ast.Name():
                made = self.program.definition(node, module)
                return made is not None and self.is_aggregate(*made)
        return False

    # -- what criteria draw in ---------------------------------------------------------------

    def drawn(self, node: ast.expr, module: Module, depth: int = 0) -> frozenset[Identity]:
        """The entities that a criterion puts into the FROM clause."""
        match node:
            case ast.Constant():
                return frozenset()
            case ast.Name():
                made = self._local(node, module)
                if made is not None and depth < 5:
                    return self.drawn(made, module, depth + 1)
                return frozenset((STRANGER,))
            case ast.Compare(left=left, comparators=others):
                return self._operands((left, *others), module)
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr(), left=left, right=right):
                return self.drawn(left, module, depth) | self.drawn(right, module, depth)
            case ast.BinOp(left=left, right=right):
                return self._operands((left, right), module)
            case ast.UnaryOp(operand=operand):
                return self.drawn(operand, module, depth)
            case ast.IfExp(body=body, orelse=orelse):
                return self.drawn(body, module, depth) | self.drawn(orelse, module, depth)
            case ast.Call():
                return self._called(node, module, depth)
            case ast.Attribute(value=value):
                entity = self.entity(value, module)
                if entity is not None:
                    return frozenset((entity[0],))
        return frozenset((STRANGER,))

    def _called(self, node: ast.Call, module: Module, depth: int) -> frozenset[Identity]:
        outside = self._outside(node.func, module)
        last = outside.rpartition(".")[2]
        if outside.startswith("sqlalchemy.func.") or last in _COLUMN_FUNCTIONS - _CLOSED:
            if last in _CONJUNCTIONS:
                inner = [self.drawn(item, module, depth) for item in node.args]
                return frozenset().union(*inner)
            return self._operands(node.args, module)
        if last in _CLOSED:
            return frozenset()
        if not isinstance(node.func, ast.Attribute):
            return frozenset((STRANGER,))
        owner, method = node.func.value, node.func.attr
        if method in _CLOSED:
            return frozenset()
        if method in ("any", "has"):
            entity = self.entity(owner.value, module) if isinstance(owner, ast.Attribute) else None
            return frozenset((entity[0] if entity is not None else STRANGER,))
        if method == "where" and self._outside(_first(owner), module).endswith(".exists"):
            return frozenset()
        if method in ("in_", "not_in", "notin_"):
            return self._operand(owner, module)
        if method in _OPERATORS:
            return self._operands((owner, *node.args), module)
        return frozenset((STRANGER,))

    def _operands(
        self, nodes: list[ast.expr] | tuple[ast.expr, ...], module: Module
    ) -> frozenset[Identity]:
        return frozenset().union(*(self._operand(node, module) for node in nodes))

    def _operand(self, node: ast.expr, module: Module) -> frozenset[Identity]:
        """What an operand draws in: a value nothing, a column its entity."""
        match node:
            case ast.Attribute(value=value, attr=attr):
                if isinstance(value, ast.Attribute) and value.attr in ("c", "columns"):
                    return frozenset((STRANGER,))
                entity = self.entity(value, module)
                if entity is None:
                    return self._strange(node, module)
                if any(
                    (rel := self.program.models.relationships(cls).get(attr)) and rel.many
                    for cls in entity[1]
                ):
                    # A comparison with a collection may bring the secondary table.
                    return frozenset((entity[0], STRANGER))
                return frozenset((entity[0],))
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, _]):
                entity = self.entity(owner, module)
                return frozenset((entity[0],)) if entity is not None else frozenset()
            case ast.Call(func=func):
                if self.is_column(node, module):
                    return self._called(node, module, 0)
                known_function = any(
                    isinstance(v, FunctionValue) for v in self.program.infer(func, module)
                )
                return frozenset() if not known_function else self._strange(node, module)
            case ast.BinOp(left=left, right=right):
                return self._operands((left, right), module)
            case ast.Compare(left=left, comparators=others):
                return self._operands((left, *others), module)
            case ast.UnaryOp(operand=operand):
                return self._operand(operand, module)
            case ast.IfExp(body=body, orelse=orelse):
                return self._operands((body, orelse), module)
            case ast.BoolOp(values=values):
                return self._operands(values, module)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return self._operands(elements, module)
            case ast.Subscript(value=ast.Attribute(attr="c" | "columns")):
                return frozenset((STRANGER,))
            case ast.Name():
                made = self._local(node, module)
                if made is not None and self.is_column(made, module):
                    return self.drawn(made, module)
                return self._strange(node, module)
        return frozenset()

    def _strange(self, node: ast.expr, module: Module) -> frozenset[Identity]:
        """Values are taken for values, unless they are known to be of SQL."""
        for value in self.program.infer(node, module):
            name = value.name if isinstance(value, External) else ""
            if isinstance(value, Instance) and isinstance(value.cls, str):
                name = value.cls
            if name.startswith("sqlalchemy.") and name != known.ROW:
                return frozenset((STRANGER,))
        return frozenset()

    def _local(self, node: ast.Name, module: Module) -> ast.expr | None:
        """The expression that a local name was given, if it was given just one."""
        scope = module.scope_of(node)
        holder = scope.lookup(node.id)
        if holder is None or not isinstance(holder, Function):
            return None
        bindings = holder.bindings[node.id]
        if len(bindings) != 1 or bindings[0].kind not in ("assign", "annotated"):
            return None
        return bindings[0].value if not bindings[0].path else None


_COLUMN_CLASSES = (known.COLUMN, "sqlalchemy.Column", "sqlalchemy.Subquery", "sqlalchemy.Table")

_COLUMN_FUNCTIONS = words(
    """
    and_ or_ not_ case cast type_coerce literal literal_column distinct exists text extract
    nullslast nullsfirst nulls_last nulls_first asc desc between collate tuple_ true false null over
    within_group column any_ all_ bindparam try_cast
    """
)
_CONJUNCTIONS = words("and_ or_ not_")
_CLOSED = words(
    """
    exists scalar_subquery as_scalar text literal literal_column true false null bindparam select
    """
)
_COLUMN_METHODS = words("label scalar_subquery as_scalar over exists")
_OPERATORS = words(
    """
    like ilike not_like notlike not_ilike notilike is_ is_not isnot startswith endswith contains
    istartswith iendswith icontains between desc asc nulls_last nulls_first nullslast nullsfirst op
    collate cast label match regexp_match regexp_replace concat is_distinct_from
    is_not_distinct_from isnot_distinct_from overlap contained_by has_key has_any
    has_all astext bool_op as_string as_integer
    as_boolean as_float any_ all_ filter cosine_distance l2_distance
    """
)


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple)


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple) else []


def _first(node: ast.expr) -> ast.expr:
    """What a chain of calls begins with: ``exists`` of ``exists().where(a).where(b)``."""
    while True:
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Attribute):
                return node.func
            node = node.func
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
            node = node.value
        else:
            return node
