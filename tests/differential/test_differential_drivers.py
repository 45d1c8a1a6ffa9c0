"""Every row of the table of driver differences: it agrees after the change, or is reported."""

from __future__ import annotations

import pytest
from differential.application import Application, as_modules, migrated, texts
from differential.rows_drivers import HEADER, MODELS, ROWS, DriverRow
from differential.running import Runner
from differential.stores import Stores

from codemods.findings import Treatment

_CODES = frozenset(("LL406",))


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: DriverRow, driver: str, stores: Stores) -> None:
    if driver not in stores.kinds:
        pytest.skip("there is no PostgreSQL")
    application = Application(MODELS, as_modules(HEADER, {"case": row.source}), driver)
    module = "app.case" if "def case(" in row.source else "app.cases"
    path = module.replace(".", "/") + ".py"
    after = texts(application)
    reported = {
        finding.code
        for finding in migrated(application).findings
        if finding.path == path and finding.treatment is Treatment.LEFT
    }
    code = row.psycopg if driver == "psycopg" else row.asyncpg
    assert reported == ({code} if code else set()), after[path]
    before = Runner(stores, application.files, module).run(driver, "case")
    found = Runner(stores, after, module).run(driver, "case")
    agrees = found.shown() == before.shown()
    assert agrees is not bool(code), f"{before}\n{found.error} {found.message}\n{after[path]}"
    assert row.expected in after[path]
