"""What the migrated application needs: SQLAlchemy's asyncio extra, drivers, a test client."""

from __future__ import annotations

import re

from packaging.requirements import Requirement

from codemods.drivers import DATABASES, Driver
from codemods.facts.versions import Versions
from codemods.manifests import ManifestEdits, require
from codemods.source import CodeBase


def edit_manifests(
    codebase: CodeBase,
    versions: Versions,
    near: str,
    drivers: dict[str, Driver],
    test_drivers: dict[str, Driver],
    *,
    async_client: bool,
    anyio_tests: bool = False,
    keep_sync: bool,
) -> ManifestEdits:
    """New texts of the manifests near a module, and notes for the person who applies them."""
    sqlalchemy = versions.of("sqlalchemy", near)
    needed = [Requirement("sqlalchemy[asyncio]")]
    replaced: dict[str, str] = {}
    for driver in drivers.values():
        requirement = driver.requirement(sqlalchemy)
        needed += driver.requirements(sqlalchemy)
        for database in DATABASES:
            if database.name == driver.database:
                replaced |= {name: str(requirement) for name in database.distributions}
    declared = versions.declared(near)
    replaced = {
        old: new
        for old, new in replaced.items()
        if declared.declares(old) and old not in {r.name for r in needed}
    }
    kept = [name for name in replaced if keep_sync or _is_used(codebase, name)]
    edits = require(codebase, near, needed, replace=replaced, keep=kept)
    texts = dict(edits.texts)
    notes, others = list(edits.notes), list(edits.others)
    only_tests = [
        driver.requirement(sqlalchemy)
        for name, driver in test_drivers.items()
        if name not in drivers
    ]
    if async_client:
        only_tests.append(Requirement("httpx>=0.23,<1"))
    if anyio_tests and _lacks_anyio(versions, near):
        only_tests.append(Requirement("anyio>=3.4,<4"))
    if only_tests:
        more = require(codebase.with_texts(texts), near, only_tests, dev=True)
        texts |= dict(more.texts)
        notes += more.notes
        others += more.others
    return ManifestEdits(
        texts, notes=tuple(dict.fromkeys(notes)), others=tuple(dict.fromkeys(others))
    )


def _lacks_anyio(versions: Versions, near: str) -> bool:
    """Whether FastAPI brings no anyio along (below 0.70), or one that its client can't use.

    The test client of Starlette 0.21 calls a function that anyio 4 no longer has; FastAPI 0.89 is
    the first on a newer Starlette.
    """
    return versions.below("fastapi", "0.89", near)


#: What a distribution is called where it is imported or named in a URL.
_MODULES = {"mysqlclient": "MySQLdb", "psycopg2-binary": "psycopg2"}


def _is_used(codebase: CodeBase, distribution: str) -> bool:
    """Whether the application itself imports a sync driver, or names it in a URL."""
    word = _MODULES.get(distribution.lower(), distribution.lower().replace("-", "_"))
    # ``psycopg2-binary`` in a noxfile or a setup.py is what is installed, and no use of it.
    used = re.compile(rf"(?<!\w){re.escape(word)}(?!-)")
    return any(used.search(file.text) for file in codebase.python_files)
