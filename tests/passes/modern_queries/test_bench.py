"""Every row of the tables B1 to B3: the legacy form and the pass's output agree."""

from __future__ import annotations

import pytest
from passes.modern_queries import rows_builders, rows_terminals, rows_travel
from passes.modern_queries.bench import SERVER, VERSION, Row, converted, left, module_source, run

GROUPS = {
    "terminals": rows_terminals.ROWS,
    "dml": rows_builders.DML,
    "filters": rows_builders.FILTERS,
    "joins": rows_builders.JOINS,
    "slices": rows_builders.SLICES,
    "builders": rows_builders.BUILDERS,
    "entities": rows_builders.ENTITIES,
    "travel": rows_travel.ROWS,
    "helpers": rows_travel.HELPERS,
}
CASES = [
    pytest.param(row, id=f"{name}-{row.name}") for name, rows in GROUPS.items() for row in rows
]
KINDS = ["sqlite", *(["postgresql"] if SERVER else [])]


def squeezed(text: str) -> str:
    """A text without whitespace and without the commas of black's layout."""
    return "".join(text.split()).replace(",)", ")")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", CASES)
def test_row(row: Row, kind: str) -> None:
    if kind not in row.engines:
        pytest.skip(f"not for {kind}")
    if row.since > VERSION:
        pytest.skip("not in this SQLAlchemy")
    before = module_source(row.source)
    after, findings = converted(before)
    if row.left:
        if left(findings) or not row.left.endswith("?"):
            assert left(findings) == {row.left.rstrip("?")}, after
            return
    else:
        assert not left(findings), [finding.message for finding in findings]
        assert ".query(" not in after, after
    legacy, modern = run(before, kind, row.fields), run(after, kind, row.fields)
    assert (modern.value, modern.error) == (legacy.value, legacy.error), after
    assert modern.tables == legacy.tables, after
    if row.statements:
        assert modern.statements == legacy.statements, after
    if VERSION >= (1, 4, 24):
        assert squeezed(row.expected) in squeezed(after), after


@pytest.mark.parametrize("row", CASES)
def test_second_run(row: Row) -> None:
    after, _ = converted(module_source(row.source))
    assert converted(after)[0] == after
