# ruff: noqa: E501
"""Random queries: the legacy form and the pass's output agree, or the query is left.

``LOOPLIFT_EXAMPLES=5000 pytest tests/passes/modern_queries/test_generated.py`` runs it longer.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passes.modern_queries.bench import converted, module_source, run

EXAMPLES = int(os.environ.get("LOOPLIFT_EXAMPLES", "60"))

_SELECTIONS = [
    "Post", "Post", "Post", "User", "Tag", "Badge", "Post, Tag", "Post, User", "Post, Post.title",
    "Post.id", "Post.id, Post.title", "Post.id, Tag.id", "Post.name, Tag.name", "User.name, Post.name",
    "func.count(Post.id)", "func.max(Post.id), func.min(Post.id)", "Post.author_id, func.count(Post.id).label('n')",
    "Post.title.label('x'), Post.name.label('x')", "func.coalesce(func.sum(Post.id), 0)", "literal(1)",
    "a", "a.id, Post.id", "a, Post", "Post.id + 1", "cast(Post.id, sa.String), Post.id",
]  # fmt: skip
_STEPS = [
    "filter(Post.id > 1)", "filter(Post.id < 5, Post.published)", "filter(Post.author_id == User.id)",
    "filter(Post.title.like('p%'))", "filter(or_(Post.id == 1, Post.id == 3))", "filter(a.id == Post.id)",
    "filter(Post.tags.any(Tag.id == 2))", "filter(User.id.in_(s.query(Post.author_id)))", "filter()",
    "filter(Post.id.in_([1, 2, 3]))", "filter(exists().where(Tag.id == Post.id))", "where(Post.id != 2)",
    "filter(s.query(Tag).filter(Tag.id == Post.id).exists())",
    "filter_by(name='n1')", "filter_by(id=1)", "filter_by(name=None)", "filter_by(**{'name': 'n1'})",
    "join(Post.tags)", "join(User.posts)", "join(Post.author)", "outerjoin(Post.tags)", "join(Post)",
    "join(Tag, Tag.id == Post.id)", "join(a, a.author_id == Post.author_id)", "join(User, User.id == Post.author_id)",
    "reset_joinpoint()", "select_from(Post)", "select_from(User)",
    "order_by(Post.id)", "order_by(Post.name.desc(), Post.id)", "order_by(None)", "order_by(Tag.id)",
    "limit(2)", "limit(None)", "offset(1)", "slice(1, 3)", "distinct()",
    "group_by(Post.id)", "group_by(Post.author_id)", "group_by(Post.id, Tag.id)", "having(func.count(Post.id) > 0)",
    "options(joinedload(Post.tags))", "options(selectinload(Post.tags))", "options(joinedload(Post.author))",
    "options(joinedload(User.posts))", "options(joinedload(Badge.user))",
    "with_entities(Post.id)", "with_entities(Post)", "with_entities(func.count())", "add_columns(Post.title)",
    "add_entity(Tag)", "populate_existing()", "yield_per(2)", "execution_options(x=1)", "autoflush(False)",
    "enable_eagerloads(False)", "with_for_update()", "params(x=1)", "tuples()",
    "union(s.query(Post).filter(Post.id > 3))", "union_all(s.query(Post).filter(Post.id > 3))",
    "union_all(s.query(Post.id))",
]  # fmt: skip
_TERMINALS = [
    "{}.all()", "{}.all()", "{}.first()", "{}.one()", "{}.one_or_none()", "{}.scalar()", "{}.count()",
    "list({})", "[x for x in {}]", "{}[:2]", "{}[1:3]", "{}[0]", "{}[1:]", "len({}.all())", "{}.get(1)",
    "s.query({}.exists()).scalar()", "s.query(User.id).filter(User.id.in_({})).all()",
    "list({}.subquery().c.keys())", "s.execute({}.statement).all()",
    "{}.delete(synchronize_session=False)", "{}.delete()", "{}.update({{'name': 'z'}})",
    "{}.update({{'name': 'z'}}, synchronize_session='fetch')",
]  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """The body of a function that builds a query, at once or over statements, and runs it."""
    selected = draw(st.sampled_from(_SELECTIONS))
    chain = f"s.query({selected})"
    steps = draw(st.lists(st.sampled_from(_STEPS), max_size=4))
    # Loader options are about an entity that is selected.
    steps = [s for s in steps if "load(" not in s or s.split("load(")[1].split(".")[0] in selected]
    terminal = draw(st.sampled_from(_TERMINALS))
    lines = ["a = aliased(Post)"]
    if draw(st.booleans()):
        for step in steps:
            chain += f".{step}"
        return "\n".join([*lines, f"return {terminal.format(chain)}"])
    lines.append(f"q = {chain}")
    for step in steps:
        assignment = f"q = q.{step}"
        if draw(st.integers(0, 3)) == 0:
            condition = draw(st.sampled_from(["s.is_active", "not s.is_active"]))
            assignment = f"if {condition}:\n    {assignment}"
        lines.append(assignment)
    if draw(st.integers(0, 2)) == 0:
        lines.append("first = q.first()")
        return "\n".join([*lines, f"return first, {terminal.format('q')}"])
    return "\n".join([*lines, f"return {terminal.format('q')}"])


@given(bodies())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
def test_generated(body: str) -> None:
    before = module_source(body)
    after, _ = converted(before)
    if after == before:
        return
    # What has no label has no name in legacy rows: names are compared without it.
    fields = not any(word in body for word in ("func.", "literal", "+ 1", "add_columns", "cast"))
    legacy, modern = run(before, "sqlite", fields), run(after, "sqlite", fields)
    if "union" in body and legacy.error and modern.error:
        return  # of queries that do not fit together; the errors have other classes
    assert (modern.value, modern.error, modern.tables) == (
        legacy.value,
        legacy.error,
        legacy.tables,
    )
