"""Expired objects of which nothing is read but the primary key.

The key is known since the flush and never changes: there is nothing to read again. So it is with
what fixtures give to tests that only want the key, and with what is put into a relationship of a
new object, ``Post(author=author)``: the flush takes the key from it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cached_property

from codemods.facts import Program
from codemods.facts.by_name import ASKING
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue
from codemods.passes.eager_loading.render import primary_key

_CONSTRUCTORS = frozenset(("__init__", "__new__", "__post_init__", "__setattr__"))
#: What can look at an object that is put somewhere.
_WATCHING = ("validates", "listens_for", "listen")


class Keys:
    """Tells whether what a fixture gives is only asked for its primary key."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def suffice(self, use: ast.Name, function: Function, entities: Collection[Class]) -> bool:
        """Whether ``use`` is what a fixture gives, and all who get it read its key only."""
        given = isinstance(function.module.parent(use), ast.Yield | ast.Return)
        if not given or not self.program.web.is_fixture(function) or self._shared:
            return False
        keys = [set(primary_key(cls, self.program)) for cls in entities]
        names = [name for name, them in self.program.web.fixtures.items() if function in them]
        return bool(keys) and all(
            self._reads_only(set.intersection(*keys), name, function) for name in names
        )

    def is_put(self, use: ast.Name, module: Module) -> bool:
        """Whether an object is put into a relationship of a new one, and nothing looks at it."""
        match module.parent(use):
            case ast.keyword(arg=str(name)) as keyword:
                call = module.parent(keyword)
            case _:
                return False
        made = self.program.infer(call.func, module) if isinstance(call, ast.Call) else ()
        return bool(made) and all(
            isinstance(one, ClassValue) and self._only_takes(one.cls, name) for one in made
        )

    def _only_takes(self, cls: Class, name: str) -> bool:
        """Whether the constructor of a class puts what it is given into a relationship."""
        relationship = self.program.models.relationships(cls).get(name)
        if relationship is None or self.program.modules.mentioning(_WATCHING):
            return False
        return not any(
            _CONSTRUCTORS & set(base.bindings)
            for base in self.program.mro(cls)
            if isinstance(base, Class)
        )

    @cached_property
    def _shared(self) -> bool:
        """Whether the objects can be in a session of the application, or be asked for by name."""
        web = self.program.web
        return any(web.shares(one) for one in web.overrides) or bool(
            self.program.modules.mentioning((ASKING,))
        )

    def _reads_only(self, keys: set[str], name: str, fixture: Function) -> bool:
        return all(
            isinstance(parent := user.module.parent(node), ast.Attribute) and parent.attr in keys
            for module in self.program.modules.mentioning((name,))
            for user in module.functions.values()
            if user is not fixture
            and any(parameter.arg == name for parameter in user.parameters)
            and self.program.web.fixture(user, name) is fixture
            for node in user.nodes
            if isinstance(node, ast.Name) and node.id == name
        )
