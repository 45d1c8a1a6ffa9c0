"""The end of the application: its async engines are disposed of.

A sync engine is forgotten with its process. The connections of an async one belong to the event
loop: left open they are closed by a garbage collector that has no loop any more, with warnings,
and aiosqlite's threads may keep the process from ending.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.drivers import in_memory
from codemods.edits.actions import InsertAfter
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.connected import leads_to
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function
from codemods.facts.values import Instance
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.holders import Holder, Holders
from codemods.passes.async_session.engine.startup import Startup
from codemods.passes.async_session.sessions.makers import ENGINE_WORDS, ENGINES
from codemods.plan.draft import Draft
from codemods.plan.generated import import_object
from codemods.plan.lifespans import Start, find_start, make_lifespan

_DISPOSE = "dispose"
#: The URL of a database in memory in a file that is not Python.
_MEMORY_URL = re.compile(r"""sqlite(?:\+\w+)?://(?:/:memory:|/?(?=["'\s]|$))""")


@dataclass(frozen=True)
class _Kept:
    """An engine that lives as long as the application: its name, and how it is reached.

    One that is made ``late`` may be None when the application ends.
    """

    module: Module
    name: str
    expression: str = "{}"
    late: bool = False

    def disposed(self, named: str) -> list[str]:
        """The lines that dispose of it, where it is called ``named``."""
        engine = self.expression.format(named)
        if self.late:
            return [f"if {engine} is not None:", f"    await {engine}.{_DISPOSE}()"]
        return [f"await {engine}.{_DISPOSE}()"]


def edit_disposal(analysis: Analysis, draft: Draft, holders: Holders, startup: Startup) -> None:
    """Dispose of the engines of the application when it ends, and finish its start."""
    start = find_start(analysis.program)
    if isinstance(start, str) or not _is_plain(analysis, start):
        startup.finish(draft)
        return
    engines = [] if _handled(analysis.program) else [*_engines(analysis, holders, start)]
    lines = [
        line for kept in engines for line in kept.disposed(_named(analysis, draft, start, kept))
    ]
    if not lines:
        startup.finish(draft)
    elif start.lifespan is not None:
        startup.finish(draft)
        last = start.lifespan.definition.body[-1]
        draft.edit(start.lifespan.module, last, InsertAfter("\n".join(lines)))
    elif start.handlers:
        startup.finish(draft)
        _handler(draft, start, lines)
    else:
        end = "".join(f"\n    {line}" for line in lines)
        if not startup.finish(draft, start.module, end):
            make_lifespan(draft, start.module, start.calls, f"    yield{end}")


def _is_plain(analysis: Analysis, start: Start) -> bool:
    """Whether a line can stand at the end of the application."""
    if not analysis.program.codebase.editable(start.module.path):
        return False
    if start.lifespan is None:
        return True
    last = start.lifespan.definition.body[-1]
    editable = analysis.program.codebase.editable(start.lifespan.module.path)
    return editable and not isinstance(last, ast.Return | ast.Raise)


def _engines(analysis: Analysis, holders: Holders, start: Start) -> Iterator[_Kept]:
    program = analysis.program
    memory = _told_memory(program)
    for holder in holders.all:
        if holder.kind != "engine" or not holder.needs_async or holder.alias_of is not None:
            continue
        if any(_is_static(call, holder.module) for call in holder.calls) or memory:
            continue
        for named in _holding(program, holder):
            if _is_reached(program, start.module, named.module):
                yield named
    if memory:
        return
    for module in program.modules.mentioning(ENGINE_WORDS):
        if is_migration(module) or program.web.in_tests(module):
            continue
        for word in ENGINE_WORDS:
            for call in module.syntax.calls.get(word, ()):
                kept = _made_in_function(analysis, start, call, module)
                if kept is not None and not _is_static(call, module):
                    yield kept


def _holding(program: Program, holder: Holder) -> Iterator[_Kept]:
    """The names of modules that lead to an engine: its own, its class, or the objects of that."""
    cls, module = holder.scope, holder.module
    if not isinstance(cls, Class):
        yield _Kept(module, holder.name)
    elif cls.bindings.get(holder.name):
        if cls.parent is module.scope:
            yield _Kept(module, cls.name, f"{{}}.{holder.name}", holder.is_late)
    else:
        for other in program.modules.mentioning((cls.name,)):
            if program.web.in_tests(other) or is_migration(other):
                continue
            for name, bindings in other.scope.bindings.items():
                if len(bindings) == 1 and _makes(program, bindings[0], cls, other):
                    yield _Kept(other, name, f"{{}}.{holder.name}", holder.is_late)


def _makes(program: Program, binding: Binding, cls: Class, module: Module) -> bool:
    """Whether a name of a module is bound to an object of a class that is made there."""
    value = binding.value
    return (
        isinstance(value, ast.Call)
        and binding.kind in ("assign", "annotated")
        and any(
            isinstance(made, Instance) and made.cls is cls for made in program.infer(value, module)
        )
    )


def _made_in_function(
    analysis: Analysis, start: Start, call: ast.Call, module: Module
) -> _Kept | None:
    """An engine of the lifespan itself, or one that a function makes once and gives to all."""
    program, function = analysis.program, module.function_of(call)
    if function is None or function in analysis.colours.sync or call in analysis.undriven:
        return None
    if program.outside_name(call.func, module) not in ENGINES:
        return None
    statement = module.parent(call)
    if function is start.lifespan:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if statement in function.definition.body:
                return _Kept(module, name)
        return None
    if function.parent is not module.scope or function.parameters or function.is_async:
        return None
    if not program.instances(program.inference.returned(function), known.ENGINE):
        return None
    if _is_cached(program, function) and _is_reached(program, start.module, module):
        return _Kept(module, function.name, "{}()")
    return None


def _is_cached(program: Program, function: Function) -> bool:
    """Whether a function gives the same engine each time."""
    for decorator in function.definition.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if program.outside_name(called, function.module) in known.CACHES:
            return True
    return any(isinstance(node, ast.Global) for node in function.nodes)


def _is_static(call: ast.Call, module: Module) -> bool:
    """Whether an engine has one connection, which holds a database in memory."""
    return "StaticPool" in module.source(call)


def _told_memory(program: Program) -> bool:
    """Whether the application may be told to keep its database in memory: it would be lost.

    Tests that make an engine of their own tell it nothing.
    """
    for module in program.modules.mentioning(("sqlite",)):
        tests = program.web.in_tests(module)
        for node in module.syntax.parents:
            text = node.value if isinstance(node, ast.Constant) else None
            if not isinstance(text, str) or not text.startswith("sqlite") or not in_memory(text):
                continue
            if isinstance(module.parent(node), ast.JoinedStr | ast.BinOp):
                continue  # the path follows
            if not tests or not _is_own(program, node, module):
                return True
    return any(_MEMORY_URL.search(file.text) for file in program.codebase if not file.is_python)


def _is_own(program: Program, node: ast.AST, module: Module) -> bool:
    """Whether a URL in a test is that of an engine which the test makes."""
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Call):
            return program.outside_name(parent.func, module) in ENGINES
        if isinstance(parent, ast.Assign):
            names = [t.id for t in parent.targets if isinstance(t, ast.Name)]
            uses = [use for name in names for use in module.syntax.references.get(name, ())]
            made = {*_given(program, module)}
            return bool(names) and all(use in made for use in uses if isinstance(use.ctx, ast.Load))
    return False


def _given(program: Program, module: Module) -> Iterator[ast.AST]:
    """What the engines of a module are made with."""
    for word in ENGINE_WORDS:
        for call in module.syntax.calls.get(word, ()):
            if program.outside_name(call.func, module) in ENGINES:
                yield from (node for argument in call.args for node in ast.walk(argument))


def _handled(program: Program) -> bool:
    """Whether the application disposes of engines by itself."""
    return any(
        isinstance(call.func, ast.Attribute)
        and program.instances(program.infer(call.func.value, module), known.ENGINE)
        for module in program.modules.mentioning((_DISPOSE,))
        if not program.web.in_tests(module) and not is_migration(module)
        for call in module.syntax.calls.get(_DISPOSE, ())
    )


def _is_reached(program: Program, home: Module, target: Module) -> bool:
    """Whether the application's module imports another one, at first hand or not, and not back."""
    if home is target:
        return True
    modules = program.modules
    return leads_to(home, target, modules) and not leads_to(target, home, modules)


def _named(analysis: Analysis, draft: Draft, start: Start, kept: _Kept) -> str:
    """What an engine is called where the application ends."""
    home = start.lifespan.module if start.lifespan is not None else start.module
    if kept.module is home:
        return kept.name
    return import_object(analysis.program, draft, home, kept.module.path, kept.name)


def _handler(draft: Draft, start: Start, lines: list[str]) -> None:
    """A shutdown event behind those that are there: what they do may need the database."""
    home = start.module
    statement = home.statement(start.calls[-1])
    assert isinstance(statement, ast.Assign)
    app = ast.unparse(statement.targets[0])
    name = "dispose_of_engines"
    text = "".join(f"\n    {line}" for line in lines)
    place: ast.stmt = statement
    for node in home.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            isinstance(d, ast.Call) and ast.unparse(d.func) == f"{app}.on_event"
            for d in node.decorator_list
        ):
            place = node
    draft.edit(
        home,
        place,
        InsertAfter(f'\n\n@{app}.on_event("shutdown")\nasync def {name}():{text}\n\n'),
    )
