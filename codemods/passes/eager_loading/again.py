"""The edits by which objects are read again: behind a commit, a rollback, in front of a reader."""

from __future__ import annotations

import ast
from collections import defaultdict

from codemods.edits import AddParameter, InsertAfter, InsertBefore, ReplaceStatement, Rewrite
from codemods.facts import Program
from codemods.facts.syntax import Class, Function
from codemods.passes.eager_loading.between import Between
from codemods.passes.eager_loading.commits import Stale
from codemods.passes.eager_loading.expiries import Expired
from codemods.passes.eager_loading.reloads import Reload, Spot
from codemods.passes.eager_loading.render import (
    Renderer,
    continued,
    primary_key,
    repeats,
    tree_of,
    unused,
)
from codemods.passes.eager_loading.rereads import Reread
from codemods.passes.eager_loading.ways import Path
from codemods.passes.eager_loading.written import Edits

_BETWEEN = '''\
@{fixture}(autouse=True)
def {name}({parameter}){returns}:
    """Reads again, before each test, what another one has expired."""
    for instance in list({session}):
        if {inspect}(instance).expired:
            {session}.get(type(instance), {inspect}(instance).identity)'''


class ReadAgain(Edits):
    """Writes how objects are read again. Raises ``NoName`` where a class can't be named."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.asked: dict[Function, set[str]] = defaultdict(set)

    # -- reloads -----------------------------------------------------------------------------

    def reload(self, reload: Reload) -> None:
        """A new object is read again, with what is read of it."""
        spot = reload.spot
        module, name = spot.function.module, spot.name
        renderer = Renderer(self.program, module)
        root = renderer.name(reload.entity)
        keys = [f"{name}.{key}" for key in primary_key(reload.entity, self.program)]
        identity = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        paths = continued(reload.entity, reload.paths, self.program)
        tree = tree_of((path, False) for path in paths)
        renderer.held = repeats(reload.entity, tree, self.program)
        options = ", ".join(renderer.options(reload.entity, root, tree))
        if renderer.held:
            # Reading everything anew would unload an object that is met twice on the way.
            self._reselect(reload, root, keys, options, renderer)
            return
        text = (
            f"{spot.session}.get({root}, {identity}, options=[{options}], populate_existing=True)"
        )
        self._place(spot, text, renderer)

    def _reselect(
        self, reload: Reload, root: str, keys: list[str], options: str, renderer: Renderer
    ) -> None:
        """What is known of the object is forgotten, then a query loads all that is read.

        Where something could be unsaved, ``refresh`` saves it first.
        """
        spot, name = reload.spot, reload.spot.name
        select = renderer.callable("select", "sqlalchemy", "sqlmodel")
        where = ", ".join(f"{root}.{key.partition('.')[2]} == {key}" for key in keys)
        query = f"{select}({root}).options({options}).where({where})"
        free = unused(("query", "statement", f"{name}_query"), spot.function)
        if spot.stored and free:
            text = (
                f"{free} = {query}\n{spot.session}.expire({name})\n"
                f"{spot.session}.execute({free}).scalar_one()"
            )
        else:
            text = f"{spot.session}.refresh({name})\n{spot.session}.execute({query}).scalar_one()"
        self._place(spot, text, renderer)

    def _place(self, spot: Spot, text: str, renderer: Renderer) -> None:
        """Write what reads an object again where that has to happen."""
        module, name = spot.function.module, spot.name
        self._import(module, renderer.imports)
        text = _guarded(text, name) if spot.guard else text
        if spot.replaces:
            self._add(module, spot.statement, ReplaceStatement(text))
        elif spot.before:
            self._add(module, spot.statement, InsertBefore(text))
        elif isinstance(spot.statement, ast.Return):
            template = f"{name} = {{value}}\n{text}\nreturn {name}"
            self._add(module, spot.statement, ReplaceStatement(template))
        else:
            self._add(module, spot.statement, InsertAfter(text))

    def expired(self, expired: Expired) -> None:
        """What has expired is read again, in front of its first reader."""
        module = expired.function.module
        renderer = Renderer(self.program, module, held=True)
        item = _element(expired.name, expired.function) if expired.each else expired.name
        lines = self._read_again(expired, item, renderer)
        tests = [f"{item} is not None"] if expired.guard else []
        if expired.asks:
            # An UPDATE expires single attributes, a rollback the whole object.
            state = "expired_attributes" if expired.event.kind == "update" else "expired"
            tests.append(f"{renderer.callable('inspect', 'sqlalchemy')}({item}).{state}")
        if tests:
            lines = [f"if {' and '.join(tests)}:", *(f"    {line}" for line in lines)]
        if expired.each:
            lines = [f"for {item} in {expired.name}:", *(f"    {line}" for line in lines)]
        self._import(module, renderer.imports)
        self._session_parameter(expired)
        insert = InsertBefore if expired.before else InsertAfter
        self._add(module, expired.statement, insert("\n".join(lines)))

    def _session_parameter(self, expired: Expired | Reread) -> None:
        """A test asks for the session of its fixture's object."""
        function, name = expired.function, expired.session
        if not name.isidentifier() or name in function.bindings or name in self.asked[function]:
            return
        if self.program.web.fixture(function, name) is not None:
            self.asked[function].add(name)
            self._add(function.module, function.definition, AddParameter(name))

    def _read_again(self, expired: Expired, item: str, renderer: Renderer) -> list[str]:
        """The columns of an object, and the relationships that are read of it."""
        session = expired.session
        attributes = f", {expired.attributes}" if expired.attributes else ""
        lines = [f"{session}.refresh({item}{attributes})"]
        if expired.paths and not (expired.attributes and _are_flat(expired.paths)):
            [entity, *_] = expired.entities
            lines.append(self._load(session, item, entity, expired.paths, renderer))
        return lines

    def _load(
        self, session: str, item: str, entity: Class, paths: set[Path], renderer: Renderer
    ) -> str:
        """A call that loads relationships of an object, and leaves the rest of it as it is."""
        if _are_flat(paths):
            listed = ", ".join(f'"{name}"' for name in sorted(path[0] for path in paths))
            return f"{session}.refresh({item}, [{listed}])"
        root = renderer.name(entity)
        keys = primary_key(entity, self.program)
        options = renderer.options(entity, root, tree_of((path, False) for path in paths))
        select = renderer.callable("select", "sqlalchemy", "sqlmodel")
        where = ", ".join(f"{root}.{key} == {item}.{key}" for key in keys)
        query = f"{select}({root}).options({', '.join(options)}).where({where})"
        return f"{session}.execute({query}).scalar_one()"

    def reread(self, reread: Reread) -> None:
        """Relationships are loaded in front of their reader."""
        module = reread.function.module
        renderer = Renderer(self.program, module, held=True)
        item = _element(reread.name, reread.function) if reread.each else reread.name
        lines = [self._load(reread.session, item, reread.entity, reread.paths, renderer)]
        tests = [f"{item} is not None"] if reread.guard else []
        if reread.asks:
            tests.append(f"{renderer.callable('inspect', 'sqlalchemy')}({item}).persistent")
        if tests:
            lines = [f"if {' and '.join(tests)}:", *(f"    {line}" for line in lines)]
        if reread.each:
            lines = [f"for {item} in {reread.name}:", *(f"    {line}" for line in lines)]
        if reread.value is not None:
            lines.insert(0, f"{item} = {module.source(reread.value)}")
            self._add(module, reread.value, Rewrite(item))
        self._import(module, renderer.imports)
        self._session_parameter(reread)
        self._add(module, reread.statement, InsertBefore("\n".join(lines)))

    def stale(self, stale: Stale) -> None:
        """A refresh behind a commit."""
        method = "expire" if stale.expire else "refresh"
        text = f"{stale.session}.{method}({stale.name})"
        if stale.each:
            item = _element(stale.name, stale.function)
            text = f"for {item} in {stale.name}:\n    {stale.session}.{method}({item})"
        elif stale.guard:
            text = f"if {stale.name} is not None:\n    {text}"
        self._add(stale.function.module, stale.statement, InsertAfter(text))

    def between(self, between: Between) -> None:
        """A fixture beside that of the session, which every test gets."""
        module = between.session.module
        renderer = Renderer(self.program, module)
        [decorator, *_] = (
            one for one in between.session.definition.decorator_list if isinstance(one, ast.Call)
        )
        text = _BETWEEN.format(
            fixture=module.source(decorator.func),
            name=between.name,
            parameter=self._parameter(between),
            session=between.parameter.arg,
            returns=" -> None" if between.session.definition.returns is not None else "",
            inspect=renderer.callable("inspect", "sqlalchemy"),
        )
        self._import(module, renderer.imports)
        self._add(module, between.session.definition, InsertAfter(text))

    @staticmethod
    def _parameter(between: Between) -> str:
        """The session as a parameter, annotated as the module annotates it."""
        name, module = between.parameter.arg, between.session.module
        for function in module.functions.values():
            for parameter in function.parameters:
                if parameter.arg == name and parameter.annotation is not None:
                    return f"{name}: {module.source(parameter.annotation)}"
        return name


def _guarded(text: str, name: str) -> str:
    """Statements for an object that can be None."""
    return f"if {name} is not None:\n" + "\n".join(f"    {line}" for line in text.split("\n"))


def _are_flat(paths: set[Path]) -> bool:
    """Whether only relationships of the object itself are read."""
    return all(len(path) == 1 for path in paths)


def _element(name: str, function: Function) -> str:
    word = name[:-1] if name.endswith("s") and len(name) > 2 else f"one_{name}"
    used = set(function.bindings)
    return word if word not in used else f"each_{word}"
