"""The codes of the pass and its page."""

from __future__ import annotations

from codemods.findings import Code

NAME = "modern-queries"

QUERY = Code("LL201", "legacy-query", "A legacy Query, rewritten as a 2.0 statement")
UNKNOWN_METHOD = Code(
    "LL210", "unsupported-query-use", "A use of a Query that has no equal 2.0 form; left"
)
REMOVED = Code("LL211", "removed-query-form", "A form of Query that 2.0 took away; left")
SET_OPERATION = Code(
    "LL212", "query-of-a-union", "A union of queries that is built on further; left"
)
FILTER_BY = Code(
    "LL213", "ambiguous-filter-by", "A filter_by() whose entity cannot be told or named; left"
)
SHAPE = Code("LL214", "unknown-selection", "A Query of which it is not known what it selects; left")
NAMES = Code("LL215", "row-names", "A Query whose rows would get other names; left")
SLICE = Code("LL216", "unproven-slice", "A slice of a Query whose bounds may be negative; left")
SESSION = Code("LL217", "session-not-at-hand", "A Query that is run where its session is not known")
CUSTOM = Code("LL218", "custom-query", "A Query class or event of the application's own; left")
PROPERTY = Code("LL219", "query-property", "A query property of a model class; left")
MOCK = Code("LL220", "mocked-query", "A mock of a Query in a test without an equal 2.0 form; left")

ALL = (
    QUERY,
    UNKNOWN_METHOD,
    REMOVED,
    SET_OPERATION,
    FILTER_BY,
    SHAPE,
    NAMES,
    SLICE,
    SESSION,
    CUSTOM,
    PROPERTY,
    MOCK,
)

DOCUMENTATION = """\
# modern-queries

## What it does
Rewrites queries of the legacy `Query` API as 2.0 statements: `select()`, `update()` and
`delete()`, run by `Session.scalars()`, `execute()`, `scalar()` and `get()`.

## Why is this bad
`AsyncSession` has no `query()`. A query that stays can be run under asyncio in a thread or by
`run_sync` only. The legacy API is also not developed any further.

## Example
```python
user = db.query(User).filter(User.email == email).first()
posts = db.query(Post).join(Post.tags).filter(Tag.name == name).all()
total = db.query(Post).filter(Post.published).count()
db.query(Post).filter(Post.id == id).delete()
```

## Use instead
```python
user = db.scalars(select(User).where(User.email == email).limit(1)).first()
posts = db.scalars(select(Post).join(Post.tags).where(Tag.name == name)).unique().all()
total = db.scalar(select(func.count()).select_from(Post).where(Post.published))
db.execute(delete(Post).where(Post.id == id))
```

## Fix safety
The statements give the same rows, in the same order, with the same names, and raise the same
errors:

- `Query` gives each object once, however often it is in the result. `.unique()` does the same; it
  is left out where no object can come twice.
- `filter_by()` after a join is about the entity that was joined last. It becomes a `where()` that
  names this entity, since `Select.filter_by()` looks elsewhere from SQLAlchemy 2.1 on.
- `scalar()` raises when there are several rows; `Session.scalar()` does not, and is only used
  where there can be just one.
- Columns of the same name keep their names by `LABEL_STYLE_NONE`. Rows with an SQL expression
  that has no label get a name for it, where `Query` gave none.

A query that is kept in a variable, passed to a function or returned by one is rewritten together
with all of its uses, or left as it is, with a finding that says why. What is left works as before.

In tests, what a mocked session is told of the chain of a query (`db.query.return_value.filter...`)
it is told of the calls of the new form, for the queries that the test can reach. Where one call
now stands for queries that the mock told apart, `about(db.scalars, User)` tells them apart by what
the statement selects from. A mock that none of these queries asks for is taken out, and one that
has no counterpart is left, with a finding.

## References
- [SQLAlchemy: 2.0 Migration, ORM Usage](https://docs.sqlalchemy.org/en/20/changelog/migration_20.html#migration-orm-usage)
- [SQLAlchemy: Legacy Query API](https://docs.sqlalchemy.org/en/20/orm/queryguide/query.html)
"""
