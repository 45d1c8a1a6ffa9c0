"""The pass ``eager-loading``: what is loaded lazily after its query is loaded by the query."""

from __future__ import annotations

from codemods.findings import Level
from codemods.passes.base import Pass
from codemods.passes.eager_loading import codes
from codemods.passes.eager_loading.plan import plan

DOCUMENTATION = """\
# eager-loading

## What it does
Follows mapped instances from the query that loads them to every place that reads a relationship
of them (attributes, methods and properties of the model, response models, `model_validate`), and
has the query load it: `options(selectinload(...))`, or `options=[...]` for `get`. A new object is
read again with its relationships after it was saved. Sessions get `expire_on_commit=False`, and
what was read again after a commit because it had expired gets a `refresh`; so does what is read
after `rollback()`, `expire()` or `expire_all()`.

## Why is this bad
Lazy loading is hidden input and output: one query for each object of a list. With an async session
it is an error, `MissingGreenlet`, wherever it happens outside of an awaited call, such as in the
response model after the route has returned.

## Example
```python
@router.get("/users", response_model=list[UserOut])
def read_users(db: Session = Depends(get_db)):
    return db.scalars(select(User)).all()
```

## Use instead
```python
@router.get("/users", response_model=list[UserOut])
def read_users(db: Session = Depends(get_db)):
    return db.scalars(select(User).options(selectinload(User.posts))).all()
```

## Fix safety
The rows, their order and the response stay as they are: `selectinload` runs a query of its own.
A query that is shared loads only what all its callers read; for the rest, its function gets a
parameter `options`. Where the way of an object can't be followed, its reader is left as it is,
with a finding, and `async-session` keeps it sync or runs it within `run_sync`. Where the sessions
of an application all stay sync, nothing needs to be loaded, and nothing is changed.

## References
- [SQLAlchemy: Relationship Loading Techniques](https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html)
- [SQLAlchemy: Preventing Implicit IO when Using AsyncSession](https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#preventing-implicit-io-when-using-asyncsession)
"""

PASS = Pass(
    name=codes.NAME,
    order=30,
    summary="Relationships are loaded by the query, and nothing depends on expiry",
    subject="Load relationships with the query, and expire nothing on commit",
    level=Level.SAFE,
    codes=codes.CODES,
    documentation=DOCUMENTATION,
    plan=plan,
    prepares="async-session",
)

__all__ = ["PASS"]
