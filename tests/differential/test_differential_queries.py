"""Every row of the tables of queries: the sync form and the migrated application agree.

The rows are those of ``passes/modern_queries``, which compare the pass alone; here all passes run,
and the result runs on an async session, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import pytest
from differential.application import Application, as_modules, migrated, texts
from differential.running import Runner
from differential.stores import Stores
from passes.modern_queries.bench import HEADER, MODELS, VERSION, Row
from passes.modern_queries.test_bench import GROUPS

from codemods.findings import Treatment

CASES = [
    pytest.param(row, id=f"{name}-{row.name}")
    for name, rows in GROUPS.items()
    for row in rows
    if row.since <= VERSION
]


@pytest.mark.parametrize("row", CASES)
def test_row(row: Row, stores: Stores) -> None:
    application = Application(
        MODELS, as_modules(HEADER.replace("from models", "from app.models"), {"case": row.source})
    )
    after = texts(application)
    _check_findings(application, row)
    module = "app.cases" if "def case(" not in row.source else "app.case"
    legacy, modern = (
        Runner(stores, application.files, module),
        Runner(stores, after, module),
    )
    for kind in stores.kinds:
        if kind != "sqlite" and "postgresql" not in row.engines:
            continue
        expected = legacy.run(kind, "case", fields=row.fields)
        found = modern.run(kind, "case", fields=row.fields)
        text = after[module.replace(".", "/") + ".py"]
        assert found.shown() == expected.shown(), f"{kind}: {found.message}\n{text}"
        if row.statements:
            assert len(found.statements) == len(expected.statements), (kind, text)


def _check_findings(application: Application, row: Row) -> None:
    """What is left as a legacy Query is reported, and nothing else is."""
    left = {
        finding.code
        for finding in migrated(application).findings
        if finding.rule == "modern-queries" and finding.treatment is Treatment.LEFT
    }
    expected = {row.left.rstrip("?")} if row.left else set()
    assert left == expected or (row.left.endswith("?") and not left)
