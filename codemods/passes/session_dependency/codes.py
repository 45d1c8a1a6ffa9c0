"""The codes of the pass, in a module of their own: the others all need them."""

from __future__ import annotations

from codemods.findings import Code

NAME = "session-dependency"

_LEAKS = (
    "A session that is not closed holds its connection until the garbage collector finds it. Under "
    "load the pool runs empty and requests fail with a timeout, and the connections that leaked "
    'stay "idle in transaction" on the server.'
)

RETURNED = Code(
    "LL101",
    "returned-session",
    "A dependency returns a session that nobody closes",
    "Dependencies that returned a session yield it, and close it behind the request.",
    why=_LEAKS,
)
UNGUARDED = Code(
    "LL102",
    "unguarded-session",
    "A generator yields a session without closing it in every case",
    "Generators close the session that they yield in every case.",
    why=_LEAKS,
)
UNCLOSED = Code(
    "LL103",
    "unclosed-session",
    "A session is opened in a function and never closed",
    "Sessions that a function opens are closed there.",
    why=_LEAKS,
)
KEPT = Code("LL104", "kept-session", "A session is stored on an object and never closed there")

UNDISPOSED = Code(
    "LL105",
    "undisposed-engine",
    "A test makes an engine and never disposes of it",
    "Tests and fixtures dispose of the engines that they make.",
    "Dispose of the engines that tests make",
    "The connections of a test's engine outlive its event loop once they are async, and then "
    "complain or keep the process from ending.",
)
COPIED = Code("LL106", "copied-dependency", "The same session dependency stands in several modules")

CODES = (RETURNED, UNGUARDED, UNCLOSED, KEPT, UNDISPOSED, COPIED)
