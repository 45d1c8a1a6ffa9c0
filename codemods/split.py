"""Large passes cut by package or owner, where the application works after each of the parts.

A part is what a pass makes when it has to leave the files of all later parts alone: the pass itself
knows what belongs together. A cut is taken only where every file is then as it was, or as it will
be at the end: no part touches what another one has done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from codemods.config import Held
from codemods.owners import find_owners
from codemods.patches.story import Chapter
from codemods.pipeline import PassRun, migrate
from codemods.project import Project
from codemods.source import CodeBase

#: So many groups are tried; each costs a run of the pass.
_MOST_GROUPS = 12
_DEEPEST = 4
_TOP, _REST = "top level", "the rest"


class Split(StrEnum):
    """By what passes are cut."""

    PACKAGE = "package"
    OWNER = "owner"


def split(project: Project, story: Sequence[Chapter], how: Split) -> tuple[Chapter, ...]:
    """The chapters, each cut into parts where that is possible."""
    grouping = _by_owner(project.codebase) if how is Split.OWNER else _by_package
    return tuple(part for chapter in story for part in _parts(project, chapter, grouping))


def _by_package(paths: Sequence[str]) -> dict[str, list[str]]:
    """The paths by their folders, as deep as there are not too many of them."""
    groups: dict[str, list[str]] = {}
    for depth in range(_DEEPEST, 0, -1):
        groups = {}
        for path in paths:
            folders = path.split("/")[:-1]
            groups.setdefault("/".join(folders[:depth]) or _TOP, []).append(path)
        if len(groups) <= _MOST_GROUPS:
            break
    return groups


def _by_owner(codebase: CodeBase) -> Callable[[Sequence[str]], dict[str, list[str]]]:
    owners = find_owners(codebase)

    def group(paths: Sequence[str]) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for path in paths:
            groups.setdefault(", ".join(owners.of(path)) or "no owner", []).append(path)
        return groups

    return group


def _parts(
    project: Project, chapter: Chapter, grouping: Callable[[Sequence[str]], dict[str, list[str]]]
) -> tuple[Chapter, ...]:
    groups = grouping(sorted(chapter.run.changed))
    if not 1 < len(groups) <= _MOST_GROUPS:
        return (chapter,)
    states = list(_states(project, chapter.run, groups))
    if len(states) < 2:
        return (chapter,)
    parts, before, told = [], chapter.run.before, set[str]()
    for number, (name, after) in enumerate(states, 1):
        run = replace(chapter.run, before=before, after=after)
        here = set(run.changed)
        is_last = number == len(states)
        findings = tuple(
            finding
            for finding in chapter.findings
            if finding.path in here or (is_last and finding.path not in told)
        )
        parts.append(Chapter(run, findings, name))
        before, told = after, told | here
    return tuple(parts)


def _states(
    project: Project, run: PassRun, groups: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, CodeBase]]:
    """The code base after each part, with the part's name; the last one is the pass's result."""
    waiting = dict(groups)
    state = run.before
    for name in groups:
        if len(waiting) == 1:
            break
        later = [p for other, held in waiting.items() if other != name for p in held]
        held = tuple(Held(run.rule.name, path) for path in later)
        options = replace(project.options, held=(*project.options.held, *held))
        after = migrate(run.before, (run.rule,), options).after
        if _fits(run, after) and _changed(state, after) and not _changed_any(run, after, later):
            del waiting[name]
            state = after
            yield name, after
    if _changed(state, run.after):
        yield next(iter(waiting)) if len(waiting) == 1 else _REST, run.after


def _fits(run: PassRun, after: CodeBase) -> bool:
    """Whether each file is as before the pass or as after it."""
    for path, file in after.files.items():
        old, new = run.before.files.get(path), run.after.files.get(path)
        texts = [one.text for one in (old, new) if one is not None]
        if file.text not in texts:
            return False
    return True


def _changed_any(run: PassRun, after: CodeBase, paths: Sequence[str]) -> bool:
    return any(
        path in after.files
        and (path not in run.before or run.before[path].text != after[path].text)
        for path in paths
    )


def _changed(before: CodeBase, after: CodeBase) -> bool:
    return any(
        path not in before.files or before[path].text != file.text
        for path, file in after.files.items()
    )
