"""Relationships that are replaced by name: ``for key, value in data.items(): setattr(...)``.

SQLAlchemy loads what a collection held before it is replaced. The names are those of the model
whose dump the loop walks over; where they are not known, nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.passes.eager_loading.ways import Touch

if TYPE_CHECKING:
    from codemods.passes.eager_loading.touches import Touches

#: What makes a dict of a model's fields.
_DUMPS = frozenset({"model_dump", "dict"})
_DEPTH = 5


def named_writes(touches: Touches, module: Module) -> Iterator[Touch]:
    """The collections that ``setattr`` and ``sqlmodel_update`` may replace."""
    for name, replaced in (("setattr", _by_setattr), ("sqlmodel_update", _by_update)):
        for call in module.syntax.calls.get(name, ()):
            found = replaced(touches, call, module)
            if found is None:
                continue
            owner, names = found
            for entity in sorted(
                set(touches.program.models.entities(touches.program.infer(owner, module))), key=str
            ):
                for field in sorted(names):
                    one = touches.relationship(entity, field)
                    if one is not None and one.many:
                        why = f"{ast.unparse(owner)}.{field} is replaced"
                        yield Touch(owner, module, entity, (field,), call, why, True)


def _by_setattr(
    touches: Touches, call: ast.Call, module: Module
) -> tuple[ast.expr, set[str]] | None:
    match call:
        case ast.Call(func=ast.Name(), args=[owner, ast.Constant(value=str(name)), _]):
            return owner, {name}
        case ast.Call(func=ast.Name(), args=[owner, ast.Name(id=key), _]):
            for parent in module.ancestors(call):
                match parent:
                    case ast.For(target=ast.Tuple(elts=[ast.Name(id=bound), _]), iter=walked):
                        if bound == key:
                            return owner, _items(touches, walked, module)
                    case ast.For(target=ast.Name(id=bound), iter=walked) if bound == key:
                        return owner, _keys(touches, walked, module)
    return None


def _by_update(
    touches: Touches, call: ast.Call, module: Module
) -> tuple[ast.expr, set[str]] | None:
    match call:
        case ast.Call(func=ast.Attribute(value=owner), args=[data, *_]):
            return owner, _keys(touches, data, module) | _fields(touches, data, module)
    return None


def _items(touches: Touches, node: ast.expr, module: Module) -> set[str]:
    """The keys that ``data.items()`` gives, or ``vars(model).items()``."""
    match node:
        case ast.Call(func=ast.Attribute(value=data, attr="items")):
            return _keys(touches, data, module)
    return _fields(touches, node, module)


def _keys(touches: Touches, node: ast.expr, module: Module, depth: int = 0) -> set[str]:
    """The keys of a dict that was made of a model."""
    if depth > _DEPTH:
        return set()
    match node:
        case ast.Name(id=name):
            scope = module.scope_of(node).lookup(name)
            bindings = scope.bindings.get(name, ()) if scope is not None else ()
            parts = [binding.part for binding in bindings if binding.kind == "assign"]
            found = [_keys(touches, part, module, depth + 1) for part in parts if part is not None]
            return set().union(*found)
        case ast.Call(func=ast.Attribute(value=model, attr=attr)) if attr in _DUMPS:
            return _fields(touches, model, module)
        case ast.Call(func=ast.Name(id="vars" | "dict"), args=[model]):
            return _fields(touches, model, module)
    return set()


def _fields(touches: Touches, node: ast.expr, module: Module) -> set[str]:
    """The fields of the models that an expression can be."""
    return {
        name
        for value in touches.program.infer(node, module)
        for model in touches.schemas.schemas(frozenset({value}))
        for name in touches.schemas.fields(model)
    }
