"""Which calls get their async form, and the edits that make it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from codemods.config import Options
from codemods.edits.actions import Action
from codemods.facts import Program
from codemods.facts.async_forms import FUNCTIONS, METHODS, AsyncForm, Shape
from codemods.facts.modules import Module
from codemods.facts.values import External, Instance, Method
from codemods.passes.blocking_calls.files import Opened
from codemods.passes.blocking_calls.sites import Site

#: Stands in a template for the name of what the module of clients gives.
CLIENT = "@client"


@dataclass(frozen=True)
class Change:
    """An action on a node of a module."""

    module: Module
    node: ast.AST
    action: Action


@dataclass(frozen=True)
class Added:
    """An import that a module gets, or loses where nothing else uses it."""

    module: Module
    source: str
    name: str = ""
    alias: str = ""


@dataclass(frozen=True)
class Native:
    """The async form of one call, or of several that belong together.

    ``client`` names what is imported from the module of clients; ``CLIENT`` stands for it.
    """

    form: AsyncForm
    calls: tuple[ast.Call, ...]
    changes: tuple[Change, ...]
    imports: tuple[Added, ...] = ()
    drops: tuple[Added, ...] = ()
    client: str = ""
    home: Module | None = None


@dataclass(frozen=True)
class Context:
    """What the shapes look at: the program, the sites that may be changed, the opened files."""

    program: Program
    sites: Mapping[ast.Call, Site]
    opened: tuple[Opened, ...]
    has_clients: bool = False

    @cached_property
    def is_caught_everywhere(self) -> bool:
        """Whether something around all functions catches what requests raises."""
        from codemods.passes.blocking_calls.native_errors import catches_everywhere

        return catches_everywhere(self.program)

    def name(self, site: Site) -> str:
        """The one function or method that a site calls, by its resolved name, or ""."""
        values = self.program.infer(site.call.func, site.module)
        if len(values) != 1:
            return ""
        match next(iter(values)):
            case External(name=name):
                return name
            case Method(owner=Instance(cls=str() as cls), name=name):
                return f"{cls}.{name}"
        return ""

    def is_free(self, name: str, site: Site) -> bool:
        """Whether a module's import of ``name`` can be added and means that there."""
        scope = site.module.scope_of(site.call).lookup(name)
        return scope is None or (
            scope.is_module
            and all(binding.kind == "import" for binding in scope.bindings.get(name, ()))
        )


def form_of(name: str) -> AsyncForm | None:
    """The row of a function, or of the class of a method."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    cls, _, method = name.rpartition(".")
    if cls == "pathlib.Path" and method == "open":
        return FUNCTIONS["builtins.open"]
    return METHODS.get(cls)


def allowed(program: Program, options: Options, form: AsyncForm, module: Module) -> bool:
    """Whether a form may be made: it is equal and its library there, or it was asked for."""
    if options.unsafe_fixes:
        return True
    return form.equal and has_library(program, form.library, module)


def has_library(program: Program, library: str, module: Module) -> bool:
    """Whether the application has a library already: it declares it, or the module imports it."""
    return (
        not library
        or library in module.identifiers
        or program.versions.declared(module.path).declares(library, main=True)
    )


def natives(context: Context, options: Options) -> dict[ast.Call, Native]:
    """The async form of every site that has one, by its call."""
    from codemods.passes.blocking_calls import native_clients, native_files, native_requests

    shapes = {
        Shape.PATH: native_files.path,
        Shape.FILE: native_files.opened,
        Shape.PROCESS: native_files.process,
        Shape.BLOCK: native_clients.block,
        Shape.OBJECT: native_clients.shared,
        Shape.REQUEST: native_requests.request,
    }
    found: dict[ast.Call, Native] = {}
    for site in context.sites.values():
        if site.helpers or site.call in found:
            continue
        form = form_of(context.name(site))
        if form is None or not allowed(context.program, options, form, site.module):
            continue
        native = shapes[form.shape](context, site, form)
        if native is not None and not any(call in found for call in native.calls):
            found |= dict.fromkeys(native.calls, native)
    return _settled(context, found)


def _settled(context: Context, found: dict[ast.Call, Native]) -> dict[ast.Call, Native]:
    """Without those for which the application would need clients that it can't close."""
    if context.has_clients:
        return found
    return {call: native for call, native in found.items() if not native.client}


def distinct(found: Mapping[ast.Call, Native]) -> Iterator[Native]:
    """Each async form once."""
    seen: set[int] = set()
    for native in found.values():
        if id(native) not in seen:
            seen.add(id(native))
            yield native
