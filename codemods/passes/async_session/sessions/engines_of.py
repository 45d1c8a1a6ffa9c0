"""The engines behind a place that talks to the database, by the names of modules that hold them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.passes.async_session.sessions.listening import targets
from codemods.passes.async_session.sessions.makers import maker
from codemods.passes.async_session.sessions.sites import CREATE, ENTER, Site

#: A module's name that holds an engine: the module, and the name.
EngineName = tuple[Module, str]

_FACTORIES = (known.SESSIONMAKER, known.SCOPED_SESSION)


def engines_of(program: Program, site: Site) -> list[EngineName] | None:
    """The engine that a place opens a session or a connection of; none where it opens nothing.

    None where the engine has no name in a module.
    """
    called = site.node.func
    if site.kind == CREATE:
        if program.is_a(called, site.module, *_FACTORIES):
            return _of_factory(program, called, site.module)
        return _of_bind(program, site.node, site.module)
    if site.owner == known.SESSIONMAKER and isinstance(called, ast.Attribute):
        return _of_factory(program, called.value, site.module)
    if site.owner != known.ENGINE:
        return []
    if site.kind == ENTER or isinstance(called, ast.Attribute):
        given = [called.value] if isinstance(called, ast.Attribute) else []
        given += [*site.node.args[:1], *(k.value for k in site.node.keywords if k.arg == "bind")]
        for node in given:
            if program.is_a(node, site.module, known.ENGINE):
                return _named(program, node, site.module)
    return None


def factory_of(program: Program, site: Site) -> EngineName | None:
    """The factory that a place opens a session with, by its module and its name."""
    called = site.node.func
    if site.kind != CREATE:
        if site.owner != known.SESSIONMAKER or not isinstance(called, ast.Attribute):
            return None
        called = called.value
    if not program.is_a(called, site.module, *_FACTORIES):
        return None
    home = program.home(called, site.module)
    return (home[0].module, home[1]) if home is not None else None


@dataclass(frozen=True)
class Listener:
    """A function that listens to an event of an engine: ``arguments`` without the engine."""

    listen: str
    arguments: tuple[str, ...]
    keywords: tuple[str, ...]
    module: Module

    def again(self, home: Module, engine: str) -> str:
        """The call that makes it listen to another async engine."""
        given = ", ".join((f"{engine}.sync_engine", *self.arguments, *self.keywords))
        return f"{self.listen}({given})"


def listeners(program: Program, engine: EngineName) -> list[Listener]:
    """What listens to the events of an engine."""
    home, name = engine
    return [
        _listener(target.call, target.word, target.module)
        for target in targets(program)
        if target.word in ("listen", "listens_for")
        and program.home(target.node, target.module) == (home.scope, name)
    ]


def _listener(call: ast.Call, word: str, module: Module) -> Listener:
    arguments = [module.source(argument) for argument in call.args[1:]]
    holder = module.parent(call)
    if word == "listens_for" and isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments.append(holder.name)
    keywords = tuple(f"{k.arg}={module.source(k.value)}" for k in call.keywords)
    listen = module.source(call.func).replace("listens_for", "listen")
    return Listener(listen, tuple(arguments), keywords, module)


def _of_factory(program: Program, node: ast.expr, module: Module) -> list[EngineName] | None:
    """The engine that a factory's sessions are bound to."""
    home = program.home(node, module)
    if home is None or not home[0].is_module or len(home[0].bindings.get(home[1], ())) != 1:
        return None
    holder, binding = home[0].module, home[0].bindings[home[1]][0]
    if isinstance(binding.value, ast.Name | ast.Attribute):
        return _of_factory(program, binding.value, holder)
    if not isinstance(binding.value, ast.Call):
        return None
    if made := maker(program, binding.value, holder):
        names = [name for name, kind in made.kinds if kind == "engine"]
        return [(holder, name) for name in names] or None
    inner = binding.value.args[:1]
    if inner and program.is_a(inner[0], holder, known.SESSIONMAKER):
        # ``scoped_session(SessionLocal)``, or with the factory made right there.
        if isinstance(inner[0], ast.Call):
            return _of_bind(program, inner[0], holder)
        return _of_factory(program, inner[0], holder)
    return _of_bind(program, binding.value, holder)


def _of_bind(program: Program, call: ast.Call, module: Module) -> list[EngineName] | None:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "bind")]
    if len(given) != 1:
        return None
    return _named(program, given[0], module)


def _named(program: Program, node: ast.expr, module: Module) -> list[EngineName] | None:
    home = program.home(node, module)
    if home is None or not home[0].is_module:
        return None
    bindings = home[0].bindings.get(home[1], ())
    if not program.is_a(node, module, known.ENGINE):
        return None
    if not bindings or any(not isinstance(binding.value, ast.Call) for binding in bindings):
        return None
    return [(home[0].module, home[1])]
