"""Takes out each load that the migration added to a golden application: it has to be missed.

    cd tests && PYTHONPATH=.. python -m golden.takeouts [NAME ...]

Every step of a loader option, name of a ``refresh`` and re-read that stands in ``after`` and not
in ``before`` is taken out by itself. The scenario or the suite must then fail on SQLite; a load
that nothing misses is over-fetching, or no request needs it.
"""

from __future__ import annotations

import ast
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import runner
from .scenario import Scenario, load

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


# -- one golden application ----------------------------------------------------------------------


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


class Bench:
    """Runs of one golden application, the one of ``before`` made once."""

    def __init__(self, scenario: Scenario, work: Path) -> None:
        self.scenario = scenario
        self.work = work
        self._count = 0
        self.before = self._run(scenario.folder / "before")
        self.suite = self._run_suite(scenario.folder / "before")

    def _folder(self, source: Path) -> Path:
        self._count += 1
        return runner.copy_application(source, self.work / str(self._count) / "app")

    def _run(self, source: Path) -> runner.Run:
        folder = self._folder(source)
        database = runner.database_for(self.scenario, folder, folder.parent / "data.db")
        return runner.run(folder, self.scenario, database, folder.parent / "run")

    def _run_suite(self, source: Path) -> runner.SuiteRun | None:
        if not self.scenario.tests or not (source / self.scenario.tests).is_dir():
            return None
        folder = self._folder(source)
        database = runner.database_for(self.scenario, folder, folder.parent / "data.db")
        return runner.run_suite(folder, self.scenario, database, folder.parent / "suite")

    def check(self) -> None:
        """Refuse to judge by an application that fails with all of its loads."""
        if self._fails(self._folder(self.scenario.folder / "after")):
            raise SystemExit(f"{self.scenario.name} fails as it is")

    def misses(self, path: Path, index: int) -> bool:
        """Whether the application without one load is no longer that of the golden."""
        less = self._folder(self.scenario.folder / "after")
        tree = ast.parse((less / path).read_text("utf-8"))
        list(loads(tree))[index].take_out()
        (less / path).write_text(ast.unparse(ast.fix_missing_locations(tree)), "utf-8")
        return self._fails(less)

    def _fails(self, less: Path) -> bool:
        try:
            run = self._run(less)
        except AssertionError:
            return True
        if runner.troubles(run, self.scenario, migrated=True):
            return True
        if runner.differences(self.before, run, self.scenario):
            return True
        suite = self._run_suite(less)
        return (
            suite is not None
            and self.suite is not None
            and bool(runner.suite_troubles(self.suite, suite))
        )


def main(names: list[str]) -> int:
    """Print what each application could do without; the number of such loads."""
    total, needless = 0, 0
    for folder in runner.golden_folders():
        if names and folder.name not in names:
            continue
        scenario = load(folder)
        found = list(added(folder / "before", folder / "after"))
        if not found or "sqlite" not in scenario.databases:
            continue
        with tempfile.TemporaryDirectory() as work:
            bench = Bench(scenario, Path(work))
            bench.check()
            unmissed = [one for one in found if not bench.misses(one[0], one[1])]
        total, needless = total + len(found), needless + len(unmissed)
        print(f"{scenario.name}: {len(found)} loads, {len(unmissed)} not missed", flush=True)
        for path, _, one in unmissed:
            print(f"    {path} {one.function}: {one.text}", flush=True)
    print(f"{total} loads, {needless} not missed")
    return needless


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
