"""Prints the rows of the tables that are reported by a finding instead of converted.

``cd tests && PYTHONPATH=.. python -m differential.reported``
"""

from __future__ import annotations

from differential.index import INDEX
from differential.rows_drivers import ROWS
from differential.rows_loading import INSTANCES, REMEDIES, RESPONSES
from passes.modern_queries.test_bench import GROUPS


def reported() -> dict[str, str]:
    """Each case, and the code that it is reported by, or ""."""
    found = {f"{group}/{row.name}": row.left for group, rows in GROUPS.items() for row in rows}
    for group, rows in (("instances", INSTANCES), ("remedies", REMEDIES), ("responses", RESPONSES)):
        found |= {f"{group}/{row.name}": row.reported for row in rows}
    for row in ROWS:
        codes = (("psycopg", row.psycopg), ("asyncpg", row.asyncpg))
        text = " ".join(f"{driver}: {code}" for driver, code in codes if code)
        found[f"drivers/{row.name}"] = text
    return found


def main() -> None:
    """Print the rows, and each of their cases that is reported."""
    cases = reported()
    rows = [(f"{table}: {row}", names) for table, of in INDEX.items() for row, names in of.items()]
    left = sum(bool(code) for code in cases.values())
    print(f"{len(rows)} rows, {len(cases)} cases, {left} of them reported")
    for row, names in rows:
        found = [f"{name} ({cases[name]})" for name in names if cases[name]]
        if found:
            print(f"{row}: {len(found)} of {len(names)}: {', '.join(found)}")


if __name__ == "__main__":
    main()
