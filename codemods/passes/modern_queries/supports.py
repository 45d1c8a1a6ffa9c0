"""What rewritten mocks need in their module: imports of entities, and ``about()``."""

from __future__ import annotations

import ast
from collections import defaultdict

from codemods.edits import Import
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.facts.values import ClassValue
from codemods.passes.modern_queries.forms import Form
from codemods.passes.modern_queries.mocked import Mocked
from codemods.passes.modern_queries.mocks import Mocks

#: Tells the calls of a mocked session apart by what their statement is about.
_ABOUT = '''
def about(method, *entities):
    """The calls of a mocked session's method with a statement about one of the entities."""
    tables = [entity.__table__.fullname for entity in entities]
    told = getattr(method.side_effect, "told", {})
    calls = told[tables[0]] if tables[0] in told else MagicMock()
    told = {**told, **dict.fromkeys(tables, calls)}

    def answer(statement, *args, **kwargs):
        if isinstance(statement, type):
            statement = statement.__table__
        froms = statement.get_final_froms() if isinstance(statement, Select) else [statement]
        for element in visitors.iterate(froms[0]):
            table = getattr(element, "table", element)
            if isinstance(table, Table):
                known = table.fullname in told
                return told[table.fullname](statement, *args, **kwargs) if known else DEFAULT
        return DEFAULT

    answer.told = told
    method.side_effect = answer
    return calls
'''

#: What it uses.
_USED = (
    Import("unittest.mock", "DEFAULT"),
    Import("unittest.mock", "MagicMock"),
    Import("sqlalchemy", "Table"),
    Import("sqlalchemy.sql", "Select"),
    Import("sqlalchemy.sql", "visitors"),
)


class Supports:
    """Rewrites the mocks of a program, with what they need."""

    def __init__(self, program: Program, mocked: Mocked, forms: list[Form]) -> None:
        self.program = program
        self.forms = forms
        self.mocks = Mocks(program, mocked, forms, self._entity)
        self._imports: dict[Module, dict[Import, None]] = defaultdict(dict)

    def edit(self) -> None:
        """Rewrite what has a counterpart."""
        self.mocks.edit()

    def imports(self, module: Module) -> tuple[Import, ...]:
        """The imports that a module needs."""
        needed = self._imports.get(module, {})
        if module not in self.mocks.helped:
            return ()
        return (*needed, *_USED)

    def after_imports(self, module: Module) -> tuple[str, ...]:
        """What is put behind the imports of a module."""
        return (_ABOUT.strip("\n"),) if module in self.mocks.helped else ()

    def _entity(self, module: Module, entity: Class) -> str:
        """The name of an entity in a module of the tests, "" where it can't have one."""
        known = self.program.inference.name(entity.name, module.scope)
        if known:
            return entity.name if known == frozenset((ClassValue(entity),)) else ""
        if entity.name in module.scope.bindings:
            return ""
        for form in self.forms:
            source = self._imported(form, entity)
            if source:
                self._imports[module][Import(source, entity.name)] = None
                return entity.name
        return ""

    def _imported(self, form: Form, entity: Class) -> str:
        """The module that a module of the application imports an entity from."""
        if form.function is None:
            return ""
        module = form.function.module
        means = self.program.inference.name(entity.name, module.scope)
        if means != frozenset((ClassValue(entity),)):
            return ""
        for node in module.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    if alias.name == entity.name and alias.asname is None:
                        return node.module
        return ""
