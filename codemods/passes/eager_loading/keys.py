"""Objects of fixtures of which tests read nothing but the primary key.

A commit expires them, too. But the key is known since the flush and never changes: there is nothing
to read again.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cached_property

from codemods.facts import Program
from codemods.facts.by_name import ASKING
from codemods.facts.syntax import Class, Function
from codemods.passes.eager_loading.render import primary_key


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
