"""Migrate, start and compare golden applications."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .databases import Database, Tables, rows, sqlite_database
from .detectors import ERROR, LEAK, NEVER_AWAITED
from .drive import END_OF_TRANSCRIPT
from .scenario import DATABASE_FIELDS, JsonPath, Request, Scenario, fill

if TYPE_CHECKING:
    from codemods.pipeline import Migration

TESTS = Path(__file__).parent.parent
GOLDEN = TESTS.parent / "golden"

#: Seconds that a process may take to end once its transcript is written.
PATIENCE = 10
_NEVER_COMPARED = frozenset({"date", "server"})
_LEFTOVERS = ("__pycache__", ".pytest_cache", "*.pyc", "*.db", "*.sqlite3")


def golden_folders() -> list[Path]:
    """The golden applications: the folders that hold a scenario."""
    return sorted(path.parent for path in GOLDEN.glob("*/scenario.toml"))


def copy_application(source: Path, target: Path) -> Path:
    """Copy an application without what earlier runs left in it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_LEFTOVERS))
    return target


def files(folder: Path) -> dict[str, bytes]:
    """Every file of an application, by its path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(
            part.startswith("__pycache__") or Path(part).match(pattern)
            for part in relative.parts
            for pattern in _LEFTOVERS
        ):
            found[relative.as_posix()] = path.read_bytes()
    return found


# ---------------------------------------------------------------- the migration, as text


def migrate(folder: Path, scenario: Scenario) -> list[str]:
    """Migrate the application in ``folder`` in place; the paths that changed."""
    return write(folder, migration_of(folder, scenario))


def migration_of(folder: Path, scenario: Scenario) -> Migration:
    """What looplift makes of the application in ``folder``; nothing is written."""
    from codemods.config import Options
    from codemods.passes import all_passes
    from codemods.pipeline import migrate as migration
    from codemods.selection import resolve
    from codemods.source import load

    options = Options(select=scenario.passes, unsafe_fixes=scenario.unsafe_fixes, jobs=1)
    chosen = resolve(options, all_passes()).passes
    before = load(folder)
    if before.errors:
        raise ValueError(f"files that cannot be read: {before.errors}")
    return migration(before, chosen, options)


def write(folder: Path, migration: Migration) -> list[str]:
    """Write what a migration made; the paths that changed."""
    before, changed = migration.before, []
    for path, file in migration.after.files.items():
        if path not in before or before[path].text != file.text:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.to_bytes())
            changed.append(path)
    return changed


def unexplained(migration: Migration) -> list[str]:
    """The hunks of which looplift does not say what they come from."""
    from codemods.patches import make_patch
    from codemods.patches.hunks import Reasons
    from codemods.patches.story import chapters

    reasons = Reasons(migration, chapters(migration, lambda found, _: tuple(found)))
    return [
        f"{file.path}:{hunk.old[0]} ({', '.join(hunk.rules)})"
        for file in make_patch(migration.before, migration.after).files
        for hunk in reasons.hunks(file)
        if not (hunk.findings or hunk.decisions or hunk.follows)
    ]


def replace_files(target: Path, source: Path) -> None:
    """Make the files of ``target`` those of ``source``."""
    shutil.rmtree(target, ignore_errors=True)
    copy_application(source, target)


def text_differences(expected: Path, actual: Path) -> list[str]:
    """How the files of two folders differ, as unified diffs."""
    left, right = files(expected), files(actual)
    found = []
    for path in sorted(left.keys() | right.keys()):
        if left.get(path) != right.get(path):
            diff = unified_diff(
                left.get(path, b"").decode(errors="replace").splitlines(),
                right.get(path, b"").decode(errors="replace").splitlines(),
                f"{path} (expected)" if path in left else "/dev/null",
                f"{path} (made)" if path in right else "/dev/null",
                lineterm="",
            )
            found.append("\n".join(diff) or f"{path}: the bytes differ (line ends or encoding)")
    return found


def syntax_errors(folder: Path) -> list[str]:
    """The modules that do not compile."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        try:
            compile(path.read_bytes(), str(path), "exec")
        except (SyntaxError, ValueError) as error:
            found.append(f"{path.relative_to(folder)}: {error}")
    return found


# ---------------------------------------------------------------- one run


class Process(Protocol):
    """What is asked of the process of an application."""

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def kill(self) -> None: ...

    def wait(self) -> object: ...


#: Starts an application: its folder, environment, job and the file for its output.
Start = Callable[[Path, Mapping[str, str], Path, Path], Process]


class UnfinishedError(AssertionError):
    """An application that did not finish in time: it says nothing about what it does."""


@dataclass(frozen=True)
class Run:
    """What one application did with the scenario."""

    transcript: Mapping[str, Any]
    tables: Tables
    #: What went wrong around the transcript.
    troubles: tuple[str, ...] = ()


def run(
    folder: Path,
    scenario: Scenario,
    database: Database,
    work: Path,
    changing: tuple[str, ...] = (),
    start: Start | None = None,
) -> Run:
    """Start the application in ``folder`` on a fresh database and send it the scenario.

    SQLite changes the texts that are stored in the columns ``changing`` (``table.column``).
    """
    work.mkdir(parents=True, exist_ok=True)
    transcript, output = work / "transcript.json", work / "output.txt"
    job = {
        "scenario": str(scenario.folder),
        "database": database.kind,
        "dsn": database.dsn,
        "transcript": str(transcript),
        "hide": str(TESTS),
        "changing": changing,
    }
    (work / "job.json").write_text(json.dumps(job), encoding="utf-8")
    process = (start or _started)(
        folder, environment(scenario, database), work / "job.json", output
    )
    ended = _wait(process, transcript, scenario.timeout)
    text = output.read_text(encoding="utf-8", errors="replace")
    if not transcript.exists():
        if not ended:
            raise UnfinishedError(f"the application did not finish in time:\n{text[-6000:]}")
        raise AssertionError(f"the application ended with {process.returncode}:\n{text[-6000:]}")
    troubles = list(_late_troubles(text))
    if not ended:
        troubles.append(f"does not end: still there {PATIENCE} s after its shutdown")
    written = json.loads(transcript.read_text(encoding="utf-8"))
    if written["failed"]:
        troubles.append(written["failed"])
    return Run(written, rows(database), tuple(troubles))


def _started(folder: Path, variables: Mapping[str, str], job: Path, log: Path) -> Process:
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "golden.drive", str(job)],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )


def database_for(scenario: Scenario, folder: Path, file: Path) -> Database:
    """The SQLite database of an application: its own file if it names one, else ``file``."""
    named = scenario.database_file
    return sqlite_database(folder / named if named else file)


def environment(scenario: Scenario, database: Database) -> dict[str, str]:
    """The environment of the process: the scenario's, and as little as possible of ours."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
    result = {key: os.environ[key] for key in kept if key in os.environ}
    result |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
    names = database.environment_fields(scenario.url_scheme(database.kind))
    absent = dict.fromkeys(DATABASE_FIELDS, "")  # SQLite has no host
    for key, value in (scenario.environment or {}).items():
        result[key] = str(fill(value, absent | names))
    result["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), result.get("PYTHONPATH")]))
    return result


def _wait(process: Process, transcript: Path, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    patient = False
    while process.poll() is None:
        if transcript.exists() and not patient:
            patient, deadline = True, time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            return False
        time.sleep(0.02)
    return True


def _late_troubles(output: str) -> Iterator[str]:
    _, marker, late = output.partition(END_OF_TRANSCRIPT)
    signs = ("was never awaited", "Task was destroyed", "non-checked-in connection", "Traceback")
    if marker and any(sign in late for sign in signs):
        yield f"at the end of the interpreter:\n{late.strip()}"


# ---------------------------------------------------------------- what the detectors saw


def troubles(run: Run, scenario: Scenario, *, migrated: bool) -> list[str]:
    """What must not be: unexpected statuses, faults, and the loop blocked (or not, before)."""
    found = list(run.troubles)
    transcript = run.transcript
    for number, answers in enumerate(transcript["exchanges"]):
        request = scenario.requests[number]
        for answer in answers:
            if answer["status"] != request.status:
                found.append(
                    f"{request.label}: answered {answer['status']}, the scenario expects "
                    f"{request.status}: {answer['body'][:500]}"
                )
    for fault in transcript["faults"]:
        if not _meant(fault, scenario):
            found.append(f"{fault['kind']} in {_phase(fault['phase'], scenario)}: {fault['text']}")
    on_loop = transcript["sync_on_loop"]
    if migrated:
        if transcript["checked_out"]:
            found.append(f"{LEAK}: {transcript['checked_out']} checked out after the shutdown")
        if on_loop:
            phases = {_phase(phase, scenario): count for phase, count in on_loop.items()}
            found.append(f"sync statements on the event loop: {phases}, at {transcript['places']}")
    else:
        blocking = any(phase.startswith("request ") for phase in on_loop)
        if blocking and not scenario.blocks_before:
            found.append(
                "blocks_before is false, but sync statements ran on the event loop "
                f"at {transcript['places']}"
            )
        if scenario.blocks_before and not blocking:
            found.append("blocks_before is true, but no sync statement ran on the event loop")
    return found


def _meant(fault: Mapping[str, str], scenario: Scenario) -> bool:
    request = _request(fault["phase"], scenario)
    return fault["kind"] == ERROR and request is not None and request.may_log_errors


def _request(phase: str, scenario: Scenario) -> Request | None:
    word, _, number = phase.partition(" ")
    return scenario.requests[int(number)] if word == "request" else None


def _phase(phase: str, scenario: Scenario) -> str:
    request = _request(phase, scenario)
    return f"{phase} ({request.label})" if request else phase


# ---------------------------------------------------------------- before against after


def differences(before: Run, after: Run, scenario: Scenario) -> list[str]:
    """What the two applications answered, left in the database or sent to it differently."""
    found = []
    for number, request in enumerate(scenario.requests):
        pair = [run.transcript["exchanges"][number : number + 1] for run in (before, after)]
        if not all(pair):
            break  # a run that failed says so itself
        left, right = ([_seen(answer, request, scenario) for answer in side[0]] for side in pair)
        if request.concurrent > 1:
            left, right = sorted(left), sorted(right)
        if left != right:
            diff = unified_diff(
                "\n".join(left).splitlines(),
                "\n".join(right).splitlines(),
                "before",
                "after",
                lineterm="",
                n=8,
            )
            found.append(f"{request.label} is answered differently:\n" + "\n".join(diff))
        phase = f"request {number}"
        sent = [run.transcript["statements"].get(phase, 0) for run in (before, after)]
        if sent[1] > sent[0] + request.extra_statements:
            allowed = f" + {request.extra_statements} allowed" if request.extra_statements else ""
            found.append(
                f"{request.label}: more statements, {sent[1]} after, {sent[0]} before{allowed}"
            )
    found += _row_differences(before.tables, after.tables, scenario.ignore_columns)
    return found


def _seen(answer: Mapping[str, Any], request: Request, scenario: Scenario) -> str:
    """An answer as text, without what may differ."""
    body, ignored = _body(answer["body"], (*scenario.ignore, *request.ignore))
    hidden = set(_NEVER_COMPARED) | ({"content-length"} if ignored else set())
    hidden |= {name.lower() for name in (*scenario.ignore_headers, *request.ignore_headers)}
    headers = [f"{name}: {value}" for name, value in answer["headers"] if name not in hidden]
    return "\n".join([str(answer["status"]), *headers, "", body])


def _body(text: str, ignore: Iterable[str]) -> tuple[str, bool]:
    """JSON is compared with its order and the spelling of its numbers; other text as it is.

    Where nothing is ignored, JSON is compared as it was sent too: its spaces and escapes.
    """
    try:
        document = json.loads(
            text,
            parse_float=lambda number: f"<number {number}>",
            parse_constant=lambda name: f"<number {name}>",
        )
    except ValueError:
        return text, False
    total = 0
    for path in ignore:
        document, count = JsonPath.parse(path).blank(document)
        total += count
    readable = json.dumps(document, indent=1, ensure_ascii=False)
    return readable if total else f"{readable}\nas sent: {text}", bool(total)


def _row_differences(before: Tables, after: Tables, ignore: Iterable[str]) -> list[str]:
    found = []
    hidden = set(ignore)
    for table in sorted(before.keys() | after.keys()):
        if table not in before or table not in after:
            found.append(f"table {table} exists only {'after' if table in after else 'before'}")
            continue
        left, right = (_table_text(table, side[table], hidden) for side in (before, after))
        if left != right:
            diff = unified_diff(left, right, f"{table} before", f"{table} after", lineterm="", n=1)
            found.append("rows differ:\n" + "\n".join(diff))
    return found


def _table_text(
    table: str, content: tuple[tuple[str, ...], list[tuple[str, ...]]], hidden: set[str]
) -> list[str]:
    columns, lines = content
    blank = [f"{table}.{name}" in hidden or f"*.{name}" in hidden for name in columns]
    texts = [
        ", ".join(_kind(value) if hide else value for value, hide in zip(line, blank, strict=True))
        for line in lines
    ]
    return [", ".join(columns), *sorted(texts)]


def _kind(text: str) -> str:
    if text == "None":
        return text
    return "<text>" if text[:1] in "'\"" else f"<{re.split(r'[(0-9]', text)[0] or 'number'}>"


# ---------------------------------------------------------------- the application's own suite


@dataclass(frozen=True)
class SuiteRun:
    """What the application's own tests said."""

    outcomes: Mapping[str, str]
    exit_code: int
    output: str
    #: How many queries each test sent by reading a relationship.
    lazy: Mapping[str, int] = field(default_factory=dict)
    #: Whether they came to their end in time.
    ended: bool = True

    @property
    def passed(self) -> set[str]:
        """The tests that passed, by their ids without the name of the event loop."""
        return {_plain_id(name) for name, what in self.outcomes.items() if what == "passed"}


def run_suite(folder: Path, scenario: Scenario, database: Database, work: Path) -> SuiteRun:
    """Run the application's own suite, strictly."""
    work.mkdir(parents=True, exist_ok=True)
    report = work / "report.json"
    command = [sys.executable, "-m", "pytest", scenario.tests, "-q", "-p", "golden.suite_plugin"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(folder)]
    for strict in (
        "error:coroutine:RuntimeWarning",
        "error::pytest.PytestUnraisableExceptionWarning",
    ):
        command += ["-W", strict]
    env = environment(scenario, database) | {"LOOPLIFT_SUITE_REPORT": str(report)}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=300
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        text = output.decode(errors="replace") if isinstance(output, bytes) else output
        return SuiteRun({}, -1, f"did not end within 300 s\n{text}", ended=False)
    said = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    output = done.stdout + done.stderr
    return SuiteRun(said.get("outcomes", {}), done.returncode, output, said.get("lazy", {}))


def suite_troubles(before: SuiteRun, after: SuiteRun) -> list[str]:
    """What is wrong with the two runs: both must pass, with the same tests."""
    found = []
    for name, suite in (("before", before), ("after", after)):
        if suite.exit_code or not suite.passed:
            found.append(f"the suite of {name} fails:\n{suite.output[-8000:]}")
        if NEVER_AWAITED in suite.output and not suite.exit_code:
            found.append(f"the suite of {name} drops a coroutine:\n{suite.output[-4000:]}")
    if not found and (lost := before.passed - after.passed):
        found.append(f"tests that no longer pass: {sorted(lost)}")
    return found


def _plain_id(name: str) -> str:
    """A test's id without the parameter that an asyncio plugin adds."""
    return re.sub(r"\[asyncio\]|(?<=\[)asyncio-|-asyncio(?=\])", "", name)
