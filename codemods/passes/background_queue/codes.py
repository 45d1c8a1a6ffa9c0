"""The codes of the pass, in a module of their own: the others all need them."""

from __future__ import annotations

from codemods.findings import Code

NAME = "background-queue"

UNBOUNDED = Code("LL801", "unbounded-background-task", "Background tasks run without a limit")
DROPPED = Code("LL802", "dropped-task", "A path operation starts a task that nobody holds")
THREAD = Code("LL803", "thread-per-request", "A path operation starts a thread for each request")

CODES = (UNBOUNDED, DROPPED, THREAD)
