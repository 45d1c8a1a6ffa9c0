"""The codes of the pass, in a module of their own: the others all need them."""

from __future__ import annotations

from codemods.findings import Code

NAME = "session-dependency"

RETURNED = Code("LL101", "returned-session", "A dependency returns a session that nobody closes")
UNGUARDED = Code(
    "LL102", "unguarded-session", "A generator yields a session without closing it in every case"
)
UNCLOSED = Code("LL103", "unclosed-session", "A session is opened in a function and never closed")
KEPT = Code("LL104", "kept-session", "A session is stored on an object and never closed there")

UNDISPOSED = Code("LL105", "undisposed-engine", "A test makes an engine and never disposes of it")
COPIED = Code("LL106", "copied-dependency", "The same session dependency stands in several modules")

CODES = (RETURNED, UNGUARDED, UNCLOSED, KEPT, UNDISPOSED, COPIED)
