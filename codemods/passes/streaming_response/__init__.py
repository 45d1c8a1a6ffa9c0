"""The pass ``streaming-response``: a list without a limit is sent while it is read."""

from __future__ import annotations

from codemods.findings import Level
from codemods.passes.base import Pass
from codemods.passes.streaming_response import codes
from codemods.passes.streaming_response.plan import plan

PASS = Pass(
    name=codes.NAME,
    order=70,
    summary="Lists without a limit are sent while they are read",
    level=Level.UNSAFE,
    codes=codes.CODES,
    documentation=codes.DOCUMENTATION,
    plan=plan,
    needs=("async-session",),
    subject="Send lists without a limit while they are read",
)
