"""The loads that the migration added to a golden application, and what takes each out again."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOADERS = frozenset("selectinload joinedload immediateload subqueryload undefer".split())
_POPULATE = "populate_existing"


@dataclass(frozen=True)
class Load:
    """One load in a tree: where it is, its text, and what takes it out of that tree."""

    function: str
    text: str
    take_out: Callable[[], None]


def loads(tree: ast.Module) -> Iterator[Load]:
    """The loads of a module, in the order of the tree."""
    yield from _within(tree, "", _parents(tree))


def _parents(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _within(node: ast.AST, function: str, parents: dict[ast.AST, ast.AST]) -> Iterator[Load]:
    for child in ast.iter_child_nodes(node):
        name = function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{function}.{child.name}".lstrip(".")
        if isinstance(child, ast.Call):
            yield from _of_call(child, name, parents)
        yield from _within(child, name, parents)


def _of_call(call: ast.Call, function: str, parents: dict[ast.AST, ast.AST]) -> Iterator[Load]:
    word = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    holders = [call.args] if word == "options" else []
    for keyword in call.keywords:
        if keyword.arg == "options" and isinstance(keyword.value, ast.List | ast.Tuple):
            holders.append(keyword.value.elts)
        if keyword.arg == _POPULATE:
            yield Load(function, f"{_POPULATE}: {_chain(call)}", _dropping(call.keywords, keyword))
    for holder in holders:
        for option in holder:
            if _is_loader(option):
                yield Load(function, ast.unparse(option), _shortening(holder, option))
    if word == "refresh":
        yield from _refreshed(call, function, parents)


def _chain(call: ast.Call) -> str:
    return ast.unparse(call.func).partition(".options(")[0]


def _is_loader(option: ast.expr) -> bool:
    """Whether the last step of an option loads something."""
    if not isinstance(option, ast.Call):
        return False
    func = option.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name in LOADERS


def _shortening(holder: list[ast.expr], option: ast.expr) -> Callable[[], None]:
    """Take out the last step of an option; what is left of it stays."""

    def take_out() -> None:
        assert isinstance(option, ast.Call)
        index = holder.index(option)
        before = option.func.value if isinstance(option.func, ast.Attribute) else None
        if isinstance(before, ast.Call):
            holder[index] = before
        else:
            del holder[index]

    return take_out


def _refreshed(call: ast.Call, function: str, parents: dict[ast.AST, ast.AST]) -> Iterator[Load]:
    subject = ast.unparse(call.args[0]) if call.args else ""
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "attribute_names")]
    names = given[0].elts if given and isinstance(given[0], ast.List | ast.Tuple) else []
    if len(names) > 1:
        for name in names:
            yield Load(function, f"refresh {subject}: {ast.unparse(name)}", _dropping(names, name))
        return
    statement: ast.AST | None = call
    while statement is not None and not isinstance(statement, ast.Expr):
        statement = parents.get(statement) if not isinstance(statement, ast.stmt) else None
    if statement is not None:
        text = ", ".join(map(ast.unparse, names)) or "all"
        yield Load(function, f"refresh {subject}: {text}", _emptying(statement))


def _dropping(holder: list, item: ast.AST) -> Callable[[], None]:  # type: ignore[type-arg]
    return lambda: holder.remove(item)


def _emptying(statement: ast.Expr) -> Callable[[], None]:
    def take_out() -> None:
        statement.value = ast.Constant(None)

    return take_out


def added(before: Path, after: Path) -> Iterator[tuple[Path, int, Load]]:
    """The loads of ``after`` that ``before`` does not have, by file and place in its list."""
    for path in sorted(after.rglob("*.py")):
        relative = path.relative_to(after)
        old = before / relative
        known = Counter(
            (one.function, one.text)
            for one in (loads(ast.parse(old.read_text("utf-8"))) if old.exists() else ())
        )
        for index, one in enumerate(loads(ast.parse(path.read_text("utf-8")))):
            if known[one.function, one.text] > 0:
                known[one.function, one.text] -= 1
            else:
                yield relative, index, one
