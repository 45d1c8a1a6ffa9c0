"""Applications that the bench migrates: many small cases around the same models.

Each case is a module with a function ``case(s)`` and a path operation that calls it. All of them
are migrated together by the passes that run by default, as an application would be.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from codemods.config import Options
from codemods.findings import Level
from codemods.passes import all_passes
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase
from codemods.source.text import SourceFile

DATABASE = """\
import os

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine(os.environ["DATABASE_URL"])
SessionLocal = sessionmaker(bind=engine)


def get_db():
    with SessionLocal() as db:
        yield db
"""

ROUTE = """

@router.get("/{name}")
def route_{name}(s: Session = Depends(get_db)):
    {function}(s)
    return {{"done": True}}
"""

REQUIREMENTS = f"""\
fastapi>=0.115
psycopg2-binary
sqlalchemy=={sa.__version__}
"""


@dataclass(frozen=True)
class Application:
    """The sources of an application, before it is migrated.

    ``cases`` are modules by name; ``models`` has ``Base`` and ``fill(session)``.
    """

    models: str
    cases: tuple[tuple[str, str], ...]
    driver: str = "psycopg"

    @property
    def files(self) -> dict[str, str]:
        """All files by their paths."""
        names = [name for name, _ in self.cases]
        imports = "".join(f"from app import {name}\n" for name in names)
        routers = "".join(f"app.include_router({name}.router)\n" for name in names)
        return {
            "requirements.txt": REQUIREMENTS,
            "app/__init__.py": "",
            "app/database.py": DATABASE,
            "app/models.py": self.models,
            "app/main.py": f"from fastapi import FastAPI\n\n{imports}\napp = FastAPI()\n{routers}",
            **{f"app/{name}.py": text for name, text in self.cases},
        }


def as_modules(
    header: str, cases: Mapping[str, str], route: str = ""
) -> tuple[tuple[str, str], ...]:
    """Cases by name as modules: those of a few lines together, whole modules alone.

    A case is an expression, the body of ``case(s)``, or a module that defines it. With ``route``,
    it is the path operation of this name.
    """
    head = "from fastapi import APIRouter, Depends\nfrom app.database import get_db\n" + header
    head += "\nrouter = APIRouter()\n"
    shared, modules = head, []
    for name, source in cases.items():
        source = source.strip("\n")
        if route:
            modules.append((name, f"{head}\n\n{source}\n"))
        elif found := re.search(r"^def (case\w*)\(", source, re.MULTILINE):
            given = ROUTE.format(name=name, function=found[1])
            modules.append((name, f"{head}\n\n{source}\n{given}"))
        else:
            shared += f"\n\n{as_function(name, source)}\n{ROUTE.format(name=name, function=name)}"
    return tuple(modules) if route else (("cases", shared), *modules)


def as_function(name: str, source: str) -> str:
    """An expression or a body as a function of a session."""
    if "\n" not in source and not source.startswith(("return ", "for ", "with ")):
        source = f"return {source}"
    body = "\n".join(f"    {line}" if line else "" for line in source.split("\n"))
    return f"def {name}(s: Session):\n{body}"


def identifier(*words: object) -> str:
    """A name for a case."""
    return "_".join(re.sub(r"\W+", "_", str(word)).strip("_") for word in words).lower()


@lru_cache(maxsize=32)
def migrated(application: Application) -> Migration:
    """An application after all passes that run by default."""
    files = {path: SourceFile(path, text) for path, text in application.files.items()}
    passes = [rule for rule in all_passes() if rule.level is Level.SAFE]
    options = Options(jobs=1, driver=(("postgresql", application.driver),))
    return migrate(CodeBase(Path("/nowhere"), files), passes, options)


def texts(application: Application) -> Mapping[str, str]:
    """The files of a migrated application."""
    return {path: file.text for path, file in migrated(application).after.files.items()}


def digest(files: Mapping[str, str]) -> str:
    """A short name for the contents of files."""
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
