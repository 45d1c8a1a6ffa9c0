"""Every row of the tables has a case, and every name in the index is that of one."""

from __future__ import annotations

from differential.index import INDEX
from differential.rows_drivers import ROWS
from differential.rows_loading import INSTANCES, REMEDIES, RESPONSES
from passes.modern_queries.test_bench import GROUPS


def _cases() -> set[str]:
    found = {f"{group}/{row.name}" for group, rows in GROUPS.items() for row in rows}
    for group, rows in (("instances", INSTANCES), ("remedies", REMEDIES), ("responses", RESPONSES)):
        found |= {f"{group}/{row.name}" for row in rows}
    return found | {f"drivers/{row.name}" for row in ROWS}


def test_every_row_has_its_cases() -> None:
    missing = {
        f"{table}: {row}": name
        for table, rows in INDEX.items()
        for row, names in rows.items()
        for name in names or ("",)
        if name not in _cases()
    }
    assert not missing


def test_no_two_cases_have_the_same_name() -> None:
    for rows in (*GROUPS.values(), INSTANCES, REMEDIES, RESPONSES, ROWS):
        names = [row.name for row in rows]
        assert len(names) == len(set(names))
