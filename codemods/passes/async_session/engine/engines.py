"""Engines and session factories: their async form, their URL, their arguments."""

from __future__ import annotations

import ast
import json
import re

from packaging.version import Version

from codemods.drivers import (
    DATABASES,
    HELPER_NAME,
    Driver,
    UnsupportedDriverError,
    choose,
    convert,
    database_of,
    in_memory,
    is_async,
    runtime_helper,
)
from codemods.edits.actions import Arguments, InsertAfter, Origin, Rename, Rewrite
from codemods.edits.templates import verbatim
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import Instance
from codemods.facts.versions import Versions
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.holders import Holder, Holders
from codemods.passes.async_session.engine.pools import Pools, with_limits
from codemods.passes.async_session.engine.twins import (
    dispose_beside,
    edit_twins,
    keep_maker,
    make_again,
    owner_of,
    use_twin,
)
from codemods.passes.async_session.sessions.arguments import (
    can_say_pooler,
    edit_arguments,
    pooled,
    says_pooler,
)
from codemods.passes.async_session.sessions.makers import ENGINE_WORDS, ENGINES
from codemods.passes.async_session.sessions.urls import (
    first_piece,
    given_url,
    is_formatted,
    text_of,
    url_of,
)
from codemods.plan.draft import Draft, origin_of
from codemods.plan.generated import import_name, in_quotes_of

_ASYNCIO = "sqlalchemy.ext.asyncio"
#: The pool that async engines refuse; its async form is one of its subclasses.
_BLOCKING_POOL = "QueuePool"
_BLOCKING_POOLS = frozenset(
    f"sqlalchemy.{package}{_BLOCKING_POOL}" for package in ("", "pool.", "pool.impl.")
)
_LITERAL = re.compile(
    r"""(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|")(?P<body>.*)(?P=quote)""", re.S
)


class Engines:
    """Writes the edits of engines and factories of a program."""

    def __init__(
        self, analysis: Analysis, draft: Draft, versions: Versions, holders: Holders
    ) -> None:
        self.analysis = analysis
        self.holders = holders
        self.program: Program = analysis.program
        self.draft = draft
        self.versions = versions
        self.texts: dict[str, str] = {}
        self.drivers: dict[str, Driver] = {}
        #: The engines that become async, as what asks for drivers and for changed URLs.
        self.origins: dict[Origin, None] = {}
        self.test_drivers: dict[str, Driver] = {}
        #: Engines behind a transaction pooler, and what has to be passed to them by hand.
        self.pooled: list[tuple[ast.Call, Module, str]] = []
        self.pools = Pools(analysis, holders)
        #: The calls that make async engines now.
        self.made: set[ast.expr] = set()
        self._changed: set[ast.AST] = set()

    def edit(self) -> None:
        """Find every engine and factory, and write its async form."""
        for module in self.program.modules.mentioning(
            (*ENGINE_WORDS, "sessionmaker", "scoped_session")
        ):
            if is_migration(module):
                continue
            for name, calls in module.syntax.calls.items():
                for call in calls:
                    self._call(name, call, module)
        for holder in self.holders.all:
            if holder.needs_async and holder.needs_sync:
                with self.draft.because(*self._sync_uses(holder)):
                    self._keep_beside(holder)
            if holder.needs_sync and not holder.needs_async:
                self._stay_sync(holder)
        edit_twins(self.analysis, self.draft, self.holders)
        for function, stay in self.holders.kept.items():
            keep_maker(self.draft, function, stay)

    def _sync_uses(self, holder: Holder) -> list[Origin]:
        """What keeps a sync engine or factory beside the async one."""
        why = f"goes on using `{holder.name}` in sync code"
        return [origin_of(one.module, one.node, why) for one in holder.sync]

    def _keep_beside(self, holder: Holder) -> None:
        """Keep the sync engine or factory under a name of its own, and use it in sync code."""
        module = holder.module
        if holder.maker is not None and holder.maker.call not in self._changed:
            self._changed.add(holder.maker.call)
            make_again(self.draft, holder.maker)
        shared = self.pools.shares(holder)
        calls = [] if holder.maker is not None else holder.calls
        for call in [holder.alias_of] if holder.alias_of is not None else calls:
            source = module.source(call)
            if shared is not None:
                source = with_limits(source, shared[1])
                put = tuple((name, str(value)) for name, value in shared[0].keywords().items())
                self.draft.edit(module, call, Arguments((), put))
            for other in holder.makes:
                source = re.sub(rf"\b{re.escape(other.name)}\b", other.twin, source)
            statement = module.statement(call)
            made = f"{owner_of(statement, module)}{holder.twin} = {source}"
            self.draft.edit(module, statement, InsertAfter(made))
        if self.pools.in_service(holder):
            dispose_beside(self.draft, holder)
        for reference in holder.sync:
            use_twin(self.draft, reference.node, reference.module, holder.name, holder.twin)

    def _stay_sync(self, holder: Holder) -> None:
        """What only sync code uses is made with the sync engine that is kept."""
        for part, reference in holder.parts:
            if part.needs_async:
                use_twin(self.draft, reference.node, reference.module, part.name, part.twin)

    def _call(self, name: str, call: ast.Call, module: Module) -> None:
        holder = self.holders.around(call, module)
        if holder is None and module.function_of(call) in self.analysis.colours.sync:
            return
        if holder is not None and not holder.needs_async:
            return
        match self.program.outside_name(call.func, module):
            case name if name in ENGINES:
                origin = origin_of(module, call, "the engine becomes async")
                self.origins[origin] = None
                self.made.add(call)
                with self.draft.because(origin):
                    self._engine(call, module, ENGINES[name])
            case known.SESSIONMAKER:
                with self.draft.because(origin_of(module, call, "its sessions become async")):
                    self._factory(call, module)
            case known.SCOPED_SESSION:
                with self.draft.because(origin_of(module, call, "its sessions become async")):
                    self._scoped(call, module)

    # -- factories ---------------------------------------------------------------------------

    def _factory(self, call: ast.Call, module: Module) -> None:
        keywords = {k.arg: k.value for k in call.keywords if k.arg}
        put = [] if "expire_on_commit" in keywords else [("expire_on_commit", "False")]
        remove = [k for k in ("future",) if k in keywords]
        modern = self.versions.at_least("sqlalchemy", "2.0", module.path)
        if modern:
            self._rename(call, module, "async_sessionmaker")
            if "class_" not in keywords and self._uses_exec(module):
                source = "sqlmodel.ext.asyncio.session"
                put.insert(0, ("class_", self.draft.name_for(module, source, "AsyncSession")))
        elif "class_" not in keywords:
            put.insert(0, ("class_", self.draft.name_for(module, _ASYNCIO, "AsyncSession")))
        if put or remove:
            self.draft.edit(module, call, Arguments(tuple(remove), tuple(put)))

    def _uses_exec(self, module: Module) -> bool:
        return any(site.method == "exec" for site in self.analysis.sites)

    def _scoped(self, call: ast.Call, module: Module) -> None:
        self._rename(call, module, "async_scoped_session")
        keywords = {k.arg for k in call.keywords}
        if "scopefunc" not in keywords and len(call.args) < 2:
            self.draft.add_import(module, "asyncio", "current_task")
            self.draft.edit(module, call, Arguments((), (("scopefunc", "current_task"),)))

    def _rename(self, call: ast.Call, module: Module, name: str) -> None:
        self.draft.add_import(module, _ASYNCIO, name)
        if isinstance(call.func, ast.Name):
            self.draft.edit(module, call.func, Rename(name))
            # The import may stand within the function, or around it.
            scope = module.scope_of(call.func).lookup(call.func.id)
            for binding in scope.bindings.get(call.func.id, ()) if scope else ():
                statement = module.parent(binding.node)
                if isinstance(statement, ast.ImportFrom) and isinstance(binding.node, ast.alias):
                    self.draft.drop_import(module, statement.module or "", binding.node.name)
        else:
            self.draft.edit(module, call.func, Rewrite(name))

    # -- engines -----------------------------------------------------------------------------

    def _engine(self, call: ast.Call, module: Module, name: str) -> None:
        self._rename(call, module, name)
        given = given_url(self.program, call, module)
        url = given if isinstance(given, ast.expr) else None
        holder = self.holders.by_call.get(call)
        function = module.function_of(call)
        twin = holder is not None and (holder.needs_sync or function in self.holders.kept)
        driver, memory = (None, False)
        if url is not None:
            driver, memory = self._url(url, module, in_place=not twin)
        elif isinstance(given, str):
            self._configured(call, module, given)
        text = url_of(self.program, url, module) if url is not None else None
        likely = driver or self._likely(text, module)
        if likely is not None:
            edit_arguments(self.draft, call, module, likely, memory=memory, url=text or "")
            self._pooler(call, module, likely, text)
        self._pool_classes(call, module)
        if driver is not None and driver.name == "asyncpg":
            self._pool_for_tests(call, module)

    def _pool_classes(self, call: ast.Call, module: Module) -> None:
        """Pools that async engines refuse, where the call decides on one or is given options."""
        given = {k.arg: k.value for k in call.keywords}
        places: list[ast.AST] = []
        if isinstance(given.get("poolclass"), ast.IfExp):
            places += ast.walk(given["poolclass"])
        if None in given:
            places += module.syntax.references.get(_BLOCKING_POOL, ())
        for node in places:
            if not isinstance(node, ast.Name | ast.Attribute) or node in self._changed:
                continue
            if self.program.outside_name(node, module) in _BLOCKING_POOLS:
                self._changed.add(node)
                name = self.draft.add_import(
                    module, "sqlalchemy.pool", f"AsyncAdapted{_BLOCKING_POOL}"
                )
                self.draft.edit(module, node, Rewrite(name))

    def _likely(self, text: str | None, module: Module) -> Driver | None:
        """The driver of a URL that is known at run time only, where there is not much choice."""
        drivers = self._drivers_for(module)
        database = database_of(text) if text else None
        if database is not None:
            return drivers.get(database.name)
        declared = self.versions.databases(module.path) - {"sqlite"}
        return drivers.get(next(iter(declared))) if len(declared) == 1 else None

    def _pooler(self, call: ast.Call, module: Module, driver: Driver, text: str | None) -> None:
        """Remember an engine behind a pooler that could not be told so."""
        if driver.database != "postgresql" or says_pooler(call, driver):
            return
        why = pooled(self.program, text, module)
        if why and (text is None or not can_say_pooler(call)):
            self.pooled.append(
                (call, module, f"{why}: pass `connect_args={driver.pooler_arguments}`")
            )

    def _pool_for_tests(self, call: ast.Call, module: Module) -> None:
        """asyncpg's connections belong to one event loop, and each test has its own."""
        keywords = {k.arg for k in call.keywords}
        if self.program.web.in_tests(module) and "poolclass" not in keywords:
            name = self.draft.add_import(module, "sqlalchemy.pool", "NullPool")
            self.draft.edit(module, call, Arguments((), (("poolclass", name),)))

    # -- URLs --------------------------------------------------------------------------------

    def _drivers_for(self, module: Module) -> dict[str, Driver]:
        version = self.versions.of("sqlalchemy", module.path) or Version("2.0.38")
        override = dict(self.analysis.options.driver)
        found = {}
        for database in DATABASES:
            try:
                found[database.name] = choose(database.name, version, override.get(database.name))
            except UnsupportedDriverError:
                if database.name in override:
                    raise
        return found

    def _use(self, driver: Driver, module: Module) -> None:
        where = self.test_drivers if self.program.web.in_tests(module) else self.drivers
        where[driver.database] = driver

    def _url(self, node: ast.expr, module: Module, *, in_place: bool) -> tuple[Driver | None, bool]:
        """Convert the URL that an engine is made with; gives its driver where that is known.

        ``in_place`` says that nobody else needs the old URL.
        """
        literal = text_of(node, module)
        if literal is not None:
            return self._literal(node, module, literal)
        if isinstance(node, ast.Name | ast.Attribute):
            found = self.program.definition(node, module)
            if found is not None:
                text = text_of(found[0], found[1])
                if text is not None and in_place and self._only_engines(node, found, module):
                    return self._literal(*found, text)
                if text is not None and is_async(text):
                    return self._literal(*found, text)
            assigned = self._assigned_here(node, module)
            if assigned is not None and (text := text_of(assigned, module)) is not None:
                return self._literal(assigned, module, text)
        if (scheme := self._scheme(node, module)) and is_async(scheme):
            database = database_of(scheme)
            driver = self._drivers_for(module).get(database.name) if database else None
            if driver is not None:
                self._use(driver, module)
            return driver, False
        return self._at_run_time(node, module)

    def _literal(self, node: ast.expr, module: Module, text: str) -> tuple[Driver | None, bool]:
        edit = convert(text, self._drivers_for(module))
        if edit is None:
            known_later = "://" not in text or is_formatted(text)
            return self._at_run_time(node, module) if known_later else (None, False)
        if edit.driver is not None:
            self._use(edit.driver, module)
        if edit.text != text and node not in self._changed:
            self._changed.add(node)
            first = first_piece(node)
            source = module.source(first)
            # In several parts, the text stands nowhere as a whole.
            whole = text in source or is_formatted(text)
            source = source.replace(text, edit.text, 1) if whole else json.dumps(edit.text)
            self.draft.edit(module, first, Rewrite(verbatim(source)))
        return edit.driver, in_memory(edit.text)

    @staticmethod
    def _assigned_here(node: ast.expr, module: Module) -> ast.expr | None:
        """What an attribute of something unknown was set to just before (``mod.url = "..."``)."""
        function = module.function_of(node)
        if function is None or not isinstance(node, ast.Attribute):
            return None
        text = ast.unparse(node)
        found = [
            statement.value
            for statement in ast.walk(function.definition)
            if isinstance(statement, ast.Assign)
            and statement.lineno < node.lineno
            and [ast.unparse(t) for t in statement.targets] == [text]
        ]
        return found[0] if len(found) == 1 else None

    def _only_engines(self, node: ast.expr, found: tuple[ast.expr, Module], module: Module) -> bool:
        """Whether a variable that holds a URL is read for async engines only."""
        binding = self.program.binding(node, module)
        if binding is None:
            return False
        name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
        for other in self.program.modules.mentioning((name,)):
            for reference in other.syntax.references.get(name, ()):
                seen = self.program.binding(reference, other)
                if seen is None or seen[0] is not binding[0]:
                    continue
                parent = other.parent(reference)
                if isinstance(parent, ast.keyword):
                    parent = other.parent(parent)
                if not (
                    isinstance(parent, ast.Call)
                    and self.program.outside_name(parent.func, other) == "sqlalchemy.create_engine"
                    and not is_migration(other)
                ):
                    return False
        return True

    def _scheme(self, node: ast.expr, module: Module) -> str:
        """The scheme of a URL that a property of the settings builds, if it is written there."""
        if isinstance(node, ast.Call) and len(node.args) == 1:
            node = node.args[0]
        if not isinstance(node, ast.Attribute):
            return ""
        for value in self.program.infer(node.value, module):
            for found in self._properties(value, node.attr):
                for inner in ast.walk(found.definition):
                    if (
                        isinstance(inner, ast.keyword)
                        and inner.arg in ("scheme", "drivername")
                        and isinstance(inner.value, ast.Constant)
                    ):
                        return str(inner.value.value)
        return ""

    def _properties(self, value: object, name: str) -> list[Function]:
        if not isinstance(value, Instance) or not isinstance(value.cls, Class):
            return []
        found = []
        for binding in value.cls.bindings.get(name, ()):
            if binding.kind == "def":
                found.append(value.cls.module.functions[binding.node])
        return found

    def _at_run_time(self, node: ast.expr, module: Module) -> tuple[Driver | None, bool]:
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(HELPER_NAME):
            return None, False
        if self.program.web.in_tests(module) and (shared := self._helper_elsewhere(module)):
            self.draft.edit(module, node, Rewrite(f"{HELPER_NAME}({{self}})"))
            self.draft.add_import(module, shared, HELPER_NAME)
            return None, False
        self.draft.edit(module, node, Rewrite(f"{HELPER_NAME}({{self}})"))
        self._import_helper(module)
        return None, False

    def _import_helper(self, module: Module) -> None:
        """Import the function that converts a URL, which is made beside the engine."""
        drivers = self._drivers_for(module)
        dotted = self._helper_module(module, drivers)
        self.draft.add_import(module, dotted, HELPER_NAME)
        if self.versions.declared(module.path).manifests:
            # A database that has no async driver for this SQLAlchemy keeps its own.
            declared = self.versions.databases(module.path) | self._named() or {"sqlite"}
            for name in sorted(drivers.keys() & declared):
                self._use(drivers[name], module)

    def _configured(self, call: ast.Call, module: Module, source: str) -> None:
        """The URL of ``engine_from_config``: given by itself, it goes before the configured one."""
        self.draft.edit(module, call, Arguments((), (("url", f"{HELPER_NAME}({source})"),)))
        self._import_helper(module)

    def _named(self) -> set[str]:
        """The databases that the application names itself, such as a default for development."""
        return {
            database.name
            for module in self.program.modules
            if "://" in module.file.text
            and not self.program.web.in_tests(module)
            and not is_migration(module)
            for node in module.syntax.parents
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if "://" in node.value and (database := database_of(node.value)) is not None
        }

    def _helper_elsewhere(self, module: Module) -> str:
        """The helper's module as a test imports it, where the application has one already."""
        for path in self.texts:
            folder = path.rpartition("/")[0]
            for statement in ast.walk(module.tree):
                if not isinstance(statement, ast.ImportFrom):
                    continue
                dotted = statement.module or ""
                target = self.program.modules.resolve(module, dotted, statement.level)
                if target is None:
                    continue
                if target.folder == folder and not target.is_package:
                    dots = "." * statement.level
                    package = dotted.rpartition(".")[0]
                    return f"{dots}{package}{'.' if package else ''}{HELPER_NAME}"
                # From where the test imports another part of the application, by its full path.
                stem = target.path.removesuffix(".py").removesuffix("/__init__")
                root = stem.removesuffix(dotted.replace(".", "/"))
                if not statement.level and root != stem and path.startswith(root):
                    return path.removeprefix(root).removesuffix(".py").replace("/", ".")
        return ""

    def _helper_module(self, module: Module, drivers: dict[str, Driver]) -> str:
        """The module beside the engine that holds the function; its dotted name as imported."""
        folder = module.folder
        path = f"{folder}/{HELPER_NAME}.py" if folder else f"{HELPER_NAME}.py"
        wanted = self.versions.possible_databases(module.path)
        text = runtime_helper({n: d for n, d in drivers.items() if n in wanted})
        self.texts[path] = in_quotes_of(module, text)
        return import_name(self.program, module, path)
