"""Arguments of ``create_engine``: what the async driver takes, calls otherwise or refuses.

An engine with an argument that the driver refuses, and that can't be left out, stays sync. One
behind a transaction pooler is told to prepare no statements: the next transaction may get another
connection of the server, which has never heard of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.drivers import Advice, Driver, connect_argument, engine_argument, pooler
from codemods.drivers.arguments import Verdict
from codemods.edits.actions import Arguments
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.plan.draft import Draft


def edit_arguments(
    draft: Draft, call: ast.Call, module: Module, driver: Driver, *, memory: bool, url: str
) -> None:
    """Give an engine the arguments that its async driver takes."""
    remove: list[str | int] = []
    put: list[tuple[str, str]] = []
    for keyword, advice in _advised(call, module, driver, memory=memory):
        assert keyword.arg is not None
        if advice.verdict is Verdict.DROP or keyword.arg == "future":
            remove.append(keyword.arg)
        elif advice.verdict is Verdict.REPLACE:
            name = advice.name or keyword.arg
            value = advice.value or module.source(keyword.value)
            if keyword.arg == "poolclass":
                draft.add_import(module, "sqlalchemy.pool", value)
            if name != keyword.arg:
                remove.append(keyword.arg)
            put.append((name, value))
    connect = _connect_arguments(call, module, driver, url)
    if connect is not None:
        put += [("connect_args", connect)] if connect else []
        remove += [] if connect else ["connect_args"]
    if remove or put:
        draft.edit(module, call, Arguments(tuple(remove), tuple(put)))


def refused(call: ast.Call, module: Module, driver: Driver, *, memory: bool) -> str:
    """Which argument keeps an engine from becoming async, or ""."""
    for keyword, advice in _advised(call, module, driver, memory=memory):
        if advice.verdict is Verdict.REFUSE:
            return f"`{keyword.arg}`: {advice.why}"
    for key, _ in _pairs(_connect(call)):
        found = connect_argument(driver, key) if key else Advice(Verdict.KEEP)
        if found.verdict is Verdict.REFUSE:
            return f"`{key}` in `connect_args`: {found.why}"
    return ""


def pooled(program: Program, url: str | None, module: Module) -> str:
    """What tells that an engine goes through a transaction pooler, or "".

    Where the URL comes from outside, it is looked for in what the module and its settings name.
    """
    if url is not None:
        return pooler(url) or ""
    for other in program.modules.mentioning(("pgbouncer", "pooler", "create_engine", "Settings")):
        for node in other.syntax.parents:
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and text.startswith("postgres") and (why := pooler(text)):
                return why
    return next(
        (
            why
            for file in program.codebase
            if not file.is_python
            for line in file.text.splitlines()
            if "postgres" in line and (why := pooler(line))
        ),
        "",
    )


def says_pooler(call: ast.Call, driver: Driver) -> bool:
    """Whether the arguments of an engine say already that no statements are prepared."""
    said = {key for key, _ in _pairs(_connect(call))}
    asked = {key for key, _ in _pairs(_expression(driver.pooler_arguments))}
    return bool(asked) and asked <= said


def can_say_pooler(call: ast.Call) -> bool:
    """Whether ``connect_args`` is written where it can be extended."""
    connect = _connect(call)
    return connect is None or isinstance(connect, ast.Dict)


def _advised(
    call: ast.Call, module: Module, driver: Driver, *, memory: bool
) -> Iterator[tuple[ast.keyword, Advice]]:
    static = any(k.arg == "poolclass" for k in call.keywords)
    for keyword in call.keywords:
        if keyword.arg is not None:
            source = module.source(keyword.value)
            yield (
                keyword,
                engine_argument(driver, keyword.arg, source, memory=memory, static=static),
            )


def _connect_arguments(call: ast.Call, module: Module, driver: Driver, url: str) -> str | None:
    """The new text of ``connect_args``, "" for none at all; None where it stays as it is."""
    node = _connect(call)
    if driver.database != "postgresql" or not can_say_pooler(call):
        return None
    kept: list[str] = []
    settings: list[str] = []
    changed = False
    for key, value in _pairs(node):
        source = module.source(value)
        advice = connect_argument(driver, key) if key else Advice(Verdict.KEEP)
        if advice.verdict is Verdict.DROP:
            changed = True
        elif advice.verdict is Verdict.REPLACE:
            changed = True
            outer, _, inner = advice.name.partition(".")
            if inner:
                settings.append(f'"{inner}": {source}')
            else:
                kept.append(f'"{outer}": {source}')
        else:
            kept.append(f'"{key}": {source}' if key else f"**{source}")
    if settings:
        kept.append(f'"server_settings": {{{", ".join(settings)}}}')
    if pooler(url) and not says_pooler(call, driver):
        changed = True
        kept.append(driver.pooler_arguments[1:-1])
    if not changed:
        return None
    return f"{{{', '.join(kept)}}}" if kept else ""


def _connect(call: ast.Call) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == "connect_args"), None)


def _pairs(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dictionary that is written out; "" is the key of one that is unknown."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            known = isinstance(key, ast.Constant) and isinstance(key.value, str)
            yield (key.value if known else "", value)  # type: ignore[union-attr]


def _expression(source: str) -> ast.expr | None:
    return ast.parse(source, mode="eval").body if source else None
