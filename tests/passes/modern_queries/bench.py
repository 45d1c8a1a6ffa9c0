"""The differential bench: a piece of source before and after the pass, run on the same data."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import types
import warnings
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from codemods.config import Options
from codemods.findings import Finding, Treatment
from codemods.passes.modern_queries import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase
from codemods.source.text import SourceFile

VERSION = tuple(int(part) for part in sa.__version__.split(".")[:3])

MODELS = Path(__file__).with_name("models.py").read_text()

HEADER = """\
import sqlalchemy as sa
from sqlalchemy import and_, case as case_, cast, desc, distinct, exists, func, literal, or_, text
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, selectinload

from models import Badge, Base, Post, Tag, User, post_tags
"""

#: The server on which the bench runs too, for example ``postgresql+psycopg://...``.
SERVER = os.environ.get("LOOPLIFT_BENCH_URL", "")


@dataclass(frozen=True)
class Row:
    """A row of the bench.

    ``source`` is an expression, the body of ``case(s)``, or a whole module with ``case(s)``.
    ``left`` is the code of the finding where it is not converted. ``fields`` says whether the
    names of result rows are compared: legacy rows have none for what has no label.
    ``expected`` is a piece of the converted source.
    """

    name: str
    source: str
    left: str = ""
    fields: bool = True
    expected: str = ""
    statements: bool = True
    engines: tuple[str, ...] = ("sqlite", "postgresql")
    #: The versions of SQLAlchemy in which the legacy form is there and converts.
    since: tuple[int, int] = (1, 4)


@dataclass
class Outcome:
    """What came of a run: its value or exception, the tables after it, the statements."""

    value: Any = None
    error: str = ""
    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    statements: int = 0


def module_source(source: str) -> str:
    """The whole module that a row stands for."""
    source = source.strip("\n")
    if "def case(" in source:
        return f"{HEADER}\n\n{source}\n"
    if "\n" not in source and not source.startswith(("return ", "for ", "with ")):
        source = f"return {source}"
    body = "\n".join(f"    {line}" if line else "" for line in source.split("\n"))
    return f"{HEADER}\n\ndef case(s: Session):\n{body}\n"


@cache
def converted(source: str, version: str = sa.__version__) -> tuple[str, tuple[Finding, ...]]:
    """A module after the pass, and the findings."""
    files = {
        "cases.py": SourceFile("cases.py", source),
        "models.py": SourceFile("models.py", MODELS),
        "requirements.txt": SourceFile("requirements.txt", f"sqlalchemy=={version}\n"),
    }
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    return migration.after["cases.py"].text, migration.findings


def left(findings: tuple[Finding, ...]) -> set[str]:
    """The codes of what was left."""
    return {finding.code for finding in findings if finding.treatment is Treatment.LEFT}


@cache
def models() -> types.ModuleType:
    """The models, imported under the name that the rows use."""
    spec = importlib.util.spec_from_loader("models", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["models"] = module
    exec(compile(MODELS, "models.py", "exec"), module.__dict__)
    return module


@cache
def engine(kind: str) -> sa.engine.Engine:
    """A database with the tables of the models."""
    made = (
        sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
        if kind == "sqlite"
        else sa.create_engine(SERVER)
    )
    models().Base.metadata.drop_all(made)
    models().Base.metadata.create_all(made)
    return made


def run(source: str, kind: str, fields: bool = True) -> Outcome:
    """Run ``case(s)`` of a module on fresh data."""
    module = models()
    made = engine(kind)
    with Session(made) as session:
        module.fill(session)
    namespace: dict[str, Any] = {"__name__": "cases"}
    exec(compile(source, "cases.py", "exec"), namespace)
    outcome = Outcome()

    def count(*_: Any) -> None:
        outcome.statements += 1

    sa.event.listen(made, "before_cursor_execute", count)
    with Session(made) as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            outcome.value = ident(namespace["case"](session), fields)
            session.commit()
        except Exception as error:  # noqa: BLE001 - whatever it raises is compared
            outcome.error = type(error).__name__
            session.rollback()
        finally:
            sa.event.remove(made, "before_cursor_execute", count)
        for table in module.Base.metadata.sorted_tables:
            rows = session.execute(sa.select(table).order_by(*table.primary_key.columns))
            outcome.tables[table.name] = [tuple(row) for row in rows]
    return outcome


def ident(value: Any, fields: bool = True) -> Any:
    """A value in a form in which two runs can be compared."""
    if isinstance(value, models().Base):
        return f"{type(value).__name__}#{sa.inspect(value).identity}"
    if isinstance(value, (sa.engine.Row, sa.engine.RowMapping)):
        names = tuple(value._fields) if fields and hasattr(value, "_fields") else ()
        return ("Row", names, *(ident(item, fields) for item in tuple(value)))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, *(ident(item, fields) for item in value))
    if isinstance(value, set):
        return ("set", *sorted(map(str, (ident(item, fields) for item in value))))
    if isinstance(value, dict):
        return {str(key): ident(item, fields) for key, item in value.items()}
    if isinstance(value, str):
        return re.sub(r"%\(\w+ ", "%(", value)  # the name of what has no name
    return value
