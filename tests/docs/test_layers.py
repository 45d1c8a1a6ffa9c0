"""The layers only look down: what each part of looplift may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: From the bottom to the top. A part imports from the layers below its own, never from beside it.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("codemods", "codemods.errors", "codemods.findings", "codemods.source", "codemods.drivers"),
    (
        "codemods.config",
        "codemods.together",
        "codemods.edits",
        "codemods.manifests",
        "codemods.owners",
    ),
    ("codemods.facts", "codemods.suppression"),
    ("codemods.plan",),
    ("codemods.passes.base",),
    ("codemods.passes.*",),
    ("codemods.passes", "codemods.confine"),
    ("codemods.pipeline", "codemods.pages", "codemods.selection"),
    ("codemods.patches", "codemods.marking"),
    ("codemods.project",),
    ("codemods.sinks",),
    ("codemods.cache", "codemods.split", "codemods.verified"),
    ("cli",),
)

#: The rooms of the largest pass, from the bottom to the top; its plan is above them.
ROOMS = ("sessions", "colour", "rewrite", "engine", "differences", "suite")

#: Libraries that one part of looplift keeps to itself.
KEPT = {
    "libcst": "codemods.edits",
    "black": "codemods.edits",
    "tomlkit": "codemods.manifests",
    "unidiff": "codemods.patches",
    "git": "codemods.sinks",
    "httpx": "codemods.sinks",
    "rich": "codemods.sinks",
    "typer": "cli",
}

MODULES = sorted([*(ROOT / "codemods").rglob("*.py"), *(ROOT / "cli").rglob("*.py")])


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = frozenset(_name(path) for path in MODULES)


def _part(module: str) -> str:
    """The part that a module belongs to: ``codemods.facts``, ``codemods.passes.base``, ``cli``."""
    names = module.split(".")
    if names[0] == "cli":
        return "cli"
    return ".".join(names[: 3 if names[:2] == ["codemods", "passes"] else 2])


def _height(part: str) -> int:
    for height, layer in enumerate(LAYERS):
        if part in layer:
            return height
    if part.startswith("codemods.passes."):
        return _height("codemods.passes.*")
    raise AssertionError(f"{part} is in no layer: give it a place in LAYERS")


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import, also those for types only and those that are made late."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{_name(path)}:{node.lineno} imports relatively"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield node.lineno, below if below in NAMES else str(node.module)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_downwards(path: Path) -> None:
    part = _part(_name(path))
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in _imports(path)
        if name.split(".")[0] in ("codemods", "cli")
        and _part(name) != part
        and _height(_part(name)) >= _height(part)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_libraries_stay_where_they_belong(path: Path) -> None:
    part = _part(_name(path))
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}, which only {home} uses"
        for line, name in _imports(path)
        if (home := KEPT.get(name.split(".")[0], part)) != part
    ]
    assert not wrong, "\n".join(wrong)


def test_every_layer_exists() -> None:
    named = {part for layer in LAYERS for part in layer if not part.endswith("*")}
    assert not named - {_part(name) for name in NAMES}


LARGEST = "codemods.passes.async_session"
ROOMED = [path for path in MODULES if _name(path).startswith(f"{LARGEST}.")]


def _room(module: str) -> int | None:
    """How high the room of a module of the largest pass lies; ``None`` for what is in no room."""
    below = module.removeprefix(f"{LARGEST}.").split(".")[0]
    return ROOMS.index(below) if module != LARGEST and below in ROOMS else None


@pytest.mark.parametrize("path", ROOMED, ids=_name)
def test_rooms_of_the_largest_pass_look_downwards(path: Path) -> None:
    room = _room(_name(path))
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name in _imports(path)
        if room is not None
        and name.startswith(LARGEST)
        and ((other := _room(name)) is None or other > room)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_exists() -> None:
    assert {_room(_name(path)) for path in ROOMED} >= set(range(len(ROOMS)))
