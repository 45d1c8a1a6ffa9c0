"""What is read after rollback(), expire() or expire_all() is read again on purpose."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import Request, check, migrated

CASES: dict[str, tuple[str, list[Request], list[str]]] = {
    "an object that was loaded before a rollback": (
        """
        @app.put("/posts/{pk}")
        def change(pk: int, db: Db):
            post = db.get(Post, pk)
            if post is None:
                raise HTTPException(404)
            post.title = "changed"
            db.rollback()
            return {"title": post.title, "author": post.author_id}
        """,
        [("PUT", "/posts/1"), ("PUT", "/posts/9")],
        ["db.rollback()\n    db.refresh(post)\n    return"],
    ),
    "an object of a dependency, in a handler": (
        """
        def current(db: Db) -> User:
            return db.scalars(select(User).where(User.name == "ann")).one()


        @app.post("/tags")
        def tag(name: str, db: Db, user: Annotated[User, Depends(current)]):
            try:
                db.add(Tag(id=1, name=name))
                db.commit()
            except IntegrityError:
                db.rollback()
                raise HTTPException(409, f"{user.name} can't")
            return user.id
        """,
        [("POST", "/tags?name=x")],
        ["db.rollback()\n        db.refresh(user)\n        raise"],
    ),
    "a new object is not one of the database's": (
        """
        @app.post("/tags")
        def tag(name: str, db: Db):
            new = Tag(id=1, name=name)
            try:
                db.add(new)
                db.commit()
            except IntegrityError:
                db.rollback()
                raise HTTPException(409, f"{new.name} is there")
            return new.id
        """,
        [("POST", "/tags?name=x")],
        ["if inspect(new).expired:\n            db.refresh(new)"],
    ),
    "the next turn of a loop": (
        """
        @app.post("/tags")
        def tags(names: list[str], db: Db):
            user = db.scalars(select(User)).first()
            if user is None:
                raise HTTPException(404)
            failed = []
            for name in names:
                try:
                    db.add(Tag(id=len(name), name=user.name + name))
                    db.commit()
                except IntegrityError:
                    db.rollback()
                    failed.append(name)
            return failed
        """,
        [("POST", "/tags", ["a", "bb", "ccccc", "d", "eeeeee"])],
        ["db.rollback()\n            if inspect(user).expired:\n                db."],
    ),
    "the objects that a loop goes over": (
        """
        @app.post("/names")
        def names(db: Db):
            found = []
            for user in db.scalars(select(User).order_by(User.id)).all():
                found.append(user.name)
                user.name = "x"
                db.rollback()
            return found
        """,
        [("POST", "/names")],
        ["if inspect(user).expired:\n            db.refresh(user)\n        found.append"],
    ),
    "a list": (
        """
        @app.get("/users", response_model=list[UserBrief])
        def users(db: Db):
            found = db.scalars(select(User).order_by(User.id)).all()
            db.expire_all()
            return found
        """,
        [("GET", "/users")],
        ["for one_found in found:\n        db.refresh(one_found)\n"],
    ),
    "one attribute": (
        """
        @app.get("/users/{pk}")
        def user(pk: int, db: Db):
            user = db.get(User, pk)
            if user is None:
                raise HTTPException(404)
            db.execute(update(User).values(name="new"), execution_options={
                "synchronize_session": False})
            db.expire(user, ["name"])
            return [user.id, user.name]
        """,
        [("GET", "/users/1")],
        ['db.refresh(user, ["name"])'],
    ),
    "relationships": (
        """
        @app.get("/users/{pk}", response_model=UserBrief)
        def user(pk: int, db: Db):
            user = db.get_one(User, pk)
            db.expire(user)
            if len(user.posts) > 1:
                raise HTTPException(409)
            return user


        @app.get("/words/{pk}")
        def words(pk: int, db: Db):
            user = db.get_one(User, pk)
            db.rollback()
            return {"words": user.words(), "name": user.name}
        """,
        [("GET", "/users/1"), ("GET", "/users/2"), ("GET", "/words/1")],
        ['db.refresh(user)\n    db.refresh(user, ["posts"])\n', "selectinload(User.posts)"],
    ),
    "a helper that gives up": (
        """
        def save(db: Session, thing) -> bool:
            try:
                db.add(thing)
                db.commit()
            except IntegrityError:
                db.rollback()
                return False
            return True


        @app.post("/tags")
        def tag(name: str, db: Db):
            user = db.get_one(User, 1)
            if not save(db, Tag(id=1, name=name)):
                return {"error": user.name}
            return {"user": user.id}
        """,
        [("POST", "/tags?name=x")],
        ["if inspect(user).expired:"],
    ),
    "a savepoint": (
        """
        @app.post("/tags")
        def tag(name: str, db: Db):
            user = db.get_one(User, 1)
            try:
                with db.begin_nested():
                    user.name = "other"
                    db.add(Tag(id=1, name=name))
            except IntegrityError:
                return user.name
            return None
        """,
        [("POST", "/tags?name=x")],
        ["if inspect(user).expired:"],
    ),
    "an attribute that the database computes": (
        """
        @app.post("/users/{pk}")
        def change(pk: int, db: Db):
            user = db.get_one(User, pk)
            user.balance = User.balance + 2
            db.flush()
            return user.balance
        """,
        [("POST", "/users/1")],
        ["if inspect(user).expired_attributes:\n        db.refresh(user)"],
    ),
    "an update with an expression": (
        """
        @app.post("/users/{pk}")
        def change(pk: int, db: Db):
            user = db.get_one(User, pk)
            post = db.get_one(Post, pk)
            db.execute(update(User).values(name=func.upper(User.name)))
            return user.name + post.title
        """,
        [("POST", "/users/1")],
        ["if inspect(user).expired_attributes:\n        db.refresh(user)\n    return"],
    ),
    "an update of one of two classes": (
        """
        @app.post("/{kind}")
        def change(kind: str, db: Db):
            model = User if kind == "user" else Post
            user = db.get_one(User, 1)
            post = db.get_one(Post, 1)
            tag = db.get(Tag, 1)
            db.execute(update(model).values(id=func.abs(model.id)))
            return [user.id, post.id, tag is None or tag.id]
        """,
        [("POST", "/user"), ("POST", "/post")],
        [
            "if inspect(user).expired_attributes:\n        db.refresh(user)",
            "if inspect(post).expired_attributes:\n        db.refresh(post)\n    return",
        ],
    ),
    "an elif, and a value that is added to": (
        """
        @app.post("/users/{pk}")
        def change(pk: int, n: int, db: Db):
            user = db.get_one(User, pk)
            db.rollback()
            if n == 1:
                return 1
            elif user.name == "ann":
                user.balance += n
            db.flush()
            return user.balance
        """,
        [("POST", "/users/1?n=2"), ("POST", "/users/1?n=1"), ("POST", "/users/2?n=3")],
        ["db.refresh(user)\n    if n == 1:"],
    ),
}
HEAD = "from sqlalchemy.exc import IntegrityError\n"


@pytest.mark.parametrize("name", CASES)
def test_expiries(name: str) -> None:
    body, requests, expected = CASES[name]
    migration = check(HEAD + source_of(body), requests)
    text = migration.after["app.py"].text
    for words in expected:
        assert words in text, text
    assert "LL307" in {finding.code for finding in migration.findings}


SAME = {
    "nothing is read": """
        @app.post("/tags")
        def tag(db: Db):
            user = db.get_one(User, 1)
            try:
                db.add(Tag(id=1, name="x"))
                db.commit()
            except IntegrityError:
                db.rollback()
                raise HTTPException(409)
            return user.id
        """,
    "it is refreshed": """
        @app.post("/tags")
        def tag(db: Db):
            user = db.get_one(User, 1)
            db.rollback()
            db.refresh(user)
            return user.name
        """,
    "it is loaded again": """
        @app.post("/tags")
        def tag(db: Db):
            user = db.get_one(User, 1)
            db.expire_all()
            user = db.get_one(User, 1)
            return user.name
        """,
    "an answer without a model": """
        @app.post("/tags")
        def tag(db: Db):
            user = db.get_one(User, 1)
            db.expire(user)
            return user
        """,
    "another attribute": """
        @app.post("/tags")
        def tag(db: Db):
            user = db.get_one(User, 1)
            db.expire(user, ["balance"])
            return user.name
        """,
}


@pytest.mark.parametrize("name", SAME)
def test_nothing_to_read_again(name: str) -> None:
    source = HEAD + source_of(SAME[name])
    migration = check(source, [("POST", "/tags")], needed=False)
    assert migration.after["app.py"].text == source.replace(
        "sessionmaker(bind=engine)", "sessionmaker(bind=engine, expire_on_commit=False)"
    )
    assert "LL307" not in {finding.code for finding in migration.findings}


def test_fixtures() -> None:
    """A test reads what it shares with the application after ``expire_all``."""
    source = source_of(
        """
        import pytest


        @pytest.fixture
        def user(db: Session):
            user = User(name="eve")
            db.add(user)
            db.commit()
            return user


        def test_posts(db: Session, client, user):
            client.post("/posts", json={"author_id": 3})
            db.expire_all()
            assert user.name == "eve"
            assert len(user.posts) == 1
        """
    )
    text = migrated(source, path="tests/test_app.py").after["tests/test_app.py"].text
    expected = 'db.expire_all()\n    db.refresh(user)\n    db.refresh(user, ["posts"])\n    assert'
    assert expected in text, text


MODEL = """
class {name}({bases}Base):
    __tablename__ = "{table}"
{arguments}
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    changed: Mapped[str] = mapped_column(default="", onupdate=func.upper("now"))
    seen: Mapped[str] = mapped_column(default="", onupdate=lambda: "python")


Base.metadata.create_all(engine)


@app.post("/change")
def change(db: Db):
    made = {name}(title="a")
    db.add(made)
    db.commit()
    db.refresh(made)
    made.title = "b"
    db.flush()
    return [made.changed, made.seen]
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", '__mapper_args__ = {"eager_defaults": True}'),
        ('    __mapper_args__ = {"polymorphic_identity": 1}\n', '1, "eager_defaults": True}'),
        ("    __mapper_args__ = {}\n", '__mapper_args__ = {"eager_defaults": True}'),
    ],
)
def test_columns_that_an_update_sets(arguments: str, expected: str) -> None:
    """They expire with each flush; with ``eager_defaults`` the flush itself reads them."""
    body = MODEL.format(name="Memo", bases="", table="memos", arguments=arguments)
    migration = check(source_of(body), [("POST", "/change")])
    assert migration.after["app.py"].text.count(expected) == 1, migration.after["app.py"].text


def test_columns_that_python_sets() -> None:
    body = MODEL.format(name="Memo", bases="", table="memos", arguments="")
    body = body.replace('func.upper("now")', "str")
    migration = check(source_of(body), [("POST", "/change")], needed=False)
    assert "eager_defaults" not in migration.after["app.py"].text


def test_deferred_columns_are_loaded_with_their_query() -> None:
    body = """
    class Doc(Base):
        __tablename__ = "docs"

        id: Mapped[int] = mapped_column(primary_key=True)
        body: Mapped[str] = mapped_column(deferred=True)


    Base.metadata.create_all(engine)


    class DocOut(Out):
        body: str


    @app.post("/pages", response_model=DocOut)
    def add(body: str, db: Db):
        doc = Doc(body=body)
        db.add(doc)
        db.commit()
        db.refresh(doc)
        return doc


    @app.get("/pages", response_model=list[DocOut])
    def docs(db: Db):
        return db.scalars(select(Doc)).all()


    @app.get("/pages/{pk}")
    def doc(pk: int, db: Db):
        return db.get_one(Doc, pk).body


    @app.get("/pages/{pk}/keys")
    def keys(pk: int, db: Db):
        return db.get_one(Doc, pk)
    """
    requests: list[Request] = [
        ("POST", "/pages?body=x"),
        ("GET", "/pages"),
        ("GET", "/pages/1"),
        ("GET", "/pages/1/keys"),
    ]
    text = check(source_of(body), requests).after["app.py"].text
    assert "select(Doc).options(undefer(Doc.body))" in text
    assert "db.get_one(Doc, pk, options=[undefer(Doc.body)]).body" in text
    assert "db.get_one(Doc, pk)\n" in text, text


def test_objects_without_a_name_are_reported() -> None:
    body = """
    @app.get("/users")
    def users(db: Db):
        users = {user.id: user for user in db.scalars(select(User))}
        first = users[1].name
        db.rollback()
        return [first, users[1].name]
    """
    [finding] = [f for f in migrated(source_of(body)).findings if f.code == "LL307"]
    assert finding.treatment.value == "left"
    assert "users[1].name" in finding.message


LASTING = """
import pytest


@pytest.fixture(scope="{scope}")
def db():
    with SessionLocal() as session:
        yield session


@pytest.fixture(scope="{scope}")
def user(db: Session):
    user = User(name="eve")
    db.add(user)
    db.commit()
    return user


def test_new(db: Session):
    {expiring}
    assert db.scalars(select(User)).all()


def test_name(client, user):
    response = client.get("/users")
    with contextlib.suppress(KeyError):
        assert user.name in response.text
    assert user.id


def test_both(db: Session, user):
    assert user.id
    assert user.name


def test_neither(user):
    pass
"""

READ_AGAIN = """\
def test_name(client, user, db):
    response = client.get("/users")
    if inspect(user).expired:
        db.refresh(user)
    with contextlib.suppress(KeyError):
"""


@pytest.mark.parametrize("expiring", ["db.expire_all()", "db.rollback()"])
@pytest.mark.parametrize("scope", ["session", "module", "function"])
def test_fixtures_that_outlive_a_test(scope: str, expiring: str) -> None:
    """One test expires what another one reads, where the scope lets them share it."""
    source = source_of(LASTING.format(scope=scope, expiring=expiring))
    text = migrated(source, path="tests/test_app.py").after["tests/test_app.py"].text
    both = "def test_both(db: Session, user):\n    if inspect(user).expired:\n"
    assert (READ_AGAIN in text, both in text) == (scope != "function",) * 2, text
    assert text.count("db.refresh(user)") == (3 if scope != "function" else 1), text
    assert "def test_neither(user):\n    pass\n" in text
    again = migrated(text, path="tests/test_app.py")
    assert not again.changed, again.after["tests/test_app.py"].text


def test_fixtures_that_nothing_expires() -> None:
    source = source_of(LASTING.format(scope="session", expiring="db.flush()"))
    text = migrated(source, path="tests/test_app.py").after["tests/test_app.py"].text
    assert "inspect" not in text, text


def test_a_lasting_object_where_the_session_has_no_name() -> None:
    """The name of the session stands for something else in the test: it is reported."""
    source = source_of(LASTING.format(scope="session", expiring="db.rollback()"))
    source = source.replace('    response = client.get("/users")', "    db = response = {}", 1)
    migration = migrated(source, path="tests/test_app.py")
    text = migration.after["tests/test_app.py"].text
    assert "def test_name(client, user):\n    db = response" in text, text
    [finding] = [f for f in migration.findings if f.treatment.value == "left"]
    assert (finding.code, finding.symbol) == ("LL307", "test_name")


def test_a_variable_of_a_comprehension_is_not_that_of_the_function() -> None:
    """In front of the comprehension, the loop's variable of that name is not there yet."""
    body = """
    @app.post("/users")
    def users(db: Db):
        found = db.scalars(select(User)).all()
        try:
            db.commit()
        except IntegrityError:
            db.rollback()
        names = {user.id: user.name for user in found}
        for user in found:
            names[user.id] += user.name
        return names
    """
    migration = check(source_of(body), [("POST", "/users")])
    text = migration.after["app.py"].text
    assert "refresh(user)" not in text.partition("names = ")[0], text


def test_what_could_be_none_is_asked_in_front_of_the_question() -> None:
    """``if x and x.name`` reads nothing of None, and reading it again once is enough."""
    body = """
    @app.post("/users/{pk}")
    def users(pk: int, db: Db):
        user = db.get(User, pk)
        try:
            db.commit()
        except IntegrityError:
            db.rollback()
        if user and user.name == "ann":
            db.rollback()
            return 1
        elif user and user.name == "bob":
            return 2
        return 3
    """
    migration = check(source_of(body), [("POST", "/users/1"), ("POST", "/users/9")])
    text = migration.after["app.py"].text
    assert text.count("refresh(user)") == 1, text
    assert "if user is not None and inspect(user).expired:" in text
