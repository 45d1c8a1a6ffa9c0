"""What the user asked for: command line over ``[tool.looplift]`` over defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from codemods.errors import UserError
from codemods.findings import Finding

#: How streamed lists are written.
STREAM_FORMATS = ("array", "jsonl")
#: What background jobs can wait in.
QUEUES = ("memory", "taskiq", "procrastinate")


class Held(NamedTuple):
    """A file, or lines of it as the pass finds them, that a pass has to leave alone."""

    rule: str
    path: str
    first: int = 0
    last: int = 0

    @property
    def whole(self) -> bool:
        """Whether it is the whole file."""
        return not self.first

    def covers(self, rule: str, path: str, line: int) -> bool:
        """Whether a place is held."""
        return (self.rule, self.path) == (rule, path) and (
            self.whole or self.first <= line <= self.last
        )


@dataclass(frozen=True)
class Options:
    """The settings of one run.

    ``select``, ``extend_select`` and ``ignore`` hold names of passes, codes or prefixes of codes,
    as in ruff; an empty ``select`` means every pass whose level is safe (and, with
    ``unsafe_fixes``, the others). ``exclude`` and the patterns of ``per_file_ignores`` are
    relative to the root of the code base. ``driver`` maps a database ("postgresql", "sqlite",
    "mysql") to the driver asked for. ``jobs`` is the number of processes (0: as many as there are
    processors). ``streaming`` holds as ``include`` and ``exclude`` patterns of the path
    operations that may be streamed. ``origins`` says where in a configuration file a rule was
    named.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unsafe_fixes: bool = False
    driver: tuple[tuple[str, str], ...] = ()
    jobs: int = 0
    cache: bool = True
    extend_select: tuple[str, ...] = ()
    streaming: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Whether what is left to a person gets a comment in the code.
    markers: bool = False
    #: Where background jobs wait: in "memory", or by "taskiq" or "procrastinate".
    queue: str = "memory"
    #: A limit of so many rows or more is none (0: every limit is one).
    stream_threshold: int = 0
    #: How streamed lists are written: as a JSON "array", or as "jsonl".
    stream_format: str = "array"
    origins: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)
    #: What passes must leave alone, since the user's command fails with it.
    held: tuple[Held, ...] = ()
    #: What other passes leave in the code base, where a pass heeds them.
    left: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Overrides:
    """What the command line says; None where it says nothing."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] | None = None
    unsafe_fixes: bool | None = None
    driver: tuple[str, ...] = ()
    jobs: int | None = None
    cache: bool = True
    queue: str | None = None
    markers: bool | None = None
    stream_format: str | None = None


def load_options(target: Path, root: Path, overrides: Overrides, config: Path | None) -> Options:
    """The options for ``target``: those of its configuration, then those of the command line."""
    location = config or find_config(target)
    options = read_config(location, root, explicit=config is not None) if location else Options()
    return _override(options, overrides, root)


def find_config(target: Path) -> Path | None:
    """The nearest ``pyproject.toml`` with a ``[tool.looplift]`` table at or above ``target``."""
    folder = target if target.is_dir() else target.parent
    for candidate in (folder, *folder.parents):
        location = candidate / "pyproject.toml"
        if location.is_file() and _tool(_table(location)) is not None:
            return location
    return None


def read_config(location: Path, root: Path, *, explicit: bool = False) -> Options:
    """The options that a configuration file holds.

    In a ``pyproject.toml`` they are in ``[tool.looplift]``; another file that was named by the
    user may have them at its top level.
    """
    document = _table(location)
    table = _tool(document)
    if table is None:
        table = document if explicit and location.name != "pyproject.toml" else {}
    if not isinstance(table, dict):
        raise UserError(f"{shown(location)}: `tool.looplift` has to be a table")
    return _Reader(location, root).options(table)


def parse_driver(text: str, where: str) -> tuple[str, str]:
    """``postgresql=asyncpg`` as a pair; ``where`` begins the sentence if it is wrong."""
    database, separator, driver = text.partition("=")
    if not separator or not driver:
        raise UserError(f"{where}a driver is given as `database=driver`, not as `{text}`")
    from codemods.drivers.table import DATABASES, database_named

    known = database_named(database)
    if known is None:
        names = ", ".join(known.name for known in DATABASES)
        raise UserError(f"{where}unknown database `{database}` (known: {names})")
    if driver not in known.drivers:
        names = ", ".join(known.drivers)
        raise UserError(f"{where}unknown async driver `{driver}` for {database} (known: {names})")
    return known.name, driver


def anchored(patterns: Iterable[str], base: Path, root: Path) -> tuple[str, ...]:
    """Patterns relative to the folder ``base``, made relative to ``root``.

    A pattern without a slash is a name at any depth and stays as it is.
    """
    prefix = os.path.relpath(base, root).replace(os.sep, "/")
    outside = prefix == "." or prefix.startswith("..")
    return tuple(_anchor(pattern, "" if outside else prefix + "/") for pattern in patterns)


def _anchor(pattern: str, prefix: str) -> str:
    pattern = pattern.removeprefix("./").rstrip("/")
    return prefix + pattern if "/" in pattern and not pattern.startswith("**/") else pattern


def shown(location: Path) -> str:
    """A path as a person wants to read it: relative to the working directory if below it."""
    try:
        return str(location.relative_to(Path.cwd()))
    except ValueError:
        return str(location)


def _override(options: Options, overrides: Overrides, root: Path) -> Options:
    """As in ruff, ``--select`` starts afresh and ``--ignore`` adds to what is ignored."""
    if overrides.select is not None:
        options = replace(options, select=overrides.select, extend_select=(), ignore=())
    drivers = dict(options.driver)
    drivers.update(parse_driver(item, "--driver: ") for item in overrides.driver)
    if overrides.exclude is not None:
        options = replace(options, exclude=anchored(overrides.exclude, Path.cwd(), root))
    if overrides.unsafe_fixes is not None:
        options = replace(options, unsafe_fixes=overrides.unsafe_fixes)
    if overrides.markers is not None:
        options = replace(options, markers=overrides.markers)
    if overrides.queue is not None:
        options = replace(options, queue=overrides.queue)
    if overrides.stream_format is not None:
        options = replace(options, stream_format=overrides.stream_format)
    if overrides.jobs is not None:
        options = replace(options, jobs=overrides.jobs)
    return replace(
        options,
        extend_select=options.extend_select + overrides.extend_select,
        ignore=options.ignore + overrides.ignore,
        driver=tuple(sorted(drivers.items())),
        cache=options.cache and overrides.cache,
    )


def _tool(document: Mapping[str, Any]) -> Any:
    tool = document.get("tool")
    return tool.get("looplift") if isinstance(tool, dict) else None


def _table(location: Path) -> dict[str, Any]:
    try:
        with location.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{shown(location)}: is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{shown(location)}: is not valid TOML: it is not UTF-8") from error
    except OSError as error:
        raise UserError(f"{shown(location)}: cannot be read ({error.strerror})") from error


class _Reader:
    """Turns the table of a configuration file into options, naming file and line if it cannot."""

    def __init__(self, location: Path, root: Path) -> None:
        self._location = location
        self._root = root
        self._keys: dict[str, Callable[[str, Any], Any]] = {
            "select": self._rules,
            "extend-select": self._rules,
            "ignore": self._rules,
            "exclude": self._patterns,
            "extend-exclude": self._patterns,
            "per-file-ignores": self._per_file,
            "unsafe-fixes": self._flag,
            "markers": self._flag,
            "driver": self._drivers,
            "jobs": self._count,
            "queue": self._queue,
            "streaming": self._streaming,
        }

    def options(self, table: Mapping[str, Any]) -> Options:
        """The options that ``table`` holds."""
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in self._keys:
                raise self._error(key, f"unknown key `{key}`{self._guess(key)}")
            found = self._keys[key](key, value)
            values |= found if key == "streaming" else {key.replace("-", "_"): found}
        values["exclude"] = values.get("exclude", ()) + values.pop("extend_exclude", ())
        return Options(**values, origins=tuple(self._origins(values)))

    def _origins(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for key in ("select", "extend_select", "ignore"):
            for rule in values.get(key, ()):
                yield rule, self._where(key.replace("_", "-"))
        for _, rules in values.get("per_file_ignores", ()):
            for rule in rules:
                yield rule, self._where("per-file-ignores")

    def _rules(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._error(key, f"`{key}` has to be a list of strings")
        return tuple(value)

    def _patterns(self, key: str, value: Any) -> tuple[str, ...]:
        return anchored(self._rules(key, value), self._location.parent, self._root)

    def _per_file(self, key: str, value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not isinstance(value, dict):
            raise self._error(key, f"`{key}` has to be a table of patterns and lists of rules")
        return tuple(
            (anchored([pattern], self._location.parent, self._root)[0], self._rules(key, rules))
            for pattern, rules in value.items()
        )

    def _flag(self, key: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._error(key, f"`{key}` has to be true or false")
        return value

    def _count(self, key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._error(key, f"`{key}` has to be a number that is not negative")
        return value

    def _drivers(self, key: str, value: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._error(key, f'`{key}` has to be a table such as {{postgresql = "asyncpg"}}')
        where = self._where(key) + ": "
        return tuple(parse_driver(f"{name}={driver}", where) for name, driver in value.items())

    def _queue(self, key: str, value: Any) -> str:
        if value not in QUEUES:
            raise self._error(key, f"`{key}` has to be one of {', '.join(QUEUES)}")
        return str(value)

    def _streaming(self, key: str, value: Any) -> dict[str, Any]:
        known = ("include", "exclude", "threshold", "format")
        if not isinstance(value, dict) or set(value) - set(known):
            names = ", ".join(f"`{name}`" for name in known)
            raise self._error(key, f"`{key}` has to be a table with {names}")
        patterns = ((name, value[name]) for name in ("include", "exclude") if name in value)
        form = value.get("format", STREAM_FORMATS[0])
        if form not in STREAM_FORMATS:
            raise self._error(key, f"`format` has to be one of {', '.join(STREAM_FORMATS)}")
        return {
            "streaming": tuple((name, self._rules(name, given)) for name, given in patterns),
            "stream_threshold": self._count("threshold", value.get("threshold", 0)),
            "stream_format": form,
        }

    def _guess(self, key: str) -> str:
        close = difflib.get_close_matches(key, self._keys, n=1)
        known = ", ".join(self._keys)
        return f" (did you mean `{close[0]}`?)" if close else f" (known: {known})"

    def _error(self, key: str, message: str) -> UserError:
        return UserError(f"{self._where(key)}: {message}")

    def _where(self, key: str) -> str:
        line = self._line(key)
        return f"{shown(self._location)}:{line}" if line else shown(self._location)

    def _line(self, key: str) -> int:
        """The line of a key, as far as it can be told without a TOML parser that counts lines."""
        section, first = "", 0
        lines = self._location.read_text("utf-8", "replace").split("\n")
        for number, line in enumerate(map(str.strip, lines), 1):
            if line.startswith("["):
                section = line.strip("[] ").replace('"', "")
                if section == "tool.looplift":
                    first = number
            if section == f"tool.looplift.{key}":
                return number
            name = line.partition("=")[0].strip().strip("\"'")
            if section in ("tool.looplift", "") and name == key:
                return number
        return first
