"""The edits of the async forms, the module of clients, and what has to be installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from packaging.requirements import Requirement

from codemods.edits.actions import Action, Origin, Rewrite
from codemods.facts import Program
from codemods.manifests import require
from codemods.passes.base import NOTE, Decision
from codemods.passes.blocking_calls import clients
from codemods.passes.blocking_calls.natives import CLIENT, Native, has_library
from codemods.plan.draft import Draft
from codemods.plan.generated import Generated, import_object
from codemods.plan.lifespans import Start, enter, is_entered

#: What is installed for an async form.
_REQUIREMENTS = {"anyio": "anyio", "httpx": "httpx>=0.23,<1"}


def write(
    program: Program,
    draft: Draft,
    found: Sequence[Native],
    home: tuple[Start, Generated] | None,
) -> tuple[dict[str, str], tuple[Decision, ...]]:
    """Draft all async forms; gives the texts of new files, and what a person has to know."""
    texts: dict[str, str] = {}
    if home is not None and any(native.client for native in found):
        with draft.because(*origins(native for native in found if native.client)):
            _enter_clients(program, draft, texts, home, found)
    for native in found:
        _change(program, draft, native, home)
    return _install(program, texts, found)


def origins(found: Iterable[Native]) -> tuple[Origin, ...]:
    """The calls that get their async forms, as what asks for files beside them."""
    places = ((change.module, change.node) for native in found for change in native.changes)
    return tuple(
        dict.fromkeys(
            Origin(module.path, module.key(node).line, function.qualname if function else "")
            for module, node in places
            for function in (module.function_of(node),)
        )
    )


def _enter_clients(
    program: Program,
    draft: Draft,
    texts: dict[str, str],
    home: tuple[Start, Generated],
    found: Iterable[Native],
) -> None:
    start, place = home
    if not place.exists:
        texts[place.path] = clients.text(http=any(n.client == clients.HTTP for n in found))
    if not is_entered(program, start, clients.NAME, place.path):
        enter(program, draft, start, place.path, clients.NAME)


def _change(
    program: Program, draft: Draft, native: Native, home: tuple[Start, Generated] | None
) -> None:
    name = ""
    if native.client and native.home is not None and home is not None:
        name = import_object(program, draft, native.home, home[1].path, native.client)
    for added in native.imports:
        draft.add_import(added.module, added.source, added.name, added.alias)
    for change in native.changes:
        draft.edit(change.module, change.node, _named(change.action, name))
    for dropped in native.drops:
        draft.drop_import(dropped.module, dropped.source, dropped.name)


def _named(action: Action, client: str) -> Action:
    if isinstance(action, Rewrite):
        return replace(action, template=action.template.replace(CLIENT, client))
    return action


def _install(
    program: Program, texts: dict[str, str], found: Iterable[Native]
) -> tuple[dict[str, str], tuple[Decision, ...]]:
    """The requirements of the async forms, in the manifests near their modules."""
    notes: list[Decision] = []
    needed: dict[tuple[str, str], None] = {}
    for native in found:
        module = native.changes[0].module
        library = native.form.library
        declared = program.versions.declared(module.path).declares(library, main=True)
        if library and not declared and not has_library(program, library, module):
            needed[library, module.path] = None
    codebase = program.codebase
    for library, path in needed:
        edits = require(codebase, path, [Requirement(_REQUIREMENTS[library])])
        codebase = codebase.with_texts(edits.texts)
        texts |= edits.texts
        notes += [
            Decision(
                note.path, note.line, "", NOTE, note.message, tuple(filter(None, (note.command,)))
            )
            for note in edits.notes
        ]
    return texts, tuple(dict.fromkeys(notes))
