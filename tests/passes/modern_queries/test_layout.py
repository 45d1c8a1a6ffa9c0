"""The output reads as a person would write it: whole functions, word for word."""

from __future__ import annotations

import pytest
from passes.modern_queries.bench import HEADER, VERSION, converted

pytestmark = pytest.mark.skipif(VERSION < (1, 4, 24), reason="there is no scalars()")

PAIRS = {
    "a chain over lines": (
        """\
def newest(s: Session, name):
    posts = (
        s.query(Post)
        .filter(Post.name == name, Post.published.is_(True))
        .order_by(Post.id.desc())
        .limit(10)
        .all()
    )
    return posts
""",
        """\
def newest(s: Session, name):
    posts = s.scalars(
        select(Post)
        .where(Post.name == name, Post.published.is_(True))
        .order_by(Post.id.desc())
        .limit(10)
    ).all()
    return posts
""",
    ),
    "a line that grows": (
        """\
def newest(s: Session, name):
    post = s.query(Post).filter(Post.name == name, Post.published.is_(True)).first()
    return post
""",
        """\
def newest(s: Session, name):
    post = s.scalars(
        select(Post).where(Post.name == name, Post.published.is_(True)).limit(1)
    ).first()
    return post
""",
    ),
    "a query in steps": (
        """\
def search(s: Session, name=None, skip: int = 0):
    query = s.query(Post)
    if name:
        # by name only
        query = query.filter(Post.name == name)
    total = query.count()
    return total, query.offset(skip).all()
""",
        """\
def search(s: Session, name=None, skip: int = 0):
    query = select(Post)
    if name:
        # by name only
        query = query.where(Post.name == name)
    total = s.scalar(select(func.count()).select_from(query.subquery()))
    return total, s.scalars(query.offset(skip)).all()
""",
    ),
    "comments stay": (
        """\
def search(s: Session):
    return (
        s.query(Post)
        # only what is public
        .filter(Post.published)
        .all()
    )
""",
        """\
def search(s: Session):
    return s.scalars(
        select(Post)
        # only what is public
        .where(Post.published)
    ).all()
""",
    ),
    "changes": (
        """\
def publish(s: Session, ids):
    changed = s.query(Post).filter(Post.id.in_(ids)).update({Post.published: True})
    s.query(Badge).filter(Badge.id == 1).delete(synchronize_session=False)
    return changed
""",
        """\
def publish(s: Session, ids):
    changed = s.execute(
        update(Post).where(Post.id.in_(ids)).values({Post.published: True})
    ).rowcount
    s.execute(
        delete(Badge).where(Badge.id == 1).execution_options(synchronize_session=False)
    )
    return changed
""",
    ),
    "names of routes": (
        """\
def delete(s: Session, id):
    return s.query(Post).filter(Post.id == id).delete()
""",
        """\
def delete(s: Session, id):
    return s.execute(sql_delete(Post).where(Post.id == id)).rowcount
""",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_layout(name: str) -> None:
    before, expected = PAIRS[name]
    after, _ = converted(f"{HEADER}\n\n{before}")
    assert after.partition("post_tags\n\n\n")[2] == expected


def test_imports_are_joined() -> None:
    after, _ = converted(f"{HEADER}\n\ndef case(s: Session):\n    return s.query(Post).all()\n")
    assert "or_, select, text\n" in after
