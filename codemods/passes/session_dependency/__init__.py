"""The pass ``session-dependency``: a session that is given out is closed when its user is done."""

from __future__ import annotations

from collections.abc import Iterable

from codemods.config import Options
from codemods.edits import FileEdits
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.syntax import Function
from codemods.findings import Code, Finding, Level, Treatment
from codemods.passes.base import Decision, Outcome, Pass
from codemods.passes.session_dependency import codes
from codemods.passes.session_dependency.copies import copied
from codemods.passes.session_dependency.dependencies import Repair, repair
from codemods.passes.session_dependency.engines import undisposed
from codemods.passes.session_dependency.local import Unclosed, unclosed
from codemods.suppression import Silence

DOCUMENTATION = """\
# session-dependency

## What it does
Finds database sessions that are opened and not closed in every case: a dependency that returns a
new session, a generator that yields one without `with` or `finally`, a session opened in a
function and forgotten, and a session stored on an object. In tests, engines that a test or a
fixture makes for itself and never disposes of. It tells too where the same dependency was copied
into several modules: one of them is enough.

## Why is this bad
A session that is not closed holds its connection until the garbage collector finds it. Under
load the pool runs empty and requests fail with a timeout, and the connections that leaked stay
"idle in transaction" on the server. `try: return db` with `finally: db.close()` is no better: the
session is closed before it is used, and opens again silently. The connections of a test's engine
outlive its event loop once they are async, and then complain or keep the process from ending.

## Example
```python
def get_db() -> Session:
    return SessionLocal()
```

## Use instead
```python
def get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db
```

## Fix safety
The dependency gives out the same session; only its end differs. A function that is also called
directly is left as it is, with a finding, since its callers need a session and not a generator.
So is a function whose session, or an object loaded with it, leaves the function: an object of a
closed session can load nothing more.

## References
- [FastAPI: Dependencies with yield](https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/)
- [SQLAlchemy: Session Basics](https://docs.sqlalchemy.org/en/20/orm/session_basics.html)
"""

_MESSAGES = {
    codes.RETURNED.code: "{name} returns a session that nobody closes",
    codes.UNGUARDED.code: "{name} does not close its session when the request fails",
    codes.UNCLOSED.code: "{name} opens a session and never closes it",
    codes.KEPT.code: "{name} stores a session that is never closed there",
    codes.UNDISPOSED.code: "{name} makes an engine and never disposes of it",
}

_CLOSES = "closes its session by a with statement"
_ACTIONS = {codes.UNDISPOSED.code: "disposes of its engine at the end"}

_WORDS = ("Session", "sessionmaker", "SessionLocal", "scoped_session")


def plan(program: Program, options: Options) -> Outcome:
    """Find the sessions that leak, and what becomes of each."""
    found: list[Repair | Unclosed] = []
    for function in _candidates(program):
        if (problem := repair(function, program)) is not None:
            found.append(problem)
        elif not program.web.in_tests(function.module):
            found.extend(unclosed(function, program))
    found.extend(undisposed(program))
    silence = Silence(program.codebase, options, codes.NAME)
    edits: dict[str, FileEdits] = {}
    for entry in found:
        _leave_silenced(entry, silence)
        path = entry.function.module.path
        if entry.edits and program.codebase.editable(path):
            known_edits = edits.get(path, FileEdits())
            imports = tuple(entry.imports) if isinstance(entry, Repair) else ()
            edits[path] = FileEdits(
                known_edits.edits + tuple(entry.edits),
                tuple(dict.fromkeys(known_edits.add_imports + imports)),
            )
    return Outcome(
        edits,
        findings=tuple(sorted([*map(_finding, found), *copied(program)])),
        decisions=tuple(_decision(problem) for problem in found),
    )


def _leave_silenced(problem: Repair | Unclosed, silence: Silence) -> None:
    module = problem.function.module
    line = module.key(problem.node).line
    if problem.edits and (why := silence.why(module.path, line, problem.code.code)):
        problem.edits, problem.reason = [], why


def _candidates(program: Program) -> Iterable[Function]:
    """The functions that could open a session, judged by the words of their modules.

    A factory can have any name: a module that calls one names it, so the names of all factories
    are looked for too.
    """
    names = set(_WORDS)
    for module in program.modules.mentioning(("sessionmaker", "scoped_session", "Session")):
        for name in module.scope.bindings:
            if any(
                program.is_sessionmaker_class(getattr(value, "cls", ""))
                or getattr(value, "cls", "") == known.SCOPED_SESSION
                for value in program.inference.name(name, module.scope)
            ):
                names.add(name)
    for module in program.modules.mentioning(names):
        yield from module.functions.values()


def _finding(problem: Repair | Unclosed) -> Finding:
    node, module = problem.node, problem.function.module
    key = module.key(node)
    message = _MESSAGES[problem.code.code].format(name=problem.function.qualname)
    return Finding(
        module.path,
        key.line,
        key.column + 1,
        problem.code.code,
        message,
        codes.NAME,
        Level.SAFE if problem.edits else Level.DISPLAY,
        Treatment.NATIVE if problem.edits else Treatment.LEFT,
        (problem.reason,) if problem.reason else (),
        problem.function.qualname,
    )


def _decision(problem: Repair | Unclosed) -> Decision:
    function = problem.function
    treatment = Treatment.NATIVE if problem.edits else Treatment.LEFT
    action = _ACTIONS.get(problem.code.code, _CLOSES) if problem.edits else "is left as it is"
    return Decision(
        function.module.path,
        function.definition.lineno,
        function.qualname,
        treatment.value,
        action,
        (problem.reason,) if problem.reason else (),
    )


CODES: tuple[Code, ...] = codes.CODES

PASS = Pass(
    name=codes.NAME,
    order=10,
    summary="Sessions that dependencies and functions open are closed",
    subject="Close the sessions that dependencies and functions open",
    level=Level.SAFE,
    codes=CODES,
    documentation=DOCUMENTATION,
    plan=plan,
)
