"""The codes of the pass, in a module of their own: the others all need them."""

from __future__ import annotations

from codemods.findings import Code

NAME = "session-dependency"

RETURNED = Code(
    "LL101",
    "returned-session",
    "A dependency returns a session that nobody closes",
    "Dependencies that returned a session yield it, and close it behind the request.",
)
UNGUARDED = Code(
    "LL102",
    "unguarded-session",
    "A generator yields a session without closing it in every case",
    "Generators close the session that they yield in every case.",
)
UNCLOSED = Code(
    "LL103",
    "unclosed-session",
    "A session is opened in a function and never closed",
    "Sessions that a function opens are closed there.",
)
KEPT = Code("LL104", "kept-session", "A session is stored on an object and never closed there")

UNDISPOSED = Code("LL105", "undisposed-engine", "A test makes an engine and never disposes of it")
COPIED = Code("LL106", "copied-dependency", "The same session dependency stands in several modules")

CODES = (RETURNED, UNGUARDED, UNCLOSED, KEPT, UNDISPOSED, COPIED)
