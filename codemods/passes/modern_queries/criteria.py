"""Which expressions are SQL, and which tables a criterion draws into a statement."""

from __future__ import annotations

import ast

from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Instance
from codemods.passes.modern_queries.entities import STRANGER, Entities, Identity
from codemods.passes.modern_queries.table import words

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


class Criteria(Entities):
    """Looks into SQL expressions."""

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
                outside = self.outside(func, module)
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
        outside = self.outside(node.func, module)
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
        if method == "where" and self.outside(_first(owner), module).endswith(".exists"):
            return frozenset()
        if method in ("in_", "not_in", "notin_"):
            return self.operand(owner, module)
        if method in _OPERATORS:
            return self._operands((owner, *node.args), module)
        return frozenset((STRANGER,))

    def _operands(
        self, nodes: list[ast.expr] | tuple[ast.expr, ...], module: Module
    ) -> frozenset[Identity]:
        return frozenset().union(*(self.operand(node, module) for node in nodes))

    def operand(self, node: ast.expr, module: Module) -> frozenset[Identity]:
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
                return self.operand(operand, module)
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
