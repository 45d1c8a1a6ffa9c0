"""What the migrated application needs: SQLAlchemy's asyncio extra, drivers, a test client."""

from __future__ import annotations

from packaging.requirements import Requirement

from codemods.drivers import DATABASES, Driver
from codemods.manifests import Note, require
from codemods.passes.async_session.versions import Versions
from codemods.source import CodeBase


def edit_manifests(
    codebase: CodeBase,
    versions: Versions,
    near: str,
    drivers: dict[str, Driver],
    test_drivers: dict[str, Driver],
    *,
    async_client: bool,
) -> tuple[dict[str, str], tuple[Note, ...]]:
    """New texts of the manifests near a module, and notes for the person who applies them."""
    sqlalchemy = versions.of("sqlalchemy", near)
    needed = [Requirement("sqlalchemy[asyncio]")]
    replaced: dict[str, str] = {}
    for driver in drivers.values():
        requirement = driver.requirement(sqlalchemy)
        needed.append(requirement)
        for database in DATABASES:
            if database.name == driver.database:
                replaced |= {name: str(requirement) for name in database.distributions}
    declared = versions.declared(near)
    replaced = {
        old: new
        for old, new in replaced.items()
        if declared.declares(old) and old not in {r.name for r in needed}
    }
    edits = require(codebase, near, needed, replace=replaced)
    texts = dict(edits.texts)
    notes = list(edits.notes)
    only_tests = [
        driver.requirement(sqlalchemy)
        for name, driver in test_drivers.items()
        if name not in drivers
    ]
    if async_client:
        only_tests.append(Requirement("httpx"))
    if only_tests:
        more = require(codebase.with_texts(texts), near, only_tests, dev=True)
        texts |= dict(more.texts)
        notes += more.notes
    return texts, tuple(dict.fromkeys(notes))
