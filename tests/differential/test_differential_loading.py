"""Every row of the tables of lazy loading: the sync form and the migrated application agree."""

from __future__ import annotations

import pytest
from differential.application import Application, as_modules, migrated, texts
from differential.rows_loading import HEADER, INSTANCES, MODELS, REMEDIES, RESPONSES, LoadRow
from differential.running import Runner
from differential.stores import Stores

from codemods.findings import Treatment

CASES = [
    pytest.param(row, id=f"{group}-{row.name}")
    for group, rows in (("instances", INSTANCES), ("remedies", REMEDIES))
    for row in rows
]


def _check_findings(application: Application, row: LoadRow) -> None:
    found = {
        finding.code
        for finding in migrated(application).findings
        if finding.code.startswith("LL30") and finding.treatment is Treatment.LEFT
    }
    assert found == ({row.reported} if row.reported else set())


@pytest.mark.parametrize("row", CASES)
def test_row(row: LoadRow, stores: Stores) -> None:
    application = Application(MODELS, as_modules(HEADER, {"case": row.source}))
    after = texts(application)
    before = Runner(stores, application.files, "app.cases")
    modern = Runner(stores, after, "app.cases")
    for kind in stores.kinds:
        expected, found = before.run(kind, "case"), modern.run(kind, "case")
        text = after["app/cases.py"]
        if row.spared:
            assert (expected.error, found.error) == (row.spared, "")
            continue
        assert found.shown() == expected.shown(), f"{kind}: {found.message}\n{text}"
    _check_findings(application, row)


@pytest.mark.parametrize("row", RESPONSES, ids=lambda row: row.name)
def test_response(row: LoadRow, stores: Stores) -> None:
    application = Application(MODELS, as_modules(HEADER, {"case": row.source}, route="read"))
    after = texts(application)
    before = Runner(stores, application.files, "app.main")
    modern = Runner(stores, after, "app.main")
    for kind in stores.kinds:
        expected, found = before.serve(kind, "/x"), modern.serve(kind, "/x")
        text = after["app/case.py"]
        assert found.shown() == expected.shown(), f"{kind}: {found.message}\n{text}"
        assert expected.value[0] == 200
    _check_findings(application, row)
