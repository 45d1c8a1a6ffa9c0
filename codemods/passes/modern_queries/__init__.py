"""The pass ``modern-queries``: a legacy ``Query`` becomes a 2.0 statement."""

from __future__ import annotations

from codemods.findings import Level
from codemods.passes.base import Pass
from codemods.passes.modern_queries import codes
from codemods.passes.modern_queries.plan import plan

PASS = Pass(
    name=codes.NAME,
    order=20,
    summary="legacy Query becomes select(), update() and delete()",
    subject="Replace the legacy Query by select(), update() and delete()",
    level=Level.SAFE,
    codes=codes.ALL,
    documentation=codes.DOCUMENTATION,
    plan=plan,
)
