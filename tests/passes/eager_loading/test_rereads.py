"""Tests load in front of their first reader what only they read."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import HiddenLoad, migrated, no_hidden_loads

SERVICE = """
def find(db: Session, name: str) -> User | None:
    return db.scalars(select(User).where(User.name == name)).first()


def create(db: Session, name: str) -> User:
    user = User(name=name)
    db.add(user)
    db.commit()
    return user


@app.post("/posts")
def post(author: int, db: Db):
    db.add(Post(title="new", author_id=author))
    db.commit()
    return 1


client = TestClient(app)


"""
CASES: dict[str, tuple[str, str]] = {
    "what a function of the application gave": (
        """
        def test_it(db: Session):
            user = find(db, "ann")
            assert [post.title for post in user.posts] == ["one", "two"]
        """,
        'db.refresh(user, ["posts"])\n    assert',
    ),
    "at once": (
        """
        def test_it(db: Session):
            assert len(find(db, "ann").posts) == 2
        """,
        'user = find(db, "ann")\n    db.refresh(user, ["posts"])\n    assert len(user.posts)',
    ),
    "several levels": (
        """
        def test_it(db: Session):
            user = create(db, "eve")
            db.add(Post(title="x", author_id=user.id, tags=[Tag(name="t")]))
            db.commit()
            assert user.posts[0].tags[0].name == "t"
        """,
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "what a request adds shows": (
        """
        def test_it(db: Session):
            user = create(db, "eve")
            assert user.posts == []
            client.post(f"/posts?author={user.id}")
            db.rollback()
            assert len(user.posts) == 1
        """,
        'db.refresh(user, ["posts"])\n    assert user.posts == []\n',
    ),
    "children that are added later": (
        """
        def test_it(db: Session):
            user = create(db, "eve")
            db.refresh(user)
            db.add_all([Post(title="a", author_id=user.id), Post(title="b", author_id=user.id)])
            db.commit()
            assert [post.title for post in user.posts] == ["a", "b"]
        """,
        'db.refresh(user, ["posts"])\n    assert',
    ),
    "a list": (
        """
        def test_it(db: Session):
            users = db.scalars(select(User).order_by(User.id)).all()
            client.post("/posts?author=2")
            assert [len(user.posts) for user in users] == [2, 1]
        """,
        "in users:\n        db.refresh(",
    ),
    "what is read at once is loaded by the query": (
        """
        def test_it(db: Session):
            user = db.scalars(select(User).where(User.name == "ann")).one()
            assert len(user.posts) == 2
        """,
        "options(selectinload(User.posts))",
    ),
}


IMPORTS = "from app import Post, Session, Tag, User, client, create, find, select\n\n"
TEST = "tests/test_it"


@pytest.mark.parametrize("name", CASES)
def test_rereads(name: str) -> None:
    body, expected = CASES[name]
    app = "from fastapi.testclient import TestClient\n" + source_of(SERVICE)
    test = IMPORTS + textwrap.dedent(body)
    after = migrated(app, **{TEST: test}).after
    text, service = after[f"{TEST}.py"].text, after["app.py"].text
    assert expected in text, text
    again = migrated(service, **{TEST: text})
    assert not again.changed, again.after[f"{TEST}.py"].text
    _run(app, test, strict=False)
    with pytest.raises(HiddenLoad):
        _run(app, test, strict=True)
    _run(service, text, strict=True)


def _run(app: str, test: str, *, strict: bool) -> None:
    modules = {name: types.ModuleType(name) for name in ("app", "test_it")}
    for (name, module), source in zip(modules.items(), (app, test), strict=True):
        sys.modules[name] = module
        exec(compile(source, f"{name}.py", "exec", dont_inherit=True), module.__dict__)
    guard = no_hidden_loads() if strict else contextlib.nullcontext()
    try:
        with modules["app"].__dict__["SessionLocal"]() as db, guard:
            modules["test_it"].__dict__["test_it"](db)
    finally:
        for name in modules:
            del sys.modules[name]


def test_a_class_that_a_test_cannot_name() -> None:
    """It is reported; the rest of the code base is migrated all the same."""
    app = "from fastapi.testclient import TestClient\n" + source_of(SERVICE)
    test = """
from app import Session, find

User = UserModel = None


def test_it(db: Session):
    user = find(db, "ann")
    assert [tag.name for post in user.posts for tag in post.tags]
"""
    migration = migrated(app, **{TEST: test})
    assert migration.after[f"{TEST}.py"].text == test
    assert any("User can't be named there" in f.reasons for f in migration.findings)
