"""``setup.cfg`` (edited) and ``setup.py`` (only read)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from codemods.manifests import lines
from codemods.manifests.model import Edit, Entry, Kind, Manifest, Role, Section
from codemods.manifests.roles import group_role
from codemods.manifests.spelling import Spelling

_HEADER = re.compile(r"\[(?P<name>[^\]]+)\]")
_OPTION = re.compile(r"(?P<name>[^\s=:\[#;][^=:]*?)\s*[=:](?P<value>.*)")


@dataclass(frozen=True)
class _Value:
    """An option of ``setup.cfg``: its lines ``start`` to ``stop`` follow the option's own."""

    section: str
    name: str
    first: str
    start: int
    stop: int


def read_cfg(path: str, text: str) -> Manifest:
    """Read ``setup.cfg``."""
    rows = lines.split(text)
    sections: list[Section] = []
    requires_python: SpecifierSet | None = None
    for value in _values(rows):
        if (value.section, value.name) == ("options", "python_requires"):
            requires_python = _specifier(value.first)
        role = _role(value)
        if role is None:
            continue
        block = lines.read(rows[value.start : value.stop], value.start)
        locked = ""
        entries = block.entries
        if value.first:
            locked = "the requirement stands on the line of its option"
            spelling = Spelling.parse(value.first)
            entries = (Entry(0, spelling, value.start, editable=False),) if spelling else ()
        sections.append(
            Section(path, Kind.SETUP_CFG, (value.section, value.name), role, entries, locked=locked)
        )
    return Manifest(path, Kind.SETUP_CFG, tuple(sections), requires_python)


def edit_cfg(text: str, key: tuple[str, ...], change: Edit, *, frozen: bool, newline: str) -> str:
    """The text after one edit of the option ``key`` (its section and name)."""
    rows = lines.split(text)
    for value in _values(rows):
        if (value.section, value.name) == key:
            block = rows[value.start : value.stop]
            new = lines.edit(block, change, frozen=frozen, newline=newline)
            if not lines.read(block).items:
                new = [row if not row.strip() else f"    {row.lstrip()}" for row in new]
            rows[value.start : value.stop] = new
            break
    return "".join(rows)


def _role(value: _Value) -> Role | None:
    if (value.section, value.name) == ("options", "install_requires"):
        return Role.MAIN
    if value.section == "options.extras_require":
        return group_role(value.name)
    if (value.section, value.name) == ("options", "tests_require"):
        return Role.TEST
    return None


def _values(rows: Sequence[str]) -> Iterator[_Value]:
    section = ""
    position = 0
    while position < len(rows):
        row = rows[position].rstrip("\r\n")
        position += 1
        if found := _HEADER.match(row):
            section = found["name"].strip()
        elif found := _OPTION.match(row):
            start = position
            stop = position
            while position < len(rows) and _continues(rows[position]):
                position += 1
                if rows[position - 1].strip():
                    stop = position
            yield _Value(section, found["name"].strip(), found["value"].strip(), start, stop)


def _continues(row: str) -> bool:
    return not row.strip() or row[0] in " \t" or row.startswith("#")


def _specifier(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


def read_py(path: str, text: str) -> Manifest | None:
    """Read the literal requirements of a ``setup.py``; None when it has none."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    sections: list[Section] = []
    requires_python: SpecifierSet | None = None
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not _is_setup(call.func):
            continue
        for keyword in call.keywords:
            value = _resolved(keyword.value, names)
            if keyword.arg == "install_requires":
                sections.append(_literal(path, ("install_requires",), Role.MAIN, value))
            elif keyword.arg == "extras_require" and isinstance(value, ast.Dict):
                for key, group in zip(value.keys, value.values, strict=True):
                    if isinstance(key, ast.Constant):
                        name = str(key.value)
                        requirements = _resolved(group, names)
                        place = ("extras_require", name)
                        sections.append(_literal(path, place, group_role(name), requirements))
            elif keyword.arg == "python_requires" and isinstance(value, ast.Constant):
                requires_python = _specifier(str(value.value))
    return Manifest(path, Kind.SETUP_PY, tuple(sections), requires_python) if sections else None


def _is_setup(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else ""
    return name == "setup" or (isinstance(function, ast.Name) and function.id == "setup")


def _resolved(value: ast.expr, names: dict[str, ast.expr]) -> ast.expr:
    return names.get(value.id, value) if isinstance(value, ast.Name) else value


def _literal(path: str, key: tuple[str, ...], role: Role, value: ast.expr) -> Section:
    elements = value.elts if isinstance(value, ast.List | ast.Tuple) else []
    spelled = [
        (element.lineno, spelling)
        for element in elements
        if isinstance(element, ast.Constant)
        and isinstance(element.value, str)
        and (spelling := Spelling.parse(element.value))
    ]
    entries = tuple(
        Entry(index, spelling, line, editable=False)
        for index, (line, spelling) in enumerate(spelled)
    )
    return Section(path, Kind.SETUP_PY, key, role, entries, locked="setup.py is a program")
