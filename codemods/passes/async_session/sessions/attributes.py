"""Attributes that hold an engine or a session factory: of a class, or of its objects.

``self._engine = create_engine(url)`` can be kept in both colours as a name of a module can, where
all that reads the attribute is known: ``self._sync_engine`` stands beside it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Scope
from codemods.facts.values import ClassValue, Instance


def home_of(program: Program, node: ast.expr, module: Module) -> tuple[Scope, str] | None:
    """The scope and the name that a name or an attribute means, those of classes among them."""
    found = program.home(node, module)
    if found is None and isinstance(node, ast.Attribute):
        return _owner(program, node, module)
    return found


def bindings_of(scope: Scope, name: str) -> list[Binding]:
    """What binds a name of a module or a class, or an attribute of the objects of a class."""
    found = list(scope.bindings.get(name, ()))
    return [*found, *scope.attributes.get(name, ())] if isinstance(scope, Class) else found


def declares(binding: Binding) -> bool:
    """Whether a binding only declares the name (``engine = None``, ``engine: Engine``)."""
    value = binding.value
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def is_followed(program: Program, cls: Class, name: str) -> bool:
    """Whether all that reads or sets an attribute of a class is known."""
    return program.evaluation.once(
        ("followed attribute", cls, name), lambda: _is_followed(program, cls, name), False
    )


def _is_followed(program: Program, cls: Class, name: str) -> bool:
    family = [*program.subclasses(cls), *(b for b in program.mro(cls)[1:] if isinstance(b, Class))]
    if any(bindings_of(other, name) for other in family):
        return False
    own = {id(binding.node) for binding in bindings_of(cls, name)}
    for module in program.modules.mentioning((name,)):
        if is_migration(module) or program.web.in_tests(module):
            continue
        reads = [n for n in module.syntax.references.get(name, ()) if isinstance(n, ast.Attribute)]
        if not all(program.infer(node.value, module) for node in reads):
            return False
        for node in _set(module, name):
            home = _owner(program, node, module)
            if id(module.statement(node)) not in own and home in (None, (cls, name)):
                return False
    return True


def _set(module: Module, name: str) -> Iterator[ast.Attribute]:
    """The attributes of that name that a module sets or deletes."""
    for node in module.syntax.parents:
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
            continue
        if node.attr == name:
            yield node


def _owner(program: Program, node: ast.Attribute, module: Module) -> tuple[Scope, str] | None:
    """The class that an attribute belongs to, where it is one of the code base."""
    owners: set[Class] = set()
    for value in program.infer(node.value, module):
        match value:
            case Instance(cls=Class() as cls) | ClassValue(cls=cls):
                classes = (base for base in program.mro(cls) if isinstance(base, Class))
                owner = next((base for base in classes if bindings_of(base, node.attr)), None)
            case _:
                return None
        if owner is None:
            return None
        owners.add(owner)
    return (owners.pop(), node.attr) if len(owners) == 1 else None
