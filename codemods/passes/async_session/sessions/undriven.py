"""Engines that can't become async: their database has no async driver, or none that is known.

``create_async_engine`` refuses such a URL when the module is imported. Whatever opens its sessions
or connections with such an engine stays sync, and with it all that shares them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from packaging.version import Version

from codemods.config import Options
from codemods.drivers import (
    DATABASES,
    UnsupportedDriverError,
    choose,
    convert,
    database_of,
    in_memory,
    is_async,
    scheme_of,
)
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue, Instance
from codemods.passes.async_session.sessions.arguments import refused
from codemods.passes.async_session.sessions.makers import ENGINE_WORDS, ENGINES, makes
from codemods.passes.async_session.sessions.sites import CREATE, Site
from codemods.passes.async_session.sessions.urls import given_url, url_of
from codemods.plan.climb import Cause

_MAKERS = frozenset({known.SESSIONMAKER, known.SCOPED_SESSION})
_FAR = 12


class Undriven:
    """The engines of a program that have to stay sync, and why."""

    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.options = options
        self.engines: dict[ast.Call, str] = {}
        for module in program.modules.mentioning(ENGINE_WORDS):
            for word in ENGINE_WORDS:
                for call in module.syntax.calls.get(word, ()):
                    if why := self._reason(call, module):
                        self.engines[call] = why

    def why(self, site: Site) -> str:
        """Why the engine of a site stays sync; "" where it does not."""
        if not self.engines:
            return ""
        for node in (site.node,) if site.kind == CREATE else site.given:
            for call in _engines(self.program, node, site.module):
                if call in self.engines:
                    return self.engines[call]
        return ""

    def functions(self, sites: list[Site]) -> dict[Function, Cause]:
        """The functions that talk to a database through such an engine."""
        return {
            site.function: Cause(f"uses an engine that stays sync: {why}")
            for site in sites
            if site.function is not None and (why := self.why(site))
        }

    def _reason(self, call: ast.Call, module: Module) -> str:
        """Why an engine can't become async, or ""."""
        if self.program.outside_name(call.func, module) not in ENGINES:
            return ""
        given = given_url(self.program, call, module)
        if given is None:
            return "its URL is among arguments that are not written out"
        version = self.program.versions.of("sqlalchemy", module.path)
        override = dict(self.options.driver)
        url = url_of(self.program, given, module) if isinstance(given, ast.expr) else None
        if url is None:
            declared = self.program.versions.databases(module.path)
            whys = [_without(name, version, override.get(name)) for name in declared]
            if whys and all(whys):
                return min(whys)
            return self._refused_by_all(call, module, version)
        scheme = scheme_of(url)
        if not scheme or is_async(url):
            return ""
        database = database_of(url)
        if database is None:
            return f"no async driver is known for `{scheme}`"
        if why := _without(database.name, version, override.get(database.name)):
            return why
        driver = choose(database.name, version, override.get(database.name))
        if why := refused(call, module, driver, memory=in_memory(url)):
            return f"create_async_engine takes no {why}"
        edit = convert(url, {database.name: driver})
        if edit is not None and edit.refused:
            return f"{driver.name} takes no {', '.join(edit.refused)} in its URL"
        return ""

    def _refused_by_all(self, call: ast.Call, module: Module, version: Version | None) -> str:
        """Which argument no async driver takes, where the database is known at run time only."""
        override = dict(self.options.driver)
        declared = self.program.versions.databases(module.path)
        names = [d.name for d in DATABASES if not declared or d.name in declared]
        drivers = [
            choose(name, version, override.get(name))
            for name in names
            if not _without(name, version, override.get(name))
        ]
        whys = [refused(call, module, driver, memory=False) for driver in drivers]
        return f"create_async_engine takes no {min(whys)}" if whys and all(whys) else ""


def _engines(
    program: Program, node: ast.expr, module: Module, depth: int = 0
) -> Iterator[ast.Call]:
    """The calls of ``create_engine`` that an engine, a factory or a session goes back to."""
    if depth > _FAR:
        return
    if isinstance(node, ast.Name | ast.Attribute):
        definition = _definition(program, node, module)
        if definition is not None and definition[0] is not node:
            yield from _engines(program, *definition, depth + 1)
        return
    if not isinstance(node, ast.Call):
        return
    name = program.outside_name(node.func, module)
    if name in ENGINES:
        yield node
        return
    for value in program.infer(node.func, module):
        if isinstance(value, FunctionValue) and _gives_engines(program, value.function):
            for inner in makes(program, value.function):
                if program.outside_name(inner.func, value.function.module) in ENGINES:
                    yield inner
            return
    given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "bind")]
    if name not in _MAKERS and not program.is_session_class(name):
        given = [node.func]
    for source in given:
        yield from _engines(program, source, module, depth + 1)


def _definition(
    program: Program, node: ast.Name | ast.Attribute, module: Module
) -> tuple[ast.expr, Module] | None:
    """What a name was assigned, also as one of several: ``SessionLocal, engine = connect()``."""
    found = program.binding(node, module)
    if found is None or found[0].kind not in ("assign", "annotated") or found[0].part is None:
        return None
    return found[0].part, found[1].module


def _gives_engines(program: Program, function: Function) -> bool:
    """Whether a function gives back an engine or a factory, alone or with others."""
    values = program.inference.returned(function)
    parts = [values, *(part for v in values if isinstance(v, Instance) for part in v.args)]
    return any(program.instances_of(part, (known.ENGINE, *_MAKERS)) for part in parts)


def _without(database: str, version: Version | None, override: str | None) -> str:
    try:
        choose(database, version, override)
    except UnsupportedDriverError as error:
        return str(error)
    return ""
