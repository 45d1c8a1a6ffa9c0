"""The start and the end of the application: what is entered before its first request.

An object that is entered for the life of the application goes innermost, right around the
``yield`` of its lifespan: it ends before engines and clients are closed.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from codemods.edits.actions import Arguments, InsertAfter, InsertBefore, ReplaceStatement
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue
from codemods.plan.draft import Draft
from codemods.plan.generated import import_object

#: The first version of FastAPI that runs what ``lifespan=`` gives.
_LIFESPAN = "0.93"


@dataclass(frozen=True)
class Start:
    """Where the one application of the code base starts.

    ``calls`` make the application, all of them for the same variable. What is entered goes into
    ``lifespan`` where there is one; with ``handlers`` beside start-up and shutdown events, which
    a lifespan would switch off; otherwise into a new lifespan.
    """

    module: Module
    calls: tuple[ast.Call, ...]
    lifespan: Function | None = None
    handlers: bool = False


def find_start(program: Program) -> Start | str:
    """Where the application starts, or why something can't be entered there."""
    found = [made for made in _applications(program) if not _is_mounted(program, *made)]
    if not found:
        return "no application was found in whose lifespan it could be waited for"
    modules = {module for module, _ in found}
    calls = tuple(call for _, call in found)
    module = found[0][0]
    if len(modules) > 1 or not (len(calls) == 1 or one_name(module, calls)):
        return "there are several applications, which start and end by themselves"
    if any(keyword.arg is None for call in calls for keyword in call.keywords):
        return (
            "the arguments of the application are not written out, a lifespan could be among them"
        )
    keywords = {k.arg: k.value for call in calls for k in call.keywords}
    if "lifespan" in keywords:
        function = lifespan_of(program, calls[0], module)
        if function is None or not _can_be_wrapped(function):
            return "the lifespan of the application is not a function with a plain yield"
        return Start(module, calls, function)
    if "on_startup" in keywords or "on_shutdown" in keywords:
        return "the application has lists of functions for its start and its end"
    if any(map(has_handlers, _with_events(program))) or _is_older(program, module):
        if not isinstance(module.statement(calls[-1]), ast.Assign):
            return "the application is not assigned to a name"
        return Start(module, calls, handlers=True)
    return Start(module, calls)


def enter(program: Program, draft: Draft, start: Start, path: str, name: str) -> None:
    """Enter the object ``name`` of the module at ``path`` for the life of the application."""
    if start.lifespan is not None:
        _wrap(program, draft, start.lifespan, path, name)
        return
    home = start.module
    name = import_object(program, draft, home, path, name)
    if start.handlers:
        statement = home.statement(start.calls[-1])
        assert isinstance(statement, ast.Assign)
        app = ast.unparse(statement.targets[0])
        lines = [
            f'{app}.router.add_event_handler("startup", {name}.open)',
            f'{app}.router.add_event_handler("shutdown", {name}.close)',
        ]
        _after_imports(draft, home, statement, "\n".join(lines))
        return
    make_lifespan(draft, home, start.calls, f"    async with {name}:\n        yield")


def _after_imports(draft: Draft, home: Module, statement: ast.stmt, lines: str) -> None:
    """Put lines behind a statement, and behind imports further down: theirs can stand there."""
    body = home.tree.body
    later = [s for s in body if isinstance(s, ast.Import | ast.ImportFrom)]
    last = later[-1] if later else statement
    if statement not in body or last.lineno < statement.lineno:
        draft.edit(home, statement, InsertAfter(lines))
        return
    following = body[body.index(last) + 1 :]
    if following:
        draft.edit(home, following[0], InsertBefore(lines))
    else:
        draft.append(home, lines)


def make_lifespan(draft: Draft, home: Module, calls: Sequence[ast.Call], body: str) -> None:
    """A new lifespan with ``body`` before the application, and given to it."""
    lifespan = "lifespan" if "lifespan" not in home.scope.bindings else "app_lifespan"
    asynccontextmanager = draft.add_import(home, "contextlib", "asynccontextmanager")
    iterator = draft.add_import(home, "collections.abc", "AsyncIterator")
    fastapi = home.source(calls[0].func)
    draft.edit(
        home,
        top_level(home, calls[0]),
        InsertBefore(
            f"\n\n@{asynccontextmanager}\n"
            f"async def {lifespan}(app: {fastapi}) -> {iterator}[None]:\n{body}\n\n\n"
        ),
    )
    for call in calls:
        draft.edit(home, call, Arguments((), (("lifespan", lifespan),)))


def _wrap(program: Program, draft: Draft, lifespan: Function, path: str, name: str) -> None:
    module = lifespan.module
    name = import_object(program, draft, module, path, name)
    for node in lifespan.yields:
        statement = module.statement(node)
        draft.edit(module, statement, ReplaceStatement(f"async with {name}:\n    {{self}}"))


def is_entered(program: Program, start: Start, name: str, path: str) -> bool:
    """Whether the object ``name`` of the module at ``path`` is entered there already."""
    where = start.lifespan.definition if start.lifespan is not None else start.module.tree
    module = start.lifespan.module if start.lifespan is not None else start.module
    for node in ast.walk(where):
        if isinstance(node, ast.Name):
            home = program.home(node, module)
            if home is not None and home[0].module.path == path and home[1] == name:
                return True
    return False


def _applications(program: Program) -> list[tuple[Module, ast.Call]]:
    return [
        (module, call)
        for module in program.modules.mentioning(("FastAPI",))
        if not program.web.in_tests(module)
        for call in module.syntax.calls.get("FastAPI", ())
        if program.outside_name(call.func, module) == known.FASTAPI
    ]


def _is_mounted(program: Program, home: Module, call: ast.Call) -> bool:
    """Whether another application mounts this one: then its own lifespan never runs."""
    for module in program.modules.mentioning(("mount", "Mount")):
        for name in ("mount", "Mount"):
            for mount in module.syntax.calls.get(name, ()):
                for argument in (*mount.args, *(k.value for k in mount.keywords)):
                    found = program.definition(argument, module)
                    if argument is call or (found is not None and found[0] is call):
                        return True
    return False


def one_name(module: Module, calls: Sequence[ast.Call]) -> bool:
    """Whether all calls make the same module-level variable."""
    names = set()
    for call in calls:
        statement = module.statement(call)
        if not isinstance(statement, ast.Assign) or module.function_of(call) is not None:
            return False
        names |= {ast.unparse(target) for target in statement.targets}
    return len(names) == 1


def top_level(module: Module, node: ast.AST) -> ast.stmt:
    """The statement of the module's body that holds a node."""
    statement = module.statement(node)
    for parent in module.ancestors(node):
        if isinstance(parent, ast.stmt):
            statement = parent
    return statement


def has_handlers(module: Module) -> bool:
    """Whether a module registers a start-up or shutdown event."""
    return "on_event" in module.syntax.calls or "add_event_handler" in module.syntax.calls


def _with_events(program: Program) -> list[Module]:
    return program.modules.mentioning(("on_event", "add_event_handler"))


def lifespan_of(program: Program, call: ast.Call, home: Module) -> Function | None:
    """The function that an application is given as its lifespan."""
    for keyword in call.keywords:
        if keyword.arg == "lifespan":
            for value in program.infer(keyword.value, home):
                if isinstance(value, FunctionValue) and value.function.is_async:
                    return value.function
    return None


def runs_once(program: Program, function: Function) -> bool:
    """Whether a function is a lifespan, or a handler of an application's start or end."""
    module = function.module
    for decorator in function.definition.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="on_event", value=owner)):
                if program.is_a(owner, module, known.FASTAPI):
                    return True
    return any(
        lifespan_of(program, call, home) is function for home, call in _applications(program)
    )


def _can_be_wrapped(function: Function) -> bool:
    module = function.module
    return bool(function.yields) and all(
        isinstance(node, ast.Yield) and isinstance(module.parent(node), ast.Expr)
        for node in function.yields
    )


def _is_older(program: Program, module: Module) -> bool:
    return program.versions.below("fastapi", _LIFESPAN, module.path)
