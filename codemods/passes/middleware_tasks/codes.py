"""The codes of the pass, in a module of their own: the others all need them."""

from __future__ import annotations

from codemods.findings import Code

NAME = "middleware-tasks"

WAITED = Code(
    "LL701", "work-before-response", "The client waits for work that its response does not need"
)
KEPT = Code("LL702", "kept-work", "Work of a middleware after call_next stays before the response")

DROPPED = Code("LL703", "dropped-task-of-request", "A task is started that nobody holds")

CODES = (WAITED, KEPT, DROPPED)
