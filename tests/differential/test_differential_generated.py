"""Random queries of random schemas: as written and migrated as a whole, they agree.

``LOOPLIFT_EXAMPLES=5000 pytest tests/differential/test_differential_generated.py`` runs it longer;
an example is one query.
"""

from __future__ import annotations

import os
from typing import Any

from differential.application import Application, as_modules, texts
from differential.generated import HEADER, Generated, Schema, queries, schemas
from differential.running import Outcome, Runner
from differential.stores import Stores
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("LOOPLIFT_EXAMPLES", "100"))
#: The queries of one schema are migrated together.
BATCH = 20

#: What a query may raise that an application can want to catch.
_MEANT = ("NoResultFound", "MultipleResultsFound", "IndexError", "AttributeError", "TypeError")


@st.composite
def batches(draw: st.DrawFn) -> tuple[Schema, list[Generated]]:
    """A schema and some queries of it."""
    schema = draw(schemas())
    return schema, draw(st.lists(queries(schema), min_size=BATCH, max_size=BATCH))


@given(batches())
@settings(
    max_examples=max(1, EXAMPLES // BATCH),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    derandomize="LOOPLIFT_EXAMPLES" not in os.environ,
)
def test_generated(stores: Stores, batch: tuple[Schema, list[Generated]]) -> None:
    schema, made = batch
    cases = {f"case_{number}": query.source for number, query in enumerate(made)}
    modules = {name: source.replace("def case(", f"def {name}(") for name, source in cases.items()}
    application = Application(schema.source, as_modules(HEADER, modules))
    after = texts(application)
    runners: dict[str, Any] = {}
    with stores.passing():
        for name, query in zip(cases, made, strict=True):
            module = f"app.{name}" if "def case(" in query.source else "app.cases"
            if module not in runners:
                runners[module] = [
                    Runner(stores, files, module) for files in (application.files, after)
                ]
            before, migrated = runners[module]
            expected = before.run("sqlite", name, fields=query.fields)
            found = migrated.run("sqlite", name, fields=query.fields)
            text = after[module.replace(".", "/") + ".py"]
            assert _agree(expected, found), f"{expected}\n{found} {found.message}\n{name}\n{text}"


def _agree(expected: Outcome, found: Outcome) -> bool:
    """Whether two runs agree; of what is wrong in itself, any error will do."""
    if expected.error and found.error and expected.error not in _MEANT:
        return found.error not in ("MissingGreenlet",) and expected.tables == found.tables
    return expected.shown() == found.shown()
