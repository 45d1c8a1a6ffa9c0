"""Annotations that say nothing of what they hold: the code tells it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from application import source_of
from strict import check

GIVEN = '''
from collections.abc import Sequence
from typing import Any, Optional


def as_list(db: Session) -> list:
    return db.query(User).all()


def as_sequence(db: Session) -> Optional[Sequence]:
    return db.scalars(select(User)).all()


def as_dict(db: Session) -> dict:
    return {user.id: user for user in db.query(User)}


def as_pair(db: Session) -> tuple:
    return db.query(User).all(), 3


def titles(users: list):
    return [post.title for user in users for post in user.posts]


def titles_of_any(users: list[Any]):
    return [post.title for user in users for post in user.posts]


def titles_of_one(user: object):
    return [post.title for post in user.posts]


def first(query: Any):
    return query.order_by(User.id).first()


@app.get("/list")
def by_list(db: Db):
    return [post.title for user in as_list(db) for post in user.posts]


@app.get("/sequence")
def by_sequence(db: Db):
    return [post.title for user in as_sequence(db) for post in user.posts]


@app.get("/dict")
def by_dict(db: Db):
    return [post.title for user in as_dict(db).values() for post in user.posts]


@app.get("/pair")
def by_pair(db: Db):
    users, number = as_pair(db)
    return [post.title for user in users for post in user.posts], number


@app.get("/passed")
def passed(db: Db):
    return titles(db.query(User).all())


@app.get("/any")
def passed_as_any(db: Db):
    return titles_of_any(db.query(User).all())


@app.get("/object")
def passed_as_object(db: Db):
    return titles_of_one(db.query(User).first())


@app.get("/local")
def local(db: Db):
    users: list = db.query(User).all()
    return [post.title for user in users for post in user.posts]


@app.get("/query")
def query(db: Db):
    return [post.title for post in first(db.query(User)).posts]
'''

PATHS = "list sequence dict pair passed any object local query".split()


def test_what_annotations_do_not_say_is_loaded() -> None:
    """Nothing is left: each query loads the posts that are read."""
    migration = check(source_of(GIVEN), [("GET", f"/{path}") for path in PATHS])
    assert not [f for f in migration.findings if f.code == "LL304"]
    assert migration.after["app.py"].text.count("selectinload(User.posts)") >= len(PATHS) - 2


SHARED = """
class Brief(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str
    titles: list[str]


class Page(BaseModel):
    data: list[Brief]
    total: int


def paginate(query, size: int):
    return query.limit(size).all(), query.count()


@app.get("/posts")
def posts(db: Db):
    found, total = paginate(db.query(Post).order_by(Post.id), 5)
    return [post.title for post in found]


@app.get("/users", response_model=Page)
def users(db: Db):
    found, total = paginate(db.query(User).order_by(User.id), 5)
    return {"data": found, "total": total}


@app.get("/tags")
def tags(db: Db):
    found, total = paginate(db.query(Tag).order_by(Tag.id), 5)
    return [tag.name for tag in found]
"""


def test_each_caller_of_a_shared_helper_loads_what_it_reads() -> None:
    """A parameter stands for the statements of all its callers, and not for one by chance."""
    requests = [("GET", "/posts"), ("GET", "/users"), ("GET", "/tags")]
    migration = check(source_of(SHARED), requests)
    text = migration.after["app.py"].text
    assert text.count("selectinload(User.posts)") == 1
