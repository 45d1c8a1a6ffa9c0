"""Paths, files and processes by anyio, which FastAPI itself runs on."""

from __future__ import annotations

import ast

from codemods.edits.actions import Arguments, Await, MakeAsync, Rewrite
from codemods.facts import knowledge as known
from codemods.facts.async_forms import (
    FILE_METHODS,
    PATH_METHODS,
    PROCESS_ARGUMENTS,
    PROCESSES,
    AsyncForm,
)
from codemods.passes.blocking_calls.natives import Added, Change, Context, Native
from codemods.passes.blocking_calls.sites import Site

_ANYIO = "anyio"


def path(context: Context, site: Site, form: AsyncForm) -> Native | None:
    """``Path(name).exists()`` becomes ``await anyio.Path(name).exists()``."""
    call, module = site.call, site.module
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in PATH_METHODS:
        return None
    if not context.is_free(_ANYIO, site):
        return None
    text = f"{_ANYIO}.Path({_path(context, site)}).{call.func.attr}({{args}})"
    if not call.args and not call.keywords:
        text = text.replace("{args}", "")
    return Native(
        form,
        (call,),
        (Change(module, call, Rewrite(text)), Change(module, call, Await())),
        (Added(module, _ANYIO),),
        (Added(module, "pathlib", "Path"), Added(module, "pathlib")),
    )


def _path(context: Context, site: Site) -> str:
    """What ``anyio.Path`` is given: what ``Path`` was given, where the receiver makes one."""
    assert isinstance(site.call.func, ast.Attribute)
    receiver = site.call.func.value
    if (
        isinstance(receiver, ast.Call)
        and context.program.outside_name(receiver.func, site.module) == known.PATH
        and receiver.args
        and not any(isinstance(node, ast.Call) for arg in receiver.args for node in ast.walk(arg))
    ):
        return ", ".join(site.module.source(argument) for argument in receiver.args)
    return "{receiver}"


def opened(context: Context, site: Site, form: AsyncForm) -> Native | None:
    """``with open(name) as file`` becomes ``async with await anyio.open_file(name) as file``."""
    call, module = site.call, site.module
    found = next((one for one in context.opened if one.site is site), None)
    item = module.parent(call)
    if found is None or not found.users or not isinstance(item, ast.withitem):
        return None
    block = module.parent(item)
    if not isinstance(block, ast.With) or len(block.items) > 1:
        return None
    if not isinstance(item.optional_vars, ast.Name) or not context.is_free(_ANYIO, site):
        return None
    name = item.optional_vars.id
    if not all(_is_method(user, name) and user.call in context.sites for user in found.users):
        return None
    if _moves(block, name):
        return None
    opener = "open_file({args})"
    if isinstance(call.func, ast.Attribute) and context.program.is_a(
        call.func.value, module, known.PATH
    ):
        opener = (
            f"Path({_path(context, site)}).open({'{args}' if call.args or call.keywords else ''})"
        )
    changes = [
        Change(module, call, Rewrite(f"{_ANYIO}.{opener}")),
        Change(module, call, Await()),
        Change(module, block, MakeAsync()),
        *(Change(module, user.call, Await()) for user in found.users),
    ]
    calls = (call, *(user.call for user in found.users))
    drops = (Added(module, "pathlib", "Path"), Added(module, "pathlib"))
    return Native(form, calls, tuple(changes), (Added(module, _ANYIO),), drops)


def _is_method(user: Site, name: str) -> bool:
    func = user.call.func
    return (
        isinstance(func, ast.Attribute)
        and func.attr in FILE_METHODS
        and isinstance(func.value, ast.Name)
        and func.value.id == name
    )


def _moves(block: ast.With, name: str) -> bool:
    """Whether the place in the file is asked for or changed: its twin has coroutines for that."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("seek", "tell", "close", "getvalue", "buffer")
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        for node in ast.walk(block)
    )


def process(context: Context, site: Site, form: AsyncForm) -> Native | None:
    """``subprocess.run([...])`` becomes ``await anyio.run_process([...])``."""
    call, module = site.call, site.module
    row = PROCESSES[context.name(site)]
    if len(call.args) != 1 or not context.is_free(_ANYIO, site):
        return None
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    shell, capture = _flag(keywords.get("shell")), _flag(keywords.get("capture_output"))
    if shell is None or capture is None or not _is_command(context, site, shell=shell):
        return None
    if not set(keywords) <= PROCESS_ARGUMENTS | {"shell", "capture_output"}:
        return None
    put: list[tuple[str, str]] = []
    if "check" not in keywords and not row.check:
        put.append(("check", "False"))
    for stream in ("stdout", "stderr"):
        if stream not in keywords and not capture and stream not in row.piped:
            put.append((stream, "None"))
    dropped = tuple(name for name in ("shell", "capture_output") if name in keywords)
    changes = [
        Change(module, call, Arguments(dropped, tuple(put))),
        Change(module, call, Rewrite(f"{_ANYIO}.run_process({{args}})")),
        Change(module, call, Await()),
    ]
    if row.result and not isinstance(module.parent(call), ast.Expr):
        changes.append(Change(module, call, Rewrite(f"({{self}}).{row.result}")))
    return Native(
        form, (call,), tuple(changes), (Added(module, _ANYIO),), (Added(module, "subprocess"),)
    )


def _flag(node: ast.expr | None) -> bool | None:
    """The value of an argument that is written out; None where it is not known."""
    if node is None:
        return False
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def _is_command(context: Context, site: Site, *, shell: bool) -> bool:
    """Whether both say the same of a command: a text is for the shell, a list is a program."""
    command = site.call.args[0]
    if shell:
        return isinstance(command, ast.JoinedStr) or context.program.is_a(
            command, site.module, "builtins.str"
        )
    return isinstance(command, ast.List | ast.Tuple) or context.program.is_a(
        command, site.module, "builtins.list"
    )


__all__ = ["opened", "path", "process"]
