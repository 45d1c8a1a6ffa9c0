"""What is read of an object is loaded by the query that gives it, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import Request, check, migrated

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes.eager_loading import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

CASES: dict[str, tuple[str, list[Request], list[str]]] = {
    "the validator of a field": (
        """
        from pydantic import field_validator


        class Credited(Out):
            author: int = 0

            @field_validator("author", mode="before")
            @classmethod
            def count(cls, value):
                return len(value.posts) if value is not None else 0


        @app.get("/credits", response_model=list[Credited])
        def credits(db: Db):
            return db.scalars(select(Post).order_by(Post.id)).all()
        """,
        [("GET", "/credits")],
        ["selectinload(Post.author).selectinload(User.posts)"],
    ),
    "list with a response model": (
        """
        @app.get("/users", response_model=list[UserOut])
        def users(db: Db):
            return db.scalars(select(User).order_by(User.id)).all()
        """,
        [("GET", "/users")],
        ["select(User)", ".options(selectinload(User.posts).selectinload(Post.tags))"],
    ),
    "legacy query": (
        """
        @app.get("/users", response_model=list[UserOut])
        def users(db: Db):
            return db.query(User).order_by(User.id).all()
        """,
        [("GET", "/users")],
        ["db.query(User)", ".options(selectinload(User.posts).selectinload(Post.tags))"],
    ),
    "return annotation": (
        """
        @app.get("/users")
        def users(db: Db) -> list[UserOut]:
            return db.execute(select(User)).scalars().all()
        """,
        [("GET", "/users")],
        [".options(selectinload(User.posts).selectinload(Post.tags))"],
    ),
    "one object": (
        """
        @app.get("/posts/{pk}", response_model=PostFull)
        def post(pk: int, db: Db):
            found = db.get(Post, pk)
            if found is None:
                raise HTTPException(404)
            return found
        """,
        [("GET", "/posts/1"), ("GET", "/posts/3"), ("GET", "/posts/9")],
        ["immediateload(Post.author), selectinload(Post.tags)"],
    ),
    "options that are there are kept": (
        """
        @app.get("/users", response_model=list[UserOut])
        def users(db: Db):
            return db.scalars(select(User).options(joinedload(User.posts))).unique().all()
        """,
        [("GET", "/users")],
        ["joinedload(User.posts).selectinload(Post.tags)"],
    ),
    "a property and a method of the model": (
        """
        @app.get("/users")
        def users(db: Db):
            found = db.scalars(select(User).order_by(User.id)).all()
            return [{"titles": user.titles, "words": user.words()} for user in found]
        """,
        [("GET", "/users")],
        ["selectinload(User.posts).selectinload(Post.tags)"],
    ),
    "what a helper reads of its parameter": (
        """
        def describe(user: User) -> dict:
            return {"name": user.name, "titles": [p.title for p in user.posts]}


        @app.get("/users/{pk}")
        def user(pk: int, db: Db):
            found = db.scalars(select(User).where(User.id == pk)).first()
            return describe(found) if found else None
        """,
        [("GET", "/users/1"), ("GET", "/users/9")],
        ["select(User)", ".options(selectinload(User.posts))"],
    ),
    "a chain, and a key of sorted": (
        """
        @app.get("/posts")
        def posts(db: Db):
            found = db.scalars(select(Post).where(Post.author_id.is_not(None))).all()
            return [p.author.name for p in sorted(found, key=lambda p: (len(p.tags), p.id))]
        """,
        [("GET", "/posts")],
        ["selectinload(Post.author), selectinload(Post.tags)"],
    ),
    "a function that only some need it of": (
        """
        def find(db: Session, pk: int) -> User | None:
            return db.get(User, pk)


        @app.get("/users/{pk}", response_model=UserOut)
        def user(pk: int, db: Db):
            found = find(db, pk)
            if not found:
                raise HTTPException(404)
            return found


        @app.get("/names/{pk}")
        def name(pk: int, db: Db):
            return find(db, pk).name
        """,
        [("GET", "/users/1"), ("GET", "/users/9"), ("GET", "/names/2")],
        [
            "options: Sequence[ORMOption] = ()",
            "db.get(User, pk, options=options)",
            "options=[selectinload(User.posts).selectinload(Post.tags)]",
        ],
    ),
    "what a function gives is a subclass": (
        """
        class Member(User):
            @property
            def initial(self) -> str:
                return self.name[0]


        def member(db: Session, pk: int) -> Member | None:
            return db.query(Member).filter(Member.id == pk).first()


        def current(pk: int, db: Db):
            return member(db, pk) or member(db, 1)


        @app.get("/members/{pk}")
        def titles(user: Annotated[User, Depends(current)]):
            return [post.title for post in user.posts]


        @app.get("/initials/{pk}")
        def initial(pk: int, db: Db):
            return member(db, pk).initial
        """,
        [("GET", "/members/1"), ("GET", "/members/9"), ("GET", "/initials/2")],
        ["options=[selectinload(Member.posts)]"],
    ),
    "a generic repository": (
        """
        class Repository:
            def __init__(self, model, db):
                self.model = model
                self.db = db

            def all(self):
                return self.db.scalars(select(self.model).order_by(self.model.id)).all()


        class Users(Repository):
            def __init__(self, db):
                super().__init__(User, db)

            def listed(self) -> list[User]:
                return self.db.scalars(select(User).order_by(User.id)).all()


        @app.get("/users", response_model=list[UserOut])
        def users(db: Db):
            return Users(db).listed()
        """,
        [("GET", "/users")],
        ["selectinload(User.posts).selectinload(Post.tags)"],
    ),
    "an object of a dependency": (
        """
        def current(db: Db) -> User:
            return db.scalars(select(User).where(User.name == "ann")).one()


        @app.get("/me", response_model=UserOut)
        def me(user: Annotated[User, Depends(current)]):
            return user
        """,
        [("GET", "/me")],
        ["selectinload(User.posts).selectinload(Post.tags)"],
    ),
    "built by hand": (
        """
        class Page(BaseModel):
            items: list[UserOut]
            total: int


        @app.get("/page", response_model=Page)
        def page(db: Db):
            users = db.scalars(select(User).order_by(User.id)).all()
            return {"items": users, "total": len(users)}


        @app.get("/first")
        def first(db: Db):
            return UserOut.model_validate(db.scalars(select(User)).first()).name
        """,
        [("GET", "/page"), ("GET", "/first")],
        ["selectinload(User.posts).selectinload(Post.tags)"],
    ),
    "rows": (
        """
        class Counted(BaseModel):
            model_config = ConfigDict(from_attributes=True)

            Post: PostFull
            words: int


        @app.get("/counted", response_model=list[Counted])
        def counted(db: Db):
            return db.execute(select(Post, func.length(Post.title).label("words"))).all()
        """,
        [("GET", "/counted")],
        ["selectinload(Post.author), selectinload(Post.tags)"],
    ),
    "a validator that looks at the object": (
        """
        class Summary(BaseModel):
            name: str
            titles: list[str]

            @model_validator(mode="before")
            @classmethod
            def flatten(cls, user):
                return {"name": user.name, "titles": [post.title for post in user.posts]}


        @app.get("/users", response_model=list[Summary])
        def users(db: Db):
            return db.scalars(select(User).order_by(User.id)).all()
        """,
        [("GET", "/users")],
        [".options(selectinload(User.posts))"],
    ),
    "a collection that is appended to": (
        """
        @app.post("/posts/{pk}/tags")
        def tag(pk: int, db: Db):
            post = db.get(Post, pk)
            post.tags.append(Tag(name="new"))
            db.commit()
            return {"done": True}
        """,
        [("POST", "/posts/2/tags")],
        ["options=[selectinload(Post.tags)]"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_loads(name: str) -> None:
    body, requests, expected = CASES[name]
    migration = check(source_of(body), requests)
    text = " ".join(migration.after["app.py"].text.split())
    for words in expected:
        assert words in text.replace("( ", "(").replace(" )", ")"), migration.after["app.py"].text


PASSED = """
from sqlalchemy import Select


def paged(query: SELECT, db: Session, page: int):
    return page, db.scalars(query.limit(2).offset(2 * page)).all()


@app.get("/users", response_model=list[UserOut])
def users(db: Db):
    number, found = paged(select(User).order_by(User.id), db, 0)
    return found
"""


@pytest.mark.parametrize("annotation", ["Select", "'Select'", "Select[tuple[User]]"])
def test_a_statement_that_is_passed_as_a_bare_select(annotation: str) -> None:
    """What it selects is known from the caller."""
    migration = check(source_of(PASSED.replace("SELECT", annotation)), [("GET", "/users")])
    text = " ".join(migration.after["app.py"].text.partition("def users")[2].split())
    assert "select(User) .options(selectinload(User.posts).selectinload(Post.tags))" in text or (
        "select(User).options(selectinload(User.posts).selectinload(Post.tags))" in text
    ), text


NOTHING = {
    "loaded by the relationship itself": """
        class WithNotes(UserBrief):
            notes: list[Out]


        @app.get("/users", response_model=list[WithNotes])
        def users(db: Db):
            return db.scalars(select(User)).all()
        """,
    "no response model": """
        @app.get("/users")
        def users(db: Db):
            return db.scalars(select(User)).all()
        """,
    "nothing is read": """
        @app.get("/users", response_model=list[UserBrief])
        def users(db: Db):
            return db.scalars(select(User)).all()
        """,
    "loaded by an option": """
        @app.get("/users", response_model=list[UserOut])
        def users(db: Db):
            loads = selectinload(User.posts).selectinload(Post.tags)
            return db.scalars(
                select(User).options(selectinload(User.posts).selectinload(Post.tags))
            ).all()
        """,
    "only set": """
        @app.get("/users")
        def users(db: Db):
            user = db.scalars(select(User)).first()
            db.add(Post(title="x", author=user))
            db.commit()
            return 1
        """,
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_load(name: str) -> None:
    migration = check(source_of(NOTHING[name]), [("GET", "/users")], needed=False)
    text = migration.after["app.py"].text
    assert text == source_of(NOTHING[name]).replace(
        "sessionmaker(bind=engine)", "sessionmaker(bind=engine, expire_on_commit=False)"
    )


LEFT = {
    "a generic function of any class": (
        """
        class Repository:
            def __init__(self, model, db):
                self.model = model
                self.db = db

            def all(self):
                return self.db.scalars(select(self.model)).all()


        def titles(thing):
            return [post.title for post in thing.posts]


        @app.get("/users")
        def users(db: Db, kind: str):
            return [titles(user) for user in Repository(globals()[kind], db).all()]
        """,
        "LL304",
    ),
    "a Pydantic model of any class": (
        """
        class Serialiser:
            def __init__(self, schema, db):
                self.schema = schema
                self.db = db

            def all(self):
                return [self.schema.model_validate(user) for user in self.db.scalars(select(User))]


        @app.get("/users")
        def users(db: Db, kind: str):
            return Serialiser(globals()[kind], db).all()
        """,
        "LL304",
    ),
    "a dynamic relationship": (
        """
        class Log(Base):
            __tablename__ = "logs"

            id: Mapped[int] = mapped_column(primary_key=True)
            owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))


        class Owner(Base):
            __tablename__ = "owners"

            id: Mapped[int] = mapped_column(primary_key=True)
            logs = relationship(Log, lazy="dynamic")


        @app.get("/logs/{pk}")
        def logs(pk: int, db: Db):
            owner = db.get(Owner, pk)
            return len(owner.logs.all())
        """,
        "LL306",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    body, code = LEFT[name]
    migration = migrated(source_of(body))
    left = [f for f in migration.findings if f.treatment is Treatment.LEFT]
    assert code in {f.code for f in left}, migration.findings
    assert "load(" not in migration.after["app.py"].text.partition("app = ")[2]


def test_templates() -> None:
    """What a template reads is loaded, the templates that it takes in counted."""
    source = source_of(
        """
        @app.get("/users")
        def users(request, db: Db):
            found = db.scalars(select(User).order_by(User.id)).all()
            return templates.TemplateResponse(request, "users.html", {"users": found})
        """
    )
    files = {
        "app.py": SourceFile("app.py", source),
        "templates/users.html": SourceFile(
            "templates/users.html",
            "{% for user in users %}{{ user.name }}"
            "{% for post in user.posts %}{% include 'post.html' %}{% endfor %}{% endfor %}",
        ),
        "templates/post.html": SourceFile(
            "templates/post.html", "{{ post.title }} {{ post.tags|length }} no.author"
        ),
    }
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    text = migration.after["app.py"].text
    assert ".options(selectinload(User.posts).selectinload(Post.tags))" in text


READ_BY_TEMPLATES = {
    "{{ posts|map(attribute='author.posts')|list|length }}": "Post.author).selectinload(User.posts",
    "{% for g, found in posts|groupby('author.name') %}{{ g }}{% endfor %}": "Post.author)",
    "{{ posts|selectattr('tags')|list|length }}": "Post.tags)",
    "{% for post in posts %}{{ post['author'].name }}{% endfor %}": "Post.author)",
    "{% macro line(one) %}{% for other in one.posts %}{{ other.author.posts|length }}"
    "{% endfor %}{% endmacro %}{% for p in posts %}{{ line(p.author) }}{% endfor %}": (
        "Post.author).selectinload(User.posts)"
    ),
    "{% for post in posts %}{% set tags = post.author.posts[0].tags %}{{ tags|length }}"
    "{{ post.tags|length }}{% endfor %}": (
        "Post.author).selectinload(User.posts).selectinload(Post.tags)"
    ),
}


@pytest.mark.parametrize("template", READ_BY_TEMPLATES)
def test_what_templates_read(template: str) -> None:
    """Texts that name attributes, and names that stand for what was read before."""
    source = source_of(
        """
        @app.get("/posts")
        def posts(request, db: Db):
            found = db.scalars(select(Post).order_by(Post.id)).all()
            return templates.TemplateResponse(request, "posts.html", {"posts": found})
        """
    )
    files = {
        "app.py": SourceFile("app.py", source),
        "templates/posts.html": SourceFile("templates/posts.html", template),
    }
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    text = " ".join(migration.after["app.py"].text.split())
    assert f"selectinload({READ_BY_TEMPLATES[template]}" in text


def test_a_template_that_is_fetched_before() -> None:
    """The template and its context are written elsewhere than where it is rendered."""
    source = source_of(
        """
        @app.get("/users")
        def users(db: Db):
            context = {"title": "users"}
            context["users"] = db.scalars(select(User).order_by(User.id)).all()
            page = environment.get_template("users.html")
            return page.render(context)
        """
    )
    files = {
        "app.py": SourceFile("app.py", source),
        "templates/users.html": SourceFile(
            "templates/users.html", "{% for u in users %}{{ u.posts|length }}{% endfor %}"
        ),
    }
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    assert ".options(selectinload(User.posts))" in migration.after["app.py"].text


@pytest.mark.parametrize("folder", ["versions", "migrations", "alembic"])
def test_a_folder_makes_no_migration(folder: str) -> None:
    body, _, expected = CASES["list with a response model"]
    migration = migrated(source_of(body), path=f"api/{folder}/routes.py")
    text = migration.after[f"api/{folder}/routes.py"].text
    assert all(part in text for part in expected)


def test_a_version_of_alembic_is_left() -> None:
    """Alembic runs it, in a sync way."""
    upgrade = """
        revision, down_revision = "1", None


        def upgrade():
            with SessionLocal() as db:
                for user in db.scalars(select(User)):
                    print(user.posts)
        """
    assert not migrated(source_of(upgrade), path="db/versions/1_users.py").changed
    assert migrated(source_of(upgrade.replace("down_", "")), path="db/versions/1_users.py").changed


def test_a_lazyload_that_narrows_is_loaded_with_the_query() -> None:
    body = """
    from sqlalchemy.orm import lazyload

    @app.get("/posts")
    def posts(db: Db):
        users = db.scalars(
            select(User).options(lazyload(User.posts.and_(Post.title != "two"))).order_by(User.id)
        ).all()
        return [[(post.title, len(post.tags)) for post in user.posts] for user in users]
    """
    migration = check(source_of(body), [("GET", "/posts")])
    text = migration.after["app.py"].text
    assert 'selectinload(User.posts.and_(Post.title != "two"))' in text
    assert "selectinload(Post.tags)" in text
