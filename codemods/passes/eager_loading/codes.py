"""The codes of the pass."""

from __future__ import annotations

from codemods.findings import Code

NAME = "eager-loading"

_SUBJECT = "Expire nothing on commit"
_WHY = (
    "An object that has expired is read again as soon as one of its attributes is: hidden input "
    "and output. With an async session it is an error, `MissingGreenlet`, wherever it happens "
    "outside of an awaited call, such as in the response model after the route has returned."
)

EXPIRES = Code(
    "LL301",
    "expires-on-commit",
    "Objects of the session expire, and are read again, after a commit",
    "Sessions get `expire_on_commit=False`: a commit expires nothing any more.",
    _SUBJECT,
    _WHY,
)
STALE = Code(
    "LL302",
    "read-after-commit",
    "An object is read after the commit that expired it",
    "Where an expired object was read again after a commit, a `refresh` does that now.",
    _SUBJECT,
    _WHY,
)
LAZY = Code(
    "LL303",
    "lazy-relationship",
    "A relationship or deferred column is loaded lazily, outside of its query",
    "Queries load the relationships and deferred columns that are read of their objects; a new "
    "object is read again with them.",
)
UNTRACKED = Code(
    "LL304", "untracked-instance", "A relationship is read of an object whose query is not known"
)
EMPTY = Code(
    "LL305",
    "expired-response",
    "An expired object is returned without a response model",
    "What a path operation returns after a commit is refreshed before.",
    _SUBJECT,
    _WHY,
)
DYNAMIC = Code("LL306", "dynamic-relationship", "A dynamic relationship queries when it is read")
EXPIRED = Code(
    "LL307",
    "read-after-expiry",
    "An object is read after a rollback or expire() that expired it",
    "Where an object was read again after a rollback or `expire()`, a `refresh` does that now.",
    "Refresh what expired before it is read",
    _WHY,
)
DEFAULTS = Code(
    "LL308",
    "expired-default",
    "A column that the database sets expires with each UPDATE",
    "Columns that the database sets are fetched with the UPDATE.",
    "Fetch what the database sets with the UPDATE",
    _WHY,
)

CODES = (EXPIRES, STALE, LAZY, UNTRACKED, EMPTY, DYNAMIC, EXPIRED, DEFAULTS)
