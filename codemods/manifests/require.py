"""Edits of manifests, so that what they install runs the migrated application."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from codemods.manifests import docker, homes, locks, setup_files, toml
from codemods.manifests import requirements as requirement_files
from codemods.manifests.further import further
from codemods.manifests.locate import Located, identity, locate, read, together
from codemods.manifests.model import (
    ENOUGH,
    AddExtras,
    Edit,
    Entry,
    Insert,
    Kind,
    ManifestEdits,
    Note,
    Remove,
    Section,
    Swap,
)
from codemods.manifests.spelling import Bounds, plain
from codemods.source import CodeBase

#: Packages whose extras only choose how they are built: an author's own choice is kept.
_OWN_CHOICE = frozenset({"psycopg", "fastapi", "uvicorn"})


def require(
    codebase: CodeBase,
    near: str,
    requirements: Sequence[Requirement],
    *,
    replace: Mapping[str, str] | None = None,
    keep: Collection[str] = (),
    dev: bool = False,
) -> ManifestEdits:
    """Declare ``requirements`` for the application that holds the module ``near``.

    ``replace`` maps distributions to what stands in for them: a requirement, or the name of one
    in ``requirements``; those in ``keep`` stay beside it. With ``dev`` only the tests need the
    requirements. A second call on the result changes nothing.
    """
    kept = {canonicalize_name(name) for name in keep}
    olds: dict[str, Requirement] = {
        canonicalize_name(old): _resolved(new, requirements)
        for old, new in (replace or {}).items()
        if canonicalize_name(old) not in kept
    }
    watched = {canonicalize_name(requirement.name) for requirement in requirements} | set(olds)
    found = locate(codebase, near)
    more = further(codebase, found, watched)
    located = more.added(found, codebase)
    if not any(section.kind is not Kind.CONSTRAINTS for section in located.sections):
        return ManifestEdits(notes=_without_manifest(located, codebase, requirements, olds))
    run = _Run(codebase, located, more.shared)
    gone = {
        old: new for old, new in olds.items() if any(section.find(old) for section in run.sections)
    }
    for old, new in olds.items():
        run.replace(old, new)
    for requirement in requirements:
        run.declare(requirement, dev=dev)
    for path in located.installing:
        text = codebase[path].text
        run.notes += docker.report(path, text, requirements, gone, dev=dev)
    run.stale(requirements)
    return ManifestEdits(
        run.texts, tuple(dict.fromkeys(run.changes)), tuple(dict.fromkeys(run.notes)), more.others
    )


def _resolved(new: str, needed: Iterable[Requirement]) -> Requirement:
    parsed = Requirement(new)
    if parsed.specifier or parsed.extras:
        return parsed
    name = canonicalize_name(parsed.name)
    return next((item for item in needed if canonicalize_name(item.name) == name), parsed)


def _without_manifest(
    located: Located,
    codebase: CodeBase,
    needed: Sequence[Requirement],
    olds: Mapping[str, Requirement],
) -> tuple[Note, ...]:
    words = " ".join(f'"{plain(requirement)}"' for requirement in needed)
    notes = []
    if needed:
        message = "no manifest declares the application's dependencies: install these by hand"
        notes.append(Note(located.base, message, command=f"pip install {words}"))
    for path in located.installing:
        notes += docker.report(path, codebase[path].text, needed, olds)
    return tuple(notes)


@dataclass
class _Run:
    """The manifests in the middle of being edited."""

    codebase: CodeBase
    located: Located
    shared: frozenset[str] = frozenset()
    texts: dict[str, str] = field(default_factory=dict)
    changes: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    placed: set[str] = field(default_factory=set)

    @property
    def sections(self) -> list[Section]:
        return [
            self._judged(section)
            for section in self.located.sections
            if section.kind is not Kind.CONSTRAINTS
        ]

    def _judged(self, section: Section) -> Section:
        if not section.locked and not self.codebase.editable(section.path):
            return dataclasses.replace(section, locked="it lies outside of what may be edited")
        return section

    def replace(self, old: str, new: Requirement) -> None:
        """Put ``new`` wherever ``old`` is declared."""
        name = canonicalize_name(new.name)
        for key in [identity(section) for section in self.sections]:
            if key[0] in self.shared:
                continue  # the other application goes on using it
            while True:
                section = next(part for part in self.sections if identity(part) == key)
                entry = section.find(old)
                if entry is None:
                    break
                message = f"{entry.spelling} gives way to {plain(new)}"
                if section.locked or not entry.editable:
                    self._refuse(section, message, entry.line)
                    break
                if section.find(name):
                    self._apply(section, Remove(entry.index), message, entry.line)
                elif self._out_of_order(section, entry, new):
                    self._apply(section, Remove(entry.index), message, entry.line)
                    section = next(part for part in self.sections if identity(part) == key)
                    change = Insert(homes.position(section, new, self.placed), new)
                    self._apply(section, change, message, entry.line)
                else:
                    self._apply(section, Swap(entry.index, new), message, entry.line)
                self.placed.add(name)
                self._mentioned(section, old)

    def _out_of_order(self, section: Section, entry: Entry, new: Requirement) -> bool:
        """Whether ``new`` would break the order in the old one's place, and can be moved."""
        line = self._text(section.path).splitlines()[entry.line - 1 : entry.line]
        if not section.ordered or entry.spelling.marker or any("#" in text for text in line):
            return False
        entries = list(section.entries)
        spelling = dataclasses.replace(entry.spelling, name=new.name)
        entries[entry.index] = dataclasses.replace(entry, spelling=spelling)
        return not dataclasses.replace(section, entries=tuple(entries)).ordered

    def _mentioned(self, section: Section, old: str) -> None:
        """Poetry's extras name packages a second time."""
        if section.key[:2] == ("tool", "poetry") and f'"{old}"' in self._text(section.path):
            self.notes.append(Note(section.path, f"an extra of Poetry's still names {old}"))

    def declare(self, requirement: Requirement, *, dev: bool) -> None:
        """Have ``requirement`` declared wherever the application's dependencies are."""
        name = canonicalize_name(requirement.name)
        for section in self.sections:
            for entry in section.all(name):
                self._complete(section, entry, requirement)
        if dev:
            if not any(section.find(name) for section in self.sections):
                for section in homes.for_tests(self.sections):
                    self._insert(section, requirement, dev=True)
            return
        for section in homes.for_production(self.sections, name):
            reached = together(self.located.sections, section)
            if not any(part.find(name) for part in self.sections if identity(part) in reached):
                self._insert(section, requirement)

    def _complete(self, section: Section, entry: Entry, requirement: Requirement) -> None:
        name = entry.name
        exact = Bounds.of(entry.spelling.specifier).exact
        if exact is not None and exact not in requirement.specifier:
            message = f"{entry.spelling} is declared, but {plain(requirement)} is needed"
            self.notes.append(Note(section.path, message, entry.line))
        wanted = tuple(sorted(requirement.extras))
        have = entry.spelling.extra_names
        if not wanted or name in _OWN_CHOICE or have & ENOUGH.get(name, frozenset(wanted)):
            return
        message = f"{entry.spelling} becomes {entry.spelling.with_extras(wanted)}"
        if section.locked or not entry.editable:
            self._refuse(section, message, entry.line)
        else:
            self._apply(section, AddExtras(entry.index, wanted), message, entry.line)

    def _insert(self, section: Section, requirement: Requirement, *, dev: bool = False) -> None:
        message = f"{plain(requirement)} is added"
        if section.locked:
            self._refuse(section, message, 1)
            return
        index = homes.position(section, requirement, self.placed, dev=dev)
        line = section.entries[index - 1].line if index and section.entries else 1
        self._apply(section, Insert(index, requirement), message, line)
        self.placed.add(canonicalize_name(requirement.name))

    def _refuse(self, section: Section, message: str, line: int) -> None:
        command = ""
        if "hashes" in section.locked:
            command = section.generated or self._renewal(section.path)
        self.notes.append(
            Note(
                section.path,
                f"left as it is, for {section.locked or 'it is not a plain name'}; "
                f"to do: {message}",
                line,
                command,
            )
        )

    def _renewal(self, path: str) -> str:
        """The command that writes a hash-pinned file anew."""
        source = path.removesuffix(".txt") + ".in"
        if source in self.codebase:
            return f"pip-compile --generate-hashes {source}"
        names = {lock.rpartition("/")[2] for lock in self.located.locks}
        if "poetry.lock" in names:
            return f"poetry export --output {path}"
        if "uv.lock" in names:
            return f"uv export --output-file {path}"
        return f"pip-compile --generate-hashes --output-file {path}"

    def _apply(self, section: Section, change: Edit, message: str, line: int) -> None:
        path = section.path
        text = self._text(path)
        frozen = section.frozen
        newline = self.codebase[path].newline
        if section.kind is Kind.REQUIREMENTS:
            new = requirement_files.edit(text, change, frozen=frozen, newline=newline)
        elif section.kind is Kind.SETUP_CFG:
            new = setup_files.edit_cfg(text, section.key, change, frozen=frozen, newline=newline)
        else:
            new = toml.edit(text, section.key, change, frozen=frozen)
        self.texts[path] = new
        self.changes.append(Note(path, message, line))
        manifests = tuple(
            (read(path, new) or manifest) if manifest.path == path else manifest
            for manifest in self.located.manifests
        )
        self.located = dataclasses.replace(self.located, manifests=manifests)

    def _text(self, path: str) -> str:
        return self.texts.get(path, self.codebase[path].text)

    def stale(self, needed: Iterable[Requirement]) -> None:
        """Name the lock files that do not hold what is needed, and how to renew them."""
        names: set[str] = {canonicalize_name(requirement.name) for requirement in needed}
        if any("asyncio" in requirement.extras for requirement in needed):
            names.add("greenlet")
        for path in self.located.locks:
            known = locks.versions(path, self.codebase[path].text)
            if not names <= set(known) or self.texts:
                command = locks.COMMANDS[path.rpartition("/")[2]]
                self.notes.append(
                    Note(path, "has to be renewed for the new requirements", command=command)
                )
        for section in self.sections:
            if section.generated and section.path in self.texts:
                message = "was written by a program: it should be renewed"
                self.notes.append(Note(section.path, message, command=section.generated))
