import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

import forum
from forum import DB as Sessions, Post, posts, users
from forum.api import make_app


@pytest.fixture
def db():
    forum.Base.metadata.drop_all(forum.core.engine)
    forum.create_tables()
    with Sessions() as s:
        yield s


def test_handlers(db):
    users.create(db, "ann")
    post = posts.write(db, "ann", "hello")
    for name, extra in [("publish", {}), ("rename", {"value": "bye"}), ("like", {"nick": "ann"}), ("upper", {})]:
        assert posts.handle(db, post.id, name, **extra) is post
    assert posts.as_dict(post) == {"id": post.id, "title": "BYE", "state": "public", "by": "ann", "likes": ["ann"]}
    assert posts.published(db) == [post]
    assert not posts.drafts(db)


def test_http(db):
    client = TestClient(make_app())
    assert client.post("/users/bob").json() == {"id": 1, "users": 1}
    assert client.post("/posts?nick=bob&title=x").status_code == 201
    assert db.scalars(select(Post)).one().author.nick == "bob"
    assert users.count() == users.count(db) == 1
