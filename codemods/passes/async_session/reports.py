"""Findings about engines and names that no edit can deal with."""

from __future__ import annotations

from codemods.findings import Finding, Level, Treatment
from codemods.passes.async_session.engines import Engines
from codemods.passes.async_session.silenced import RULE

POOLER = "LL407"


def behind_poolers(engines: Engines) -> list[Finding]:
    """Engines behind a transaction pooler that could not be told to prepare no statements."""
    return [
        Finding(
            path=module.path,
            line=call.lineno,
            column=call.col_offset + 1,
            code=POOLER,
            message=f"the engine seems to go through a transaction pooler ({what})",
            rule=RULE,
            level=Level.DISPLAY,
            treatment=Treatment.LEFT,
            reasons=("a prepared statement is known to one connection of the server only",),
        )
        for call, module, what in engines.pooled
    ]
