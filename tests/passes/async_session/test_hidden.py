"""What is loaded lazily and can't be told to its query: it works after the flip as before."""

from __future__ import annotations

import gc
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from codemods.config import Options
from codemods.passes import all_passes
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
from fastapi import BackgroundTasks, Depends, FastAPI
from jinja2 import Template
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, Session, mapped_column, object_session, relationship, sessionmaker
)

engine = create_engine("sqlite:///{path}", connect_args={{"check_same_thread": False}})
SessionLocal = sessionmaker(bind=engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    bio: Mapped[str] = mapped_column(default="long", deferred=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="author", order_by="Post.id")

    @property
    def titles(self):
        return [post.title for post in self.posts]

    @property
    def newest(self):
        newest = select(Post.title).filter_by(author_id=self.id).order_by(Post.id.desc())
        return object_session(self).scalars(newest).first()

    def count(self):
        return len(object_session(self).scalars(select(Post).filter_by(author_id=self.id)).all())


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship(back_populates="posts")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str
    titles: list[str]


class Newest(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    newest: str


class Users(BaseModel):
    users: list[Newest]


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def strange(value):
    return next(map(lambda one: one, [value]))


@app.get("/plain")
def plain(db: Session = Depends(get_db)):
    return db.get(User, 1).name


"""

SEED = """
from sqlalchemy import create_engine as _create
from sqlalchemy.orm import Session as _Session
_engine = _create("sqlite:///{path}")
Base.metadata.create_all(_engine)
with _Session(_engine) as _db:
    ann = User(name="ann")
    _db.add_all([Post(title="one", author=ann), Post(title="two", author=ann)])
    _db.commit()
_engine.dispose()
"""

CASES = {
    "a response model of something unknown": """
        @app.get("/", response_model=Out)
        def read(db: Session = Depends(get_db)):
            return strange(db.get(User, 1))
        """,
    "a template that gets something unknown": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            context = {"user": strange(db.get(User, 1))}
            template = Template("{% for p in user.posts %}{{ p.title }} {% endfor %}")
            return template.render(context)
        """,
    "an attribute in a route": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            user = strange(db.get(User, 1))
            return [post.title for post in user.posts]
        """,
    "an attribute in an async route": """
        @app.get("/")
        async def read(db: Session = Depends(get_db)):
            user = strange(db.get(User, 1))
            return [post.title for post in user.posts]
        """,
    "a property of the model": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            user = strange(db.get(User, 1))
            return user.titles
        """,
    "a helper without a session": """
        def titles(user: User):
            return [post.title for post in user.posts]

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            user = strange(db.get(User, 1))
            return titles(user)
        """,
    "a helper of a helper": """
        def titles(user: User):
            return [post.title for post in user.posts]

        def line(user: User):
            return ", ".join(titles(user))

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return line(strange(db.get(User, 1)))
        """,
    "a method of a service": """
        class Texts:
            def of(self, user: User):
                return [post.title for post in user.posts]

        class Users:
            def __init__(self, db: Session):
                self.db = db
                self.texts = Texts()

            def load(self):
                return self.db.get(User, 1)

            def titles(self):
                user = strange(self.load())
                return self.texts.of(user)

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return Users(db).titles()
        """,
    "a response model": """
        @app.get("/", response_model=Out)
        def read(db: Session = Depends(get_db)) -> Out:
            user: User = strange(db.get(User, 1))
            return user
        """,
    "a model made by hand": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            user: User = strange(db.get(User, 1))
            return Out.model_validate(user)
        """,
    "models made in a comprehension": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            users: list[User] = strange(db.scalars(select(User)).all())
            return [Out.model_validate(user) for user in users]
        """,
    "a model made of an attribute": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            post: Post = strange(db.get(Post, 1))
            return Out.model_validate(post.author)
        """,
    "a model made of what is awaited": """
        def find(db: Session) -> User:
            return strange(db.get(User, 1))

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return Out.model_validate(find(db))
        """,
    "a template": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            user: User = strange(db.get(User, 1))
            return Template("{% for p in user.posts %}{{ p.title }} {% endfor %}").render(user=user)
        """,
    "a template that calls a method that asks the session of its object": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return Template("{{ user.count() }}").render(user=db.get(User, 1))

        @app.get("/seen")
        def seen(db: Session = Depends(get_db)):
            user = db.get(User, 1)
            return user.count()
        """,
    "a template that reads a property that asks the session of its object": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            posts = db.scalars(select(Post)).all()
            return Template("{{ posts[0].author.newest }}").render(posts=posts)
        """,
    "a template without a session": """
        def current(db: Session = Depends(get_db)):
            return db.get(User, 1)

        @app.get("/")
        def read(user: User = Depends(current)):
            return Template("{{ user.newest }}").render(user=user)
        """,
    "a response model of a property that asks the session of its object": """
        @app.get("/", response_model=Users)
        def read(db: Session = Depends(get_db)):
            return {"users": db.scalars(select(User)).all()}
        """,
    "a model made of a property that asks the session of its object": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return Newest.model_validate(db.get(User, 1))
        """,
    "a dependency without a session": """
        def current(db: Session = Depends(get_db)):
            user: User = strange(db.get(User, 1))
            return user

        def titles(user: User = Depends(current)):
            return [post.title for post in user.posts]

        @app.get("/")
        def read(found: list = Depends(titles)):
            return found
        """,
    "a key of sorted": """
        def count(user: User):
            return len(user.posts)

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            users: list[User] = strange(db.scalars(select(User)).all())
            return [user.name for user in sorted(users, key=count)]
        """,
    "a lambda": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            users: list[User] = strange(db.scalars(select(User)).all())
            return [user.name for user in sorted(users, key=lambda user: len(user.posts))]
        """,
    "merge": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            user = db.merge(User(id=1, name="ann"))
            return [post.title for post in user.posts]
        """,
    "an async helper": """
        async def titles(user: User):
            return [post.title for post in user.posts]

        @app.get("/")
        async def read(db: Session = Depends(get_db)):
            return await titles(strange(db.get(User, 1)))
        """,
    "a background task": """
        SEEN = []

        def note(user: User):
            SEEN.append([post.title for post in user.posts])

        @app.get("/")
        def read(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            user: User = strange(db.get(User, 1))
            tasks.add_task(note, user)
            return user.name

        @app.get("/seen")
        def seen():
            return SEEN
        """,
    "a deferred column": """
        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return db.get(User, 1).bio
        """,
    "a helper with a session at hand": """
        def titles(user: User, db: Session):
            first = user.posts[0].author.name if user.posts else ""
            return [first, *(post.title for post in user.posts)]

        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return titles(strange(db.get(User, 1)), db)
        """,
    "a property of a context": """
        class Context:
            def __init__(self, user: User):
                self.user = user

            @property
            def titles(self):
                return [post.title for post in self.user.posts]

        def context(db: Session = Depends(get_db)):
            return Context(strange(db.get(User, 1)))

        @app.get("/")
        def read(found: Context = Depends(context)):
            return found.titles
        """,
}


def migrated(text: str) -> Migration:
    passes = [rule for rule in all_passes() if rule.order <= 40]
    files = {"app.py": SourceFile("app.py", text)}
    return migrate(CodeBase(Path("/nowhere"), files), passes, Options(jobs=1))


def answers(text: str, path: Path) -> list[Any]:
    module = types.ModuleType("hidden_app")
    sys.modules[module.__name__] = module
    path.unlink(missing_ok=True)
    exec(compile(text, "app.py", "exec", dont_inherit=True), module.__dict__)
    exec(SEED.format(path=path), module.__dict__)
    with TestClient(module.__dict__["app"]) as client:
        found = [client.get(url) for url in ("/", "/", "/plain", "/seen")]
        assert found[0].status_code == 200
    gc.collect()
    return [(one.status_code, one.text) for one in found]


@pytest.mark.filterwarnings("error:coroutine:RuntimeWarning")
@pytest.mark.parametrize("snippet", CASES.values(), ids=CASES)
def test_what_is_read_lazily_is_read_as_before(snippet: str, tmp_path: Path) -> None:
    path = tmp_path / "users.db"
    text = HEAD.format(path=path) + textwrap.dedent(snippet).lstrip()
    migration = migrated(text)
    flipped = migration.after["app.py"].text
    print(flipped.partition("return next(")[2])
    assert "create_async_engine" in flipped
    assert answers(flipped, path) == answers(text, path)
    assert not migrated(flipped).changed


@pytest.mark.parametrize("case", [case for case in CASES if "made" in case and "prop" not in case])
def test_models_are_made_within_run_sync(case: str, tmp_path: Path) -> None:
    """Where a session is at hand, the function that makes them becomes async."""
    migration = migrated(HEAD.format(path=tmp_path / "users.db") + textwrap.dedent(CASES[case]))
    text = migration.after["app.py"].text
    assert "async def read(" in text
    assert "await db.run_sync(lambda _" in text
