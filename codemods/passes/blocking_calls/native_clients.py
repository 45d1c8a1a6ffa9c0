"""Clients that have an async twin: those of one block, and those of a module."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Await, MakeAsync, Rename, Rewrite
from codemods.facts import Program
from codemods.facts.async_forms import (
    CLIENT_ARGUMENTS,
    CLIENT_ATTRIBUTES,
    REQUEST_ARGUMENTS,
    AsyncForm,
)
from codemods.facts.modules import Module
from codemods.passes.blocking_calls import clients
from codemods.passes.blocking_calls.natives import CLIENT, Added, Change, Context, Native
from codemods.passes.blocking_calls.sites import Site

_CLIENT = "httpx.Client"
#: What makes a client of a module, and the class of its twin.
_MAKERS = {
    _CLIENT: ("httpx", "AsyncClient", CLIENT_ARGUMENTS),
    "redis.Redis": (
        "redis.asyncio",
        "Redis",
        frozenset(
            """host port db username password decode_responses encoding socket_timeout
            socket_connect_timeout max_connections ssl client_name protocol""".split()
        ),
    ),
    "redis.StrictRedis": ("redis.asyncio", "Redis", frozenset("host port db password".split())),
    "redis.from_url": (
        "redis.asyncio",
        "from_url",
        frozenset("decode_responses encoding socket_timeout max_connections".split()),
    ),
}
#: Calls that look something up, or replace it, by the name that they are given.
_BY_NAME = frozenset("getattr setattr delattr patch object setitem".split())
#: The first version of redis whose async client has ``aclose``.
_CLOSING = {"redis": "5.0.1"}


def block(context: Context, site: Site, form: AsyncForm) -> Native | None:
    """``with httpx.Client() as client`` becomes ``async with httpx.AsyncClient() as client``."""
    if _holder(context, site) is None:
        return shared(context, site, form)
    found = _holder(context, site)
    assert found is not None
    statement, made, name = found
    module = site.module
    if not _takes(made, CLIENT_ARGUMENTS) or len(statement.items) > 1:
        return None
    used = list(_uses(context, site, statement, name))
    if any(one is None for one in used):
        return None
    calls = tuple(one.call for one in used if one is not None)
    if not all(is_plain_request(context, context.sites[call]) for call in calls):
        return None
    changes = [
        Change(module, made, Rename("AsyncClient")),
        Change(module, statement, MakeAsync()),
        *(Change(module, call, Await()) for call in calls),
    ]
    imports, drops = _renamed(made, module)
    return Native(form, calls, tuple(changes), imports, drops)


def _holder(context: Context, site: Site) -> tuple[ast.With, ast.Call, str] | None:
    """The with statement that makes the client of a site, the call that makes it, and its name."""
    func = site.call.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return None
    name = func.value.id
    bindings = site.function.bindings.get(name, [])
    if len(bindings) != 1 or bindings[0].kind != "with":
        return None
    made = bindings[0].value
    if (
        not isinstance(made, ast.Call)
        or context.program.outside_name(made.func, site.module) != _CLIENT
    ):
        return None
    item = site.module.parent(made)
    statement = site.module.parent(item) if isinstance(item, ast.withitem) else None
    return (statement, made, name) if isinstance(statement, ast.With) else None


def _takes(made: ast.Call, names: frozenset[str]) -> bool:
    """Whether the twin takes the arguments of a call as they are."""
    return not made.args and all(keyword.arg in names for keyword in made.keywords)


def _uses(context: Context, site: Site, statement: ast.With, name: str) -> Iterator[Site | None]:
    """The sites that use a client by its name; None for a use that can't become async."""
    module = site.module
    for node in site.function.nodes:
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        parent = module.parent(node)
        if not any(above is statement for above in module.ancestors(node)) or not isinstance(
            parent, ast.Attribute
        ):
            yield None
        elif parent.attr not in CLIENT_ATTRIBUTES:
            outer = module.parent(parent)
            yield context.sites.get(outer) if isinstance(outer, ast.Call) else None


def is_plain_request(context: Context, site: Site) -> bool:
    """Whether a request has only arguments that both colours take, and none that it reads from."""
    for keyword in site.call.keywords:
        if keyword.arg not in REQUEST_ARGUMENTS:
            return False
        if keyword.arg in ("content", "data") and not (
            isinstance(keyword.value, ast.Dict)
            or context.program.is_a(keyword.value, site.module, "builtins.str", "builtins.bytes")
        ):
            return False
    return not any(isinstance(argument, ast.Starred) for argument in site.call.args)


def _renamed(made: ast.Call, module: Module) -> tuple[tuple[Added, ...], tuple[Added, ...]]:
    """The imports for ``AsyncClient`` where ``Client`` was imported by its name."""
    if isinstance(made.func, ast.Attribute):
        return (), ()
    return (Added(module, "httpx", "AsyncClient"),), (Added(module, "httpx", "Client"),)


# -- the client of a module ------------------------------------------------------------------


def shared(context: Context, site: Site, form: AsyncForm) -> Native | None:
    """``cache = redis.Redis()`` becomes ``cache = PerLoop(redis.asyncio.Redis)``."""
    made = _made(context, site)
    if made is None:
        return None
    call, home, name = made
    maker = context.program.outside_name(call.func, home)
    source, twin, names = _MAKERS[maker]
    library = source.partition(".")[0]
    first = call.args if maker == "redis.from_url" else []
    if len(call.args) != len(first) or not _takes(_keywords(call), names):
        return None
    if _is_mocked(context.program, library) or _is_old(context.program, library, home):
        return None
    users = list(_everywhere(context, call, home, name))
    found = [user for user in users if user is not None]
    if not users or len(found) < len(users):
        return None
    if maker == _CLIENT and not all(is_plain_request(context, user) for user in found):
        return None
    named = isinstance(call.func, ast.Name) or twin != "AsyncClient"
    alias = {"Redis": "AsyncRedis", "from_url": "async_from_url"}.get(twin, "")
    twin_call = f"{alias or twin}({{args}})" if call.args or call.keywords else f"{alias or twin}()"
    changes = [
        Change(home, call, Rewrite(twin_call) if named else Rename(twin)),
        Change(home, call, Rewrite(f"{CLIENT}(lambda: {{self}})")),
    ]
    for user in found:
        assert isinstance(user.call.func, ast.Attribute)
        changes.append(Change(user.module, user.call.func.value, Rewrite("{self}()")))
        changes.append(Change(user.module, user.call, Await()))
    return Native(
        form,
        tuple(user.call for user in found),
        tuple(changes),
        (Added(home, source, twin, alias),) if named else (),
        (Added(home, library), Added(home, library, maker.rpartition(".")[2])),
        clients.PER_LOOP,
        home,
    )


def _keywords(call: ast.Call) -> ast.Call:
    return ast.Call(call.func, [], call.keywords)


def _made(context: Context, site: Site) -> tuple[ast.Call, Module, str] | None:
    """Where the client of a site is made, if that is once and for a name of a module."""
    func = site.call.func
    if not isinstance(func, ast.Attribute):
        return None
    found = context.program.binding(func.value, site.module)
    home = context.program.home(func.value, site.module)
    if found is None or home is None or not found[1].is_module:
        return None
    binding, scope = found
    if len(scope.bindings.get(home[1], ())) != 1 or binding.kind != "assign":
        return None
    statement = scope.module.parent(binding.value) if binding.value is not None else None
    if not isinstance(binding.value, ast.Call) or not isinstance(statement, ast.Assign):
        return None
    if context.program.outside_name(binding.value.func, scope.module) not in _MAKERS:
        return None
    if len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
        return None
    if _has_later_imports(statement, scope.module):
        return None
    if not context.program.codebase.editable(scope.module.path):
        return None
    return binding.value, scope.module, home[1]


def _has_later_imports(statement: ast.stmt, module: Module) -> bool:
    """Whether imports follow a statement: a new one would come too late for it."""
    body = module.tree.body
    later = body[body.index(statement) :] if statement in body else body
    return any(isinstance(one, ast.Import | ast.ImportFrom) for one in later)


def _everywhere(context: Context, made: ast.Call, home: Module, name: str) -> Iterator[Site | None]:
    """Every use of a module's client in the program; None for one that can't become async."""
    for module in context.program.modules.mentioning((name,)):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and _is_looked_up(node, name, module):
                yield None
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            word = node.id if isinstance(node, ast.Name) else node.attr
            if word != name and not isinstance(node, ast.Name):
                continue
            where = context.program.binding(node, module)
            if where is None or where[0].value is not made:
                continue
            yield _user(context, node, module)


def _is_looked_up(node: ast.Constant, name: str, module: Module) -> bool:
    call = module.parent(node)
    return (
        isinstance(node.value, str)
        and node.value.rpartition(".")[2] == name
        and isinstance(call, ast.Call)
        and ast.unparse(call.func).rpartition(".")[2] in _BY_NAME
    )


def _user(context: Context, node: ast.Name | ast.Attribute, module: Module) -> Site | None:
    """The site that calls a method of a client, where that is a coroutine of its twin."""
    parent = module.parent(node)
    if not isinstance(parent, ast.Attribute):
        return None
    call = module.parent(parent)
    if not isinstance(call, ast.Call) or call.func is not parent:
        return None
    return context.sites.get(call)


def _is_mocked(program: Program, library: str) -> bool:
    """Whether tests put something else in the place of a library's clients."""
    words = (f"fake{library}", f"mock{library}")
    return any(
        program.web.in_tests(module)
        and (library in module.identifiers or any(w in module.identifiers for w in words))
        for module in program.modules.mentioning((library, *words))
    )


def _is_old(program: Program, library: str, home: Module) -> bool:
    return library in _CLOSING and program.versions.below(library, _CLOSING[library], home.path)


__all__ = ["block", "is_plain_request", "shared"]
