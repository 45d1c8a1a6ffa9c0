"""What was read again after a commit is still what the database holds."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import Request, check, migrated

from codemods.findings import Treatment

CASES: dict[str, tuple[str, list[Request], list[str]]] = {
    "a new object, and what the database made of it": (
        """
        @app.post("/users", response_model=UserBrief)
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            return user
        """,
        [("POST", "/users", {"name": "eve", "balance": "150"})],
        ["db.commit()\n    db.refresh(user)\n    return user"],
    ),
    "a new object that is put into a relationship of another, and named there": (
        """
        @app.post("/users")
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            db.add(Post(title=user.name, author=user))
            db.commit()
            return db.scalars(select(Post.title).order_by(Post.id.desc())).all()
        """,
        [("POST", "/users", {"name": "eve"})],
        ["db.commit()\n    db.refresh(user)\n    db.add(Post("],
    ),
    "a new object with relationships": (
        """
        @app.post("/users", response_model=UserOut)
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            db.refresh(user)
            return user
        """,
        [("POST", "/users", {"name": "eve"})],
        ["user.id,\n        options=[selectinload(User.posts).selectinload(Post.tags)],\n"],
    ),
    "an object that was changed": (
        """
        @app.patch("/posts/{pk}", response_model=PostFull)
        def change(pk: int, title: str, author: int, db: Db):
            post = db.get(Post, pk)
            if not post:
                raise HTTPException(404)
            post.title = title
            post.author_id = author
            db.commit()
            return post
        """,
        [
            ("PATCH", "/posts/1?title=new&author=2"),
            ("PATCH", "/posts/3?title=found&author=1"),
            ("PATCH", "/posts/9?title=x&author=1"),
        ],
        ["    post = db.get(Post, pk)\n", "immediateload(Post.author), selectinload(Post.tags)"],
    ),
    "the children of an object": (
        """
        @app.post("/users/{pk}/posts", response_model=UserOut)
        def add(pk: int, title: str, db: Db):
            user = db.get(User, pk)
            if len(user.posts) > 2:
                raise HTTPException(409)
            db.add(Post(title=title, author_id=user.id))
            db.commit()
            return user
        """,
        [("POST", "/users/1/posts?title=a"), ("POST", "/users/1/posts?title=b")],
        ["options=[selectinload(User.posts)]", "populate_existing=True"],
    ),
    "a new object, and children that there may be none of": (
        """
        @app.post("/users", response_model=UserOut)
        def create(data: UserIn, titles: str, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            db.refresh(user)
            for title in titles.split():
                db.add(Post(title=title, author_id=user.id))
                db.commit()
            return user
        """,
        [
            ("POST", "/users?titles=", {"name": "eve"}),
            ("POST", "/users?titles=a+b", {"name": "ann"}),
        ],
        ["        db.commit()\n    db.get(\n"],
    ),
    "a new object, saved again in a branch": (
        """
        @app.post("/users", response_model=UserOut)
        def create(data: UserIn, title: str, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            if title:
                db.add(Post(title=title, author_id=user.id))
                db.commit()
            return user
        """,
        [
            ("POST", "/users?title=", {"name": "eve"}),
            ("POST", "/users?title=a", {"name": "ann", "balance": "150"}),
        ],
        ["        db.commit()\n    db.get(\n"],
    ),
    "several new objects": (
        """
        @app.post("/users", response_model=list[UserBrief])
        def create(names: list[str], db: Db):
            users = [User(name=name, balance=1) for name in names]
            db.add_all(users)
            for user in users:
                user.balance = user.balance + 1
            db.commit()
            return users
        """,
        [("POST", "/users", ["x", "y"])],
        ["db.commit()\n    for each_user in users:\n        db.refresh(each_user)\n"],
    ),
    "a bulk update": (
        """
        @app.put("/users/{pk}", response_model=UserBrief)
        def rename(pk: int, name: str, db: Db):
            query = db.query(User).filter(User.id == pk)
            user = query.first()
            if user.name == name:
                raise HTTPException(409)
            query.update({"name": name}, synchronize_session=False)
            db.commit()
            return query.first()
        """,
        [("PUT", "/users/1?name=anna"), ("PUT", "/users/1?name=anna")],
        ["return query.populate_existing().first()"],
    ),
    "a bulk update of the second kind": (
        """
        @app.put("/users/{pk}", response_model=UserBrief)
        def rename(pk: int, name: str, db: Db):
            user = db.scalars(select(User).where(User.id == pk)).one()
            before = user.name
            statement = update(User).where(User.id == pk).values(name=before + name)
            db.execute(statement.execution_options(synchronize_session=False))
            db.commit()
            return db.scalars(select(User).where(User.id == pk)).one()
        """,
        [("PUT", "/users/1?name=a")],
        [".execution_options(populate_existing=True)"],
    ),
    "a helper that saves": (
        """
        def save(db: Session, thing):
            db.add(thing)
            db.commit()
            db.refresh(thing)
            return thing


        @app.post("/users", response_model=UserOut)
        def create(data: UserIn, db: Db):
            return save(db, User(**data.model_dump()))


        @app.post("/posts", response_model=PostOut)
        def post(title: str, db: Db):
            post = save(db, Post(title=title))
            return post
        """,
        [("POST", "/users", {"name": "eve"}), ("POST", "/posts?title=x")],
        ["user = save(db, User(**data.model_dump()))"],
    ),
    "what a commit may not find": (
        """
        @app.patch("/users/{pk}", response_model=UserBrief | None)
        def change(pk: int, db: Db):
            user = db.get(User, pk)
            if user:
                user.name = "x"
            db.commit()
            return user
        """,
        [("PATCH", "/users/1"), ("PATCH", "/users/99")],
        ["if user is not None:\n        db.refresh(user)"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_commits(name: str) -> None:
    body, requests, expected = CASES[name]
    migration = check(source_of(body), requests)
    text = migration.after["app.py"].text
    for words in expected:
        assert words in text, text


SAME = {
    "how many there are": """
        @app.post("/users")
        def create(data: UserIn, db: Db):
            users = db.scalars(select(User)).all()
            for user in users:
                user.balance = user.balance + 1
            db.commit()
            return {"users": len(users), "list": isinstance(users, list)}
        """,
    "only the key is read": """
        @app.post("/users")
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            return {"id": user.id}
        """,
    "it is put into a relationship of another": """
        @app.post("/users")
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            db.add(Post(title="new", author=user))
            db.commit()
            return {"id": user.id}
        """,
    "it is deleted": """
        @app.post("/users")
        def drop(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.flush()
            db.delete(user)
            db.commit()
            return {"id": user.id, "name": user.name}
        """,
    "it is refreshed": """
        @app.post("/users", response_model=UserBrief)
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            db.refresh(user)
            return user
        """,
    "it was not changed": """
        @app.post("/users")
        def create(data: UserIn, db: Db):
            user = db.scalars(select(User).where(User.name == "ann")).one()
            db.add(Note(text=data.name, user_id=user.id))
            db.commit()
            return {"name": user.name}
        """,
}


@pytest.mark.parametrize("name", SAME)
def test_no_refresh(name: str) -> None:
    source = source_of(SAME[name])
    migration = check(source, [("POST", "/users", {"name": "eve"})], needed=False)
    assert migration.after["app.py"].text == source.replace(
        "sessionmaker(bind=engine)", "sessionmaker(bind=engine, expire_on_commit=False)"
    )


def test_an_empty_answer_stays_empty() -> None:
    """Without a response model, an expired object is answered as ``{}``."""
    source = source_of(
        """
        @app.post("/users")
        def create(data: UserIn, db: Db):
            user = User(**data.model_dump())
            db.add(user)
            db.commit()
            return user
        """
    )
    migration = check(source, [("POST", "/users", {"name": "eve"})])
    assert "db.commit()\n    db.expire(user)\n    return user" in migration.after["app.py"].text
    [finding] = [f for f in migration.findings if f.code == "LL305"]
    assert finding.treatment is Treatment.NATIVE


FACTORIES = {
    "sessionmaker(engine)": "sessionmaker(engine, expire_on_commit=False)",
    "Session(engine)": "Session(engine, expire_on_commit=False)",
    "scoped_session(sessionmaker())": "scoped_session(sessionmaker(expire_on_commit=False))",
    "sessionmaker(engine, expire_on_commit=True)": "sessionmaker(engine, expire_on_commit=False)",
    "sessionmaker(engine, expire_on_commit=False)": (
        "sessionmaker(engine, expire_on_commit=False)"
    ),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_factories(name: str) -> None:
    head = (
        "from sqlalchemy import create_engine\n"
        "from sqlalchemy.orm import Session, scoped_session, sessionmaker\n\n"
        'engine = create_engine("sqlite://")\n'
    )
    after = migrated(f"{head}make = {name}\n").after["app.py"].text
    assert after == f"{head}make = {FACTORIES[name]}\n"


def test_migrations_are_left_alone() -> None:
    head = "from sqlalchemy.orm import Session\n\n"
    source = f"{head}db = Session(bind)\ndown_revision = revision = None\n"
    assert not migrated(source, path="alembic/versions/1_first.py").changed


def test_a_reader_in_the_loop_of_its_commit() -> None:
    """Reading it again behind the loop would be too late, and would be done at each run."""
    body = """
    def store(user: User, n: int, db: Session) -> bool:
        user.balance = n
        db.commit()
        return n > 1


    @app.post("/users/{pk}")
    def users(pk: int, db: Db):
        user = db.get_one(User, pk)
        seen = []
        for n in range(3):
            stored = store(user, n, db)
            if stored:
                seen.append(str(user.balance))
        return seen
    """
    migration = check(source_of(body), [("POST", "/users/1")])
    text = migration.after["app.py"].text
    assert "stored = store(user, n, db)\n        db.refresh(user)\n" in text, text


def test_an_object_that_is_read_in_an_elif() -> None:
    """Nothing can be put between an ``if`` and its ``elif``."""
    body = """
    def describe(post: Post, db: Session) -> str:
        if post.title == "x":
            return ""
        elif post.author:
            return post.author.name
        return "?"


    def save(post: Post, db: Session) -> str:
        db.add(post)
        db.commit()
        return describe(post, db)


    @app.post("/posts")
    def create(db: Db):
        return save(Post(title="new", author_id=2), db)


    @app.put("/posts")
    def put(db: Db):
        return save(Post(title="put", author_id=1), db)
    """
    check(source_of(body), [("POST", "/posts"), ("PUT", "/posts")])


SAVED_ELSEWHERE = {
    "put into the collection": """
        def save(db: Session, user: User):
            user.posts.insert(0, Post(title="zero"))
            db.commit()
        """,
    "saved beside the collection": """
        def save(db: Session, user: User):
            assert user.posts
            db.add(Post(title="zero", author_id=user.id))
            db.commit()
        """,
}


@pytest.mark.parametrize("save", SAVED_ELSEWHERE.values(), ids=SAVED_ELSEWHERE)
@pytest.mark.parametrize(
    "query", ["db.scalars(select(User).where(User.id == pk)).one()", "db.get(User, pk)"]
)
def test_a_collection_is_queried_again_by_another_function(save: str, query: str) -> None:
    """The commit expired the collection: it has all of its rows again, in their order."""
    body = textwrap.dedent(save) + textwrap.dedent(
        f"""

        def find(db: Session, pk: int):
            return {query}


        @app.post("/users/{{pk}}", response_model=UserOut)
        def read(pk: int, db: Db):
            user = find(db, pk)
            save(db, user)
            return find(db, pk)


        @app.get("/users/{{pk}}", response_model=UserOut)
        def show(pk: int, db: Db):
            return find(db, pk)
        """
    )
    migration = check(source_of(body), [("POST", "/users/1"), ("GET", "/users/1")])
    assert "populate_existing=True" in migration.after["app.py"].text


MOVED = """
    def move(db, post, author):
        old = post.author
        post.author = author
        db.commit()
        return old, post


    @app.post("/posts/{pk}/move")
    def moved(pk: int, to: int, db: Db):
        old, post = move(db, db.get(Post, pk), db.get(User, to))
        return {
            "old": old.name if old else None,
            "left": [p.id for p in old.posts] if old else [],
            "new": post.author.name,
            "posts": [p.id for p in post.author.posts],
        }
    """


def test_what_a_relationship_led_to_before_a_commit() -> None:
    """Objects that a function gives in a tuple are read again behind its commit."""
    requests: list[Request] = [("POST", f"/posts/{pk}/move?to=2") for pk in (2, 1, 3, 3)]
    text = check(source_of(MOVED), requests).after["app.py"].text
    assert "    if old is not None:\n        db.get(User, old.id, options=" in text, text


def test_a_migration_that_commits() -> None:
    """Its functions call each other, which is none of the application's business."""
    version = """
        from sqlalchemy.orm import Session

        revision = down_revision = None


        def upgrade(session: Session):
            session.commit()


        def again(session: Session):
            upgrade(session)
            again(session)
        """
    assert not migrated(textwrap.dedent(version), path="db/versions/1_first.py").changed
