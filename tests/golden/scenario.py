"""The scenario of a golden application: what is started, what is asked of it, what may differ."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

DATABASES = ("sqlite", "postgresql")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Placeholders that the runner fills in, for the environment only.
DATABASE_FIELDS = frozenset(
    {
        "database_url",
        "database_path",
        "database_name",
        "database_host",
        "database_port",
        "database_user",
        "database_password",
    }
)
#: ``{name}`` is a placeholder, ``{{name}}`` is the text ``{name}``.
PLACEHOLDER = re.compile(r"\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}")
STEP = re.compile(r"(?:^|\.)(\*\*|\*|[^.\[\]]+)|\[(\*|\d+)\]")


class ScenarioError(Exception):
    """A scenario that cannot be used, and why, in one sentence."""


@dataclass(frozen=True)
class JsonPath:
    """A place in a JSON document: ``items[0].id``, ``items[*].id``, ``**.created_at``.

    ``*`` is any key, ``[*]`` any index, ``**`` any number of steps. The empty path is the
    whole document.
    """

    text: str
    steps: tuple[str | int, ...]

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """Read a path; raises ``ScenarioError`` when it is malformed."""
        steps: list[str | int] = []
        position = 0
        while position < len(text):
            match = STEP.match(text, position)
            if match is None:
                raise ScenarioError(f"malformed JSON path {text!r}")
            key, index = match.groups()
            steps.append(key or (int(index) if index.isdigit() else "*"))
            position = match.end()
        return cls(text, tuple(steps))

    def first(self, document: Any) -> Any:
        """The first value at this path; raises ``KeyError`` when there is none."""
        for holder, key in self.places({"": document}, ("", *self.steps)):
            return holder[key]
        raise KeyError(self.text)

    def blank(self, document: Any) -> tuple[Any, int]:
        """A copy of ``document`` in which the values at this path are only their type."""
        holder = json.loads(json.dumps({"": document}))
        places = list(self.places(holder, ("", *self.steps)))
        for container, key in places:
            container[key] = f"<ignored {type(container[key]).__name__}>"
        return holder[""], len(places)

    def places(self, value: Any, steps: tuple[str | int, ...]) -> list[tuple[Any, Any]]:
        """The containers and keys that ``steps`` lead to."""
        if not steps:
            return []
        step, rest = steps[0], steps[1:]
        if step == "**":
            found = self.places(value, rest)
            for _, child in _children(value):
                found += self.places(child, steps)
            return found
        found = []
        for key, child in _children(value):
            if step in ("*", key):
                found += self.places(child, rest) if rest else [(value, key)]
        return found


def _children(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


@dataclass(frozen=True)
class Request:
    """One request of a scenario, and what is expected and allowed of its answer."""

    method: str
    path: str
    name: str = ""
    #: The status that both applications must answer with.
    status: int = 200
    headers: Mapping[str, str] | None = None
    query: Mapping[str, Any] | None = None
    json: Any = None
    form: Mapping[str, Any] | None = None
    content: str | None = None
    #: Uploads: field -> {name, content, type}.
    files: Mapping[str, Mapping[str, str]] | None = None
    #: name -> JSON path in the answer; ``{name}`` in later requests is the value.
    capture: Mapping[str, str] | None = None
    #: JSON paths whose values differ from run to run.
    ignore: tuple[str, ...] = ()
    ignore_headers: tuple[str, ...] = ()
    #: Sent that often, one after the other; ``{index}`` counts from 0.
    repeat: int = 1
    #: Sent that often at once; ``{index}`` counts from 0. The answers are compared as a set.
    concurrent: int = 1
    #: The application logs an error or a traceback here, before and after, and means it.
    logs_errors: bool = False
    #: Seconds to wait afterwards, for work that outlives the response.
    wait: float = 0
    #: Statements that ``after`` may send beyond ``before``, and why.
    extra_statements: int = 0
    extra_statements_reason: str = ""

    @property
    def label(self) -> str:
        """How failures name this request."""
        return self.name or f"{self.method} {self.path}"

    @property
    def count(self) -> int:
        """How often it is sent."""
        return self.repeat * self.concurrent

    @property
    def may_log_errors(self) -> bool:
        """Whether an error in the log is meant: it says so, or it expects a server error."""
        return self.logs_errors or self.status >= 500


@dataclass(frozen=True)
class Scenario:
    """How a golden application is started, prepared and asked."""

    #: The golden's folder name.
    name: str
    folder: Path
    description: str
    #: The ASGI application, ``module:attribute``.
    app: str
    #: Whether, before the migration, any request runs a sync statement on the event loop.
    blocks_before: bool
    requests: tuple[Request, ...]
    databases: tuple[str, ...] = DATABASES
    environment: Mapping[str, str] | None = None
    #: The scheme of ``{database_url}`` for each database.
    url_schemes: Mapping[str, str] | None = None
    #: Where the application itself puts its SQLite file, relative to its folder.
    database_file: str = ""
    #: Names of passes; empty means what ``looplift apply`` does by default.
    passes: tuple[str, ...] = ()
    #: Also the passes that ``--unsafe-fixes`` adds.
    unsafe_fixes: bool = False
    #: SQL, or a .sql or .py file of this folder, run on the database before the start.
    prepare: str = ""
    #: The same, run after start-up and before the first request.
    seed: str = ""
    #: A real uvicorn on a loopback port instead of the ASGI transport.
    server: bool = False
    base_url: str = "http://testserver"
    #: JSON paths ignored in every answer.
    ignore: tuple[str, ...] = ()
    ignore_headers: tuple[str, ...] = ()
    #: ``table.column`` (``*.column`` for all tables) whose values differ from run to run.
    ignore_columns: tuple[str, ...] = ()
    #: The folder of the application's own suite; "" when it has none.
    tests: str = "tests"
    #: Commands that the application has beside its service (migrations, scripts, workers).
    install: tuple[str, ...] = ()
    #: What the migration does not get right yet: the check ("behaviour", "suite") and the cause.
    known_gaps: Mapping[str, str] | None = None
    #: Added loads that nothing misses, as ``golden.takeouts`` prints them, and the cause.
    unmissed: Mapping[str, str] | None = None
    #: Seconds that one start with all requests may take.
    timeout: int = 60

    def url_scheme(self, database: str) -> str:
        """The scheme of ``{database_url}``."""
        return (self.url_schemes or {}).get(database, database)


def load(folder: Path) -> Scenario:
    """Read ``folder/scenario.toml``; raises ``ScenarioError`` that names file and place."""
    path = folder / "scenario.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _scenario(folder, data)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not valid TOML ({error})") from error
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error


def fill(value: Any, names: Mapping[str, Any]) -> Any:
    """Replace the placeholders in ``value`` (at any depth) by ``names``.

    A string that is nothing but one placeholder becomes the value itself, with its type.
    """
    if isinstance(value, dict):
        return {fill(key, names): fill(child, names) for key, child in value.items()}
    if isinstance(value, list):
        return [fill(child, names) for child in value]
    if not isinstance(value, str):
        return value
    whole = PLACEHOLDER.fullmatch(value)
    if whole and whole[2]:
        return _named(whole[2], names)
    return PLACEHOLDER.sub(
        lambda match: f"{{{match[1]}}}" if match[1] else str(_named(match[2], names)), value
    )


def _named(name: str, names: Mapping[str, Any]) -> Any:
    if name not in names:
        raise ScenarioError(f"no value for the placeholder {{{name}}}")
    return names[name]


def _placeholders(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return _placeholders(list(value.keys())) | _placeholders(list(value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(_placeholders(child) for child in value))
    if isinstance(value, str):
        return {match[2] for match in PLACEHOLDER.finditer(value) if match[2]}
    return set()


# Kinds of values that a key takes: a name for the message, and a test.
_TEXT = ("a string", lambda value: isinstance(value, str))
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_COUNT = (
    "a whole number of at least 1",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
)
_SECONDS = (
    "a number of seconds",
    lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value >= 0,
)
_TEXTS = (
    "a list of strings",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
_TABLE = ("a table", lambda value: isinstance(value, dict))
_TEXT_TABLE = (
    "a table of strings",
    lambda value: isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
)
_ANY = ("a value", lambda value: True)

_SCENARIO_KINDS = {
    "description": _TEXT,
    "app": _TEXT,
    "blocks_before": _FLAG,
    "databases": _TEXTS,
    "environment": _TEXT_TABLE,
    "url_schemes": _TEXT_TABLE,
    "database_file": _TEXT,
    "passes": _TEXTS,
    "unsafe_fixes": _FLAG,
    "prepare": _TEXT,
    "seed": _TEXT,
    "server": _FLAG,
    "base_url": _TEXT,
    "ignore": _TEXTS,
    "ignore_headers": _TEXTS,
    "ignore_columns": _TEXTS,
    "tests": _TEXT,
    "install": _TEXTS,
    "timeout": _COUNT,
    "known_gaps": _TEXT_TABLE,
    "unmissed": _TEXT_TABLE,
}
_REQUEST_KINDS = {
    "method": _TEXT,
    "path": _TEXT,
    "name": _TEXT,
    "status": _COUNT,
    "headers": _TEXT_TABLE,
    "query": _TABLE,
    "json": _ANY,
    "form": _TABLE,
    "content": _TEXT,
    "files": _TABLE,
    "capture": _TEXT_TABLE,
    "ignore": _TEXTS,
    "ignore_headers": _TEXTS,
    "repeat": _COUNT,
    "concurrent": _COUNT,
    "logs_errors": _FLAG,
    "wait": _SECONDS,
    "extra_statements": _COUNT,
    "extra_statements_reason": _TEXT,
}


def _checked(data: Mapping[str, Any], kinds: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``data`` with lists as tuples; raises when a key is unknown or a value of another kind."""
    checked = {}
    for key, value in data.items():
        if key not in kinds:
            known = ", ".join(sorted(kinds))
            raise ScenarioError(f"{where}unknown key {key!r} (known: {known})")
        kind, fits = kinds[key]
        if not fits(value):
            raise ScenarioError(f"{where}{key!r} must be {kind}, not {value!r}")
        checked[key] = tuple(value) if kinds[key] is _TEXTS else value
    return checked


def _scenario(folder: Path, data: dict[str, Any]) -> Scenario:
    requests = data.pop("request", None)
    values = _checked(data, _SCENARIO_KINDS, "")
    for key in ("description", "app", "blocks_before"):
        if key not in values:
            raise ScenarioError(f"{key!r} is missing")
    if not isinstance(requests, list) or not requests:
        raise ScenarioError("there is no [[request]]")
    if values["app"].count(":") != 1:
        raise ScenarioError(f"'app' must be 'module:attribute', not {values['app']!r}")
    if unknown := set(values.get("databases", ())) - set(DATABASES):
        raise ScenarioError(
            f"unknown database {sorted(unknown)[0]!r} (known: {', '.join(DATABASES)})"
        )
    if unknown := set(values.get("known_gaps", {})) - {"behaviour", "suite", "text"}:
        raise ScenarioError(f"'known_gaps' has an unknown check {sorted(unknown)[0]!r}")
    if values.get("databases") == ():
        raise ScenarioError("'databases' is empty")
    if unknown := _placeholders(values.get("environment", {})) - DATABASE_FIELDS:
        raise ScenarioError(f"'environment' has an unknown placeholder {{{sorted(unknown)[0]}}}")
    for column in values.get("ignore_columns", ()):
        if column.count(".") != 1:
            raise ScenarioError(f"'ignore_columns' takes 'table.column', not {column!r}")
    for path in values.get("ignore", ()):
        JsonPath.parse(path)
    for key in ("prepare", "seed"):
        script = values.get(key, "")
        if script.endswith((".sql", ".py")) and not (folder / script).is_file():
            raise ScenarioError(f"{key!r} names the file {script}, which does not exist")
    known: set[str] = set()
    parsed = []
    for number, request in enumerate(requests, 1):
        parsed.append(_request(number, request, known))
        known |= set(parsed[-1].capture or ())
    return Scenario(name=folder.name, folder=folder, requests=tuple(parsed), **values)


def _request(number: int, data: Any, known: set[str]) -> Request:
    where = f"request {number}: "
    if not isinstance(data, dict):
        raise ScenarioError(f"{where}must be a [[request]] table")
    values = _checked(data, _REQUEST_KINDS, where)
    for key in ("method", "path"):
        if key not in values:
            raise ScenarioError(f"{where}{key!r} is missing")
    request = Request(**values)
    where = f"request {number} ({request.label}): "
    if request.method not in METHODS:
        raise ScenarioError(f"{where}unknown method {request.method!r}")
    if not request.path.startswith("/"):
        raise ScenarioError(f"{where}the path must start with '/'")
    bodies = [
        key for key in ("json", "form", "content", "files") if getattr(request, key) is not None
    ]
    if len(bodies) > 1 and bodies != ["form", "files"]:
        raise ScenarioError(f"{where}more than one body ({', '.join(bodies)})")
    if request.repeat > 1 and request.concurrent > 1:
        raise ScenarioError(f"{where}'repeat' and 'concurrent' exclude each other")
    if bool(request.extra_statements) != bool(request.extra_statements_reason):
        raise ScenarioError(
            f"{where}'extra_statements' and 'extra_statements_reason' need each other"
        )
    if request.capture and request.count > 1:
        raise ScenarioError(f"{where}'capture' needs a request that is sent once")
    for file in (request.files or {}).values():
        if not isinstance(file, dict) or not {"name", "content"} <= set(file):
            raise ScenarioError(f"{where}a file is {{name, content, type}}, not {file!r}")
    try:
        for path in (*request.ignore, *(request.capture or {}).values()):
            JsonPath.parse(path)
    except ScenarioError as error:
        raise ScenarioError(f"{where}{error}") from error
    sent = [getattr(request, field.name) for field in fields(Request) if field.name in _SENT]
    allowed = known | ({"index"} if request.count > 1 else set())
    if missing := _placeholders(sent) - allowed:
        raise ScenarioError(
            f"{where}no earlier request captures {{{sorted(missing)[0]}}} "
            "(write {{name}} for the text itself)"
        )
    return request


_SENT = ("path", "headers", "query", "json", "form", "content", "files")
