"""What a query selects."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.passes.modern_queries.criteria import Criteria
from codemods.passes.modern_queries.entities import Identity
from codemods.passes.modern_queries.table import AGGREGATES


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


class Selections(Criteria):
    """Answers what the arguments of queries select."""

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
            froms=self.operand(node, module),
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
                outside = self.outside(func, module)
                if outside.startswith("sqlalchemy.func."):
                    return outside.rpartition(".")[2], False
                if outside in ("sqlalchemy.cast", "sqlalchemy.type_coerce") and args:
                    return self._name(args[0], module)[0], False
            case ast.Name():
                made = self.program.definition(node, module)
                if made is not None:
                    return self._name(*made)
        return "", False

    def is_aggregate(self, node: ast.expr, module: Module) -> bool:
        """Whether selecting the expression alone gives exactly one row."""
        match node:
            case ast.Call(func=ast.Attribute(attr="over")):
                return False
            case ast.Call(func=func, args=args):
                outside = self.outside(func, module)
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


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple)


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple) else []
