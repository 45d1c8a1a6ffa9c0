"""Dependencies in ``pyproject.toml`` and ``Pipfile``, edited with their formatting kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, InlineTable, Item, SingleKey, String, Table

from codemods.manifests.lines import rendered
from codemods.manifests.model import (
    AddExtras,
    Edit,
    Entry,
    Insert,
    Kind,
    Manifest,
    Remove,
    Role,
    Section,
)
from codemods.manifests.roles import group_role
from codemods.manifests.spelling import Spelling, from_poetry, versions

_MARK = "looplift-places-a-requirement-here"

#: Where pyproject.toml holds lists of requirements; ``*`` stands for the name of a group.
_ARRAYS: tuple[tuple[tuple[str, ...], Role | None], ...] = (
    (("project", "dependencies"), Role.MAIN),
    (("project", "optional-dependencies", "*"), None),
    (("dependency-groups", "*"), None),
    (("tool", "uv", "dev-dependencies"), Role.DEV),
    (("tool", "pdm", "dev-dependencies", "*"), Role.DEV),
    (("tool", "rye", "dev-dependencies"), Role.DEV),
    (("tool", "hatch", "envs", "*", "dependencies"), Role.DEV),
    (("tool", "hatch", "envs", "*", "extra-dependencies"), Role.DEV),
)

#: Where it holds tables of requirements, in Poetry's notation.
_TABLES: tuple[tuple[tuple[str, ...], Role | None], ...] = (
    (("tool", "poetry", "dependencies"), Role.MAIN),
    (("tool", "poetry", "dev-dependencies"), Role.DEV),
    (("tool", "poetry", "group", "*", "dependencies"), None),
)

_PIPFILE: tuple[tuple[tuple[str, ...], Role | None], ...] = (
    (("packages",), Role.MAIN),
    (("dev-packages",), Role.DEV),
)


def read(path: str, kind: Kind, text: str) -> Manifest | None:
    """Read a ``pyproject.toml`` or ``Pipfile``; None when it is no TOML."""
    try:
        document = tomlkit.parse(text).unwrap()
    except TOMLKitError:
        return None
    sections: list[Section] = []
    if kind is Kind.PYPROJECT:
        for pattern, role in _ARRAYS:
            sections += _sections(path, kind, document, pattern, role, text)
        for pattern, role in _TABLES:
            sections += _sections(path, kind, document, pattern, role, text)
    else:
        for pattern, role in _PIPFILE:
            sections += _sections(path, kind, document, pattern, role, text)
    return Manifest(path, kind, tuple(sections), _requires_python(document))


def _sections(
    path: str,
    kind: Kind,
    document: Mapping[str, Any],
    pattern: tuple[str, ...],
    role: Role | None,
    text: str,
) -> Iterator[Section]:
    for key, value in _matches(document, pattern):
        group = next((part for part, mark in zip(key, pattern, strict=True) if mark == "*"), "")
        actual = group_role(group) if role is None or group == "test" else role
        if isinstance(value, list):
            entries = tuple(_array_entries(value, text))
            includes = tuple(
                "#" + str(item["include-group"])
                for item in value
                if isinstance(item, dict) and "include-group" in item
            )
            yield Section(path, kind, key, actual, entries, includes)
        elif isinstance(value, dict):
            yield Section(path, kind, key, actual, tuple(_table_entries(value, text)))


def _matches(
    value: Any, pattern: tuple[str, ...], key: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not pattern:
        yield key, value
    elif isinstance(value, dict):
        names = value if pattern[0] == "*" else (pattern[0],) if pattern[0] in value else ()
        for name in names:
            yield from _matches(value[name], pattern[1:], (*key, name))


def _requires_python(document: Mapping[str, Any]) -> SpecifierSet | None:
    for _, value in _matches(document, ("project", "requires-python")):
        try:
            return SpecifierSet(str(value))
        except InvalidSpecifier:
            return None
    for _, value in _matches(document, ("tool", "poetry", "dependencies", "python")):
        return from_poetry(str(value.get("version", "") if isinstance(value, dict) else value))
    for name in ("python_full_version", "python_version"):
        for _, value in _matches(document, ("requires", name)):
            wildcard = ".*" if str(value).count(".") < 2 else ""
            return SpecifierSet(f"=={value}{wildcard}")
    return None


def _array_entries(values: list[Any], text: str) -> Iterator[Entry]:
    index = 0
    for value in values:
        spelling = Spelling.parse(value) if isinstance(value, str) else None
        if spelling:
            yield Entry(index, spelling, _line(text, re.escape(str(value))))
            index += 1


def _table_entries(table: Mapping[str, Any], text: str) -> Iterator[Entry]:
    for index, (name, value) in enumerate(_declared(table)):
        options = value[0] if isinstance(value, list) and value else value
        if isinstance(options, dict):
            extras = options.get("extras") or ()
            bracket = f"[{','.join(str(extra) for extra in extras)}]" if extras else ""
            place = next((key for key in ("git", "path", "url", "file") if key in options), "")
            version = str(options.get("version", ""))
            rest = f" @ {options[place]}" if place else versions(from_poetry(version))
        else:
            bracket, rest = "", versions(from_poetry(str(options)))
        pattern = rf"(?m)^\s*(?:\[[\w.-]+\.)?[\"']?{re.escape(name)}[\"']?\s*[.=\]]"
        yield Entry(index, Spelling(name, bracket, rest), _line(text, pattern))


def _declared(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in table.items() if name.lower() != "python")


def _line(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def edit(text: str, key: tuple[str, ...], change: Edit, *, frozen: bool) -> str:
    """The text after one edit of the section ``key``."""
    document = tomlkit.parse(text)
    value: Any = document
    for part in key:
        value = value[part]
    if isinstance(value, Array):
        return _edit_array(document, value, change, frozen)
    _edit_table(value, change, frozen)
    return tomlkit.dumps(document)


def _edit_array(document: tomlkit.TOMLDocument, array: Array, change: Edit, frozen: bool) -> str:
    spelled = [
        (position, spelling)
        for position, value in enumerate(array)
        if isinstance(value, str) and (spelling := Spelling.parse(str(value)))
    ]
    if isinstance(change, Insert):
        new = rendered(change.requirement, frozen)
        if not change.index or not spelled:
            array.insert(0, _like(array, new)) if spelled else array.append(_like(array, new))
            return _spaced(tomlkit.dumps(document), _like(array, new).as_string())
        position = spelled[change.index - 1][0]
        before = array[position].as_string()
        quoted = _like(array, new).as_string()
        array[position] = _MARK
        return _insert_behind(tomlkit.dumps(document), before, quoted)
    position, spelling = spelled[change.index]
    if isinstance(change, Remove):
        del array[position]
        return tomlkit.dumps(document)
    if isinstance(change, AddExtras):
        new = str(spelling.with_extras(change.extras))
    else:
        new = rendered(change.requirement, frozen) + spelling.marker
    array[position] = _like(array, new, position)
    return tomlkit.dumps(document)


def _spaced(text: str, first: str) -> str:
    """A space behind the comma of what was put first on a line with others."""
    return re.sub(rf"(\[{re.escape(first)},)(?=[\"'])", r"\1 ", text, count=1)


def _like(array: Array, text: str, position: int = 0) -> String:
    """A string quoted as the array quotes its own."""
    neighbours = [item for item in array if isinstance(item, String)]
    neighbour = array[position] if position < len(array) else None
    model = neighbour if isinstance(neighbour, String) else next(iter(neighbours), None)
    literal = model is not None and model.as_string().startswith("'") and "'" not in text
    return tomlkit.string(text, literal=literal)


def _insert_behind(text: str, before: str, new: str) -> str:
    """Put ``new`` behind the mark, which gives way to ``before``.

    What is new stands on a line of its own where the old one does, in front of comments that
    belong to the next one.
    """
    mark = f'"{_MARK}"'
    start = text.index(mark)
    head, tail = text[:start], text[start + len(mark) :]
    found = re.match(r"(?P<comma>[ \t]*,)?(?P<comment>[ \t]*#[^\n]*?)?(?P<end>[ \t]*\r?\n)", tail)
    later_comma = re.match(r"(?:\s|#[^\n]*\n)*,", tail) and not (found and found["comma"])
    if not found or later_comma:
        return f"{head}{before}, {new}{tail}"
    comment = found["comment"] or ""
    line = head[head.rindex("\n") + 1 :] if "\n" in head else head
    indent = line if not line.strip() else _next_indent(tail[found.end() :])
    comma = "," if found["comma"] else ""
    rest = tail[found.end() :]
    return (
        f"{head}{before},{comment}{found['end']}{indent}{new}{comma}{_newline(found['end'])}{rest}"
    )


def _next_indent(rest: str) -> str:
    found = re.match(r"[ \t]+(?=[\"'])", rest)
    return found.group() if found else "    "


def _newline(end: str) -> str:
    return "\r\n" if "\r" in end else "\n"


def _edit_table(table: MutableMapping[str, Any], change: Edit, frozen: bool) -> None:
    names = [name for name, _ in _declared(table)]
    if isinstance(change, Insert):
        table[change.requirement.name] = _value(change.requirement, frozen)
        return
    name = names[change.index]
    if isinstance(change, Remove):
        del table[name]
    elif isinstance(change, AddExtras):
        current = table[name]
        for options in current if isinstance(current, list) else [current]:
            if isinstance(options, MutableMapping):
                extras = [str(extra) for extra in options.get("extras", ())]
                options["extras"] = [*extras, *(x for x in change.extras if x not in extras)]
            else:
                literal = isinstance(options, String) and options.as_string().startswith("'")
                version = tomlkit.string(str(options), literal=literal)
                value = _inline(list(change.extras), version)
                _settle(value, current)
                table[name] = value
    else:
        _swap(table, name, change.requirement, frozen)


def _value(requirement: Requirement, frozen: bool) -> Any:
    text = Spelling.parse(rendered(requirement, frozen))
    version = (text.rest if text else "") or "*"
    if requirement.extras:
        return _inline(sorted(requirement.extras), version)
    return tomlkit.string(version)


def _inline(extras: list[str], version: str) -> InlineTable:
    result = tomlkit.inline_table()
    result.append("extras", extras)
    result.append("version", version)
    return result


def _settle(new: Any, old: Any) -> None:
    """Give a new value the comment on the old one's line."""
    if isinstance(old, Item):
        new.trivia.comment_ws = old.trivia.comment_ws
        new.trivia.comment = old.trivia.comment
        new.trivia.trail = old.trivia.trail


def _swap(
    table: MutableMapping[str, Any], name: str, requirement: Requirement, frozen: bool
) -> None:
    """Put the new requirement in the old one's place, its line comment and options kept."""
    old = table[name]
    value = _value(requirement, frozen)
    if isinstance(old, InlineTable):
        kept = {key: old[key] for key in ("optional", "markers", "python") if key in old}
        if kept and not isinstance(value, InlineTable):
            inline = tomlkit.inline_table()
            inline.append("version", value)
            value = inline
        for key, option in kept.items():
            value.append(key, option)
    container = table.value if isinstance(table, Table) else None
    body = container.body if isinstance(container, Container) else []
    for position, (old_key, item) in enumerate(body):
        if old_key is not None and old_key.key == name and not isinstance(item, Table):
            _settle(value, item)
            written = old_key.as_string()
            blank = written[len(written.rstrip()) :]
            new_key = SingleKey(
                requirement.name, sep=old_key.sep, original=requirement.name + blank
            )
            body[position] = (new_key, value)
            return
    del table[name]
    table[requirement.name] = value
