# ruff: noqa: E501
"""Rows of the tables of lazy loading: what raises on an async session, and the remedies.

Each row is a case that reads something after its query, as sync code does without a thought.
"""

from __future__ import annotations

from dataclasses import dataclass

MODELS = """\
from decimal import Decimal

from sqlalchemy import Column, ForeignKey, Integer, Numeric, String, Table, Text, event, func, text
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.orm import Session, backref, declarative_base, deferred, object_session, relationship

Base = declarative_base()

post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    age = Column(Integer)
    balance = Column(Numeric(10, 2))
    posts = relationship("Post", back_populates="author", order_by="Post.id", cascade="all, delete-orphan")
    titles = association_proxy("posts", "title")
    letters = relationship("Letter", lazy="dynamic", order_by="Letter.id")
    notes = relationship("Note", lazy="selectin", order_by="Note.id")
    seals = relationship("Seal", lazy="raise", order_by="Seal.id")

    def first_title(self):
        return self.posts[0].title

    @property
    def words(self):
        return sum(len(post.tags) for post in self.posts)

    @property
    def total(self):
        return object_session(self).query(Post).filter(Post.author_id == self.id).count()

    @property
    def total(self):
        return object_session(self).query(Post).filter(Post.author_id == self.id).count()

    def count_posts(self):
        return object_session(self).query(Post).filter(Post.author_id == self.id).count()


class Post(Base):
    __tablename__ = "posts"

    id = Column(Integer, primary_key=True)
    title = Column(String(30))
    author_id = Column(ForeignKey("users.id"))
    author = relationship("User", back_populates="posts")
    tags = relationship("Tag", secondary=post_tags, backref=backref("posts", order_by="Post.id"), order_by="Tag.id")


class Tag(Base):
    __tablename__ = "tags"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))


class Letter(Base):
    __tablename__ = "letters"

    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"))


class Note(Base):
    __tablename__ = "notes"

    id = Column(Integer, primary_key=True)
    text = Column(String(30))
    user_id = Column(ForeignKey("users.id"))
    page_id = Column(ForeignKey("pages.id"))
    page = relationship("Page")


class Seal(Base):
    __tablename__ = "seals"

    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"))


class Page(Base):
    __tablename__ = "pages"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    body = deferred(Column(Text))
    head = deferred(Column(Text), group="text")
    foot = deferred(Column(Text), group="text")
    secret = deferred(Column(Text), raiseload=True)
    state = Column(String(30), server_default="new")
    version = Column(Integer, default=1, onupdate=text("version + 1"))

    def words(self):
        return len((self.body or "").split())


class Animal(Base):
    __tablename__ = "animals"

    id = Column(Integer, primary_key=True)
    kind = Column(String(10))
    name = Column(String(30))
    user_id = Column(ForeignKey("users.id"))
    user = relationship("User", backref=backref("animals", order_by="Animal.id"))

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

    def line(self):
        return f"{self.name} of {self.user.name}"


class Dog(Animal):
    __tablename__ = "dogs"

    id = Column(ForeignKey("animals.id"), primary_key=True)
    bark = Column(String(30))
    tricks = relationship("Trick", order_by="Trick.id")

    __mapper_args__ = {"polymorphic_identity": "dog"}


class Cat(Animal):
    lives = Column(Integer)

    __mapper_args__ = {"polymorphic_identity": "cat"}


class Trick(Base):
    __tablename__ = "tricks"

    id = Column(Integer, primary_key=True)
    name = Column(String(30))
    dog_id = Column(ForeignKey("dogs.id"))


SEEN = []


@event.listens_for(Session, "after_flush")
def note_flush(session, context):
    SEEN.append(len(session.new))


def fill(session):
    tags = [Tag(id=1, name="red"), Tag(id=2, name="blue")]
    ann, bob = User(id=1, name="ann", age=30), User(id=2, name="bob", age=40)
    session.add_all([*tags, ann, bob, User(id=3, name="eve", balance=Decimal("7.50"))])
    session.flush()
    session.add(Post(id=1, title="one", author_id=1, tags=tags))
    session.add(Post(id=2, title="two", author_id=1, tags=tags[:1]))
    session.add(Post(id=3, title="three", author_id=2))
    session.add(Post(id=4, title="lost"))
    session.add_all([Letter(id=1, user_id=1), Letter(id=2, user_id=1)])
    session.add(Page(id=1, name="home", body="long", head="h", foot="f", secret="s"))
    session.flush()
    session.add_all([Note(id=1, text="n1", user_id=1, page_id=1), Seal(id=1, user_id=1)])
    session.add_all([Dog(id=1, name="rex", bark="wau", user_id=1), Cat(id=2, name="tom", lives=7)])
    session.flush()
    session.add_all([Trick(id=1, name="sit", dog_id=1), Animal(id=3, name="owl", user_id=2)])
"""

HEADER = """\
from decimal import Decimal

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, defer, joinedload, load_only, selectinload, undefer, undefer_group

from app import models
from app.models import Animal, Cat, Dog, Letter, Note, Page, Post, Seal, Tag, User


class TagOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class PostOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    tags: list[TagOut]


class UserFlat(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class UserOut(UserFlat):
    posts: list[PostOut]
"""


@dataclass(frozen=True)
class LoadRow:
    """A row: ``reported`` is the code of the finding where something is not converted.

    ``spared`` is an error of the sync form that there is none of any more.
    """

    name: str
    source: str
    reported: str = ""
    spared: str = ""


#: What an instance gives, by table C1.
INSTANCES = [
    LoadRow("one to many", "[p.title for p in s.get(User, 1).posts]"),
    LoadRow(
        "one to many of a list",
        "[[p.title for p in u.posts] for u in s.query(User).order_by(User.id)]",
    ),
    LoadRow("many to one", "s.get(Post, 1).author.name"),
    LoadRow(
        "many to one of a list",
        "[p.author.name for p in s.scalars(select(Post).where(Post.author_id > 0).order_by(Post.id))]",
    ),
    LoadRow("many to one that is not set", "s.get(Post, 4).author is None"),
    LoadRow(
        "many to one that is loaded already",
        "u = s.get(User, 1)\nreturn s.get(Post, 1).author is u",
    ),
    LoadRow(
        "back-reference of a loaded child",
        "u = s.scalars(select(User).options(selectinload(User.posts)).where(User.id == 1)).one()\nreturn [p.author.name for p in u.posts]",
    ),
    LoadRow(
        "one to many of an object that is there",
        "me = s.get(User, 1)\nu = s.get(User, 1)\nreturn me.name, [p.title for p in u.posts]",
    ),
    LoadRow(
        "one to many of an object that may be there",
        "me = s.query(User).filter_by(name='ann').first()\nu = s.get(User, 1)\nreturn [p.title for p in u.posts], me.name",
    ),
    LoadRow(
        "second level after one that is loaded",
        "[t.name for u in s.scalars(select(User).options(selectinload(User.posts)).order_by(User.id)) for p in u.posts for t in p.tags]",
    ),
    LoadRow(
        "three levels",
        "[p.title for u in s.query(User).order_by(User.id) for o in u.posts for t in o.tags for p in t.posts]",
    ),
    LoadRow(
        "a column after commit", "u = s.get(User, 1)\nu.name = 'x'\ns.commit()\nreturn u.id, u.name"
    ),
    LoadRow(
        "a relationship after commit",
        "u = s.get(User, 1)\nu.name = 'x'\ns.commit()\nreturn [p.title for p in u.posts]",
    ),
    LoadRow(
        "a column after rollback", "u = s.get(User, 1)\nu.name = 'x'\ns.rollback()\nreturn u.name"
    ),
    LoadRow("a column after expire", "u = s.get(User, 1)\ns.expire(u)\nreturn u.name"),
    LoadRow("a column after expire_all", "u = s.get(User, 1)\ns.expire_all()\nreturn u.name"),
    LoadRow(
        "a column after a savepoint that was rolled back",
        "u = s.get(User, 1)\npoint = s.begin_nested()\nu.name = 'x'\ns.flush()\npoint.rollback()\nreturn u.name",
    ),
    LoadRow(
        "a column after a savepoint",
        "u = s.get(User, 1)\nwith s.begin_nested():\n    u.name = 'x'\nreturn u.name",
    ),
    LoadRow(
        "a value that the database rounds",
        "u = User(name='x', balance=Decimal('150'))\ns.add(u)\ns.commit()\ns.refresh(u)\nreturn str(u.balance)",
    ),
    LoadRow(
        "a value that the database rounds, read after commit",
        "u = User(name='x', balance=Decimal('150'))\ns.add(u)\ns.commit()\nreturn str(u.balance)",
    ),
    LoadRow(
        "the key and a server default after flush",
        "p = Page(name='x')\ns.add(p)\ns.flush()\nreturn p.id, p.state",
    ),
    LoadRow(
        "a server default after commit",
        "p = Page(name='x')\ns.add(p)\ns.commit()\nreturn p.id, p.state",
    ),
    LoadRow(
        "a column with onupdate after flush",
        "p = s.get(Page, 1)\np.name = 'x'\ns.flush()\nreturn p.version",
    ),
    LoadRow(
        "a column with onupdate after commit",
        "p = s.get(Page, 1)\np.name = 'x'\ns.commit()\nreturn p.version",
    ),
    LoadRow(
        "an SQL expression after flush",
        "u = s.get(User, 1)\nu.age = User.age + 1\ns.flush()\nreturn u.age",
    ),
    LoadRow(
        "an SQL expression after commit",
        "u = s.get(User, 1)\nu.age = User.age + 1\ns.commit()\nreturn u.age",
    ),
    LoadRow("a deferred column", "s.get(Page, 1).body"),
    LoadRow(
        "a deferred column of a list",
        "[p.body for p in s.scalars(select(Page).order_by(Page.id))]",
    ),
    LoadRow(
        "a deferred column of what a query leads to",
        "[n.page.body for u in s.query(User).order_by(User.id) for n in u.notes]",
    ),
    LoadRow(
        "a deferred column of a new object",
        "p = Page(name='x', body='b')\ns.add(p)\ns.commit()\ns.refresh(p)\nreturn p.body",
    ),
    LoadRow(
        "a deferred column after commit",
        "p = s.get(Page, 1)\nassert p.body\np.name = 'x'\ns.commit()\nreturn p.name, p.body",
    ),
    LoadRow(
        "a deferred column after rollback",
        "p = s.get(Page, 1)\np.name = 'x'\ns.rollback()\nreturn p.name, p.body",
    ),
    LoadRow(
        "a deferred column that is set",
        "p = s.get(Page, 1)\np.body = 'x'\ns.commit()\nreturn s.scalar(select(Page.body))",
    ),
    LoadRow(
        "a deferred column that is added to",
        "p = s.get(Page, 1)\np.body += 'x'\ns.commit()\nreturn s.scalar(select(Page.body))",
    ),
    LoadRow(
        "a group of deferred columns",
        "p = s.scalars(select(Page).options(undefer_group('text'))).one()\nreturn p.head, p.foot",
    ),
    LoadRow(
        "one of a group of deferred columns", "p = s.get(Page, 1)\nreturn p.head, p.name, p.foot"
    ),
    LoadRow("a deferred column in a method of the model", "s.get(Page, 1).words()"),
    LoadRow(
        "a deferred column that must not be loaded",
        "s.get(Page, 1).secret",
    ),
    LoadRow(
        "a deferred column that is asked for",
        "s.scalars(select(Page).options(undefer(Page.body))).one().body",
    ),
    LoadRow(
        "a column that is left out",
        "[(t.name, u.age) for t in s.scalars(select(Tag)) for u in s.scalars(select(User).options(load_only(User.name)).order_by(User.id))]",
        reported="LL304",
    ),
    LoadRow(
        "a column that is put off",
        "u = s.scalars(select(User).options(defer(User.name)).where(User.id == 1)).one()\nreturn u.age, u.name",
        reported="LL304",
    ),
    LoadRow(
        "columns that are not left out",
        "[(u.id, u.name) for u in s.scalars(select(User).options(load_only(User.name)).order_by(User.id))]",
    ),
    LoadRow("a column of a subclass", "s.get(Animal, 1).bark"),
    LoadRow("a column of a subclass in the same table", "s.get(Animal, 2).lives"),
    LoadRow("a column of the subclass that is asked for", "s.get(Dog, 1).bark"),
    LoadRow(
        "columns of subclasses of a list",
        "[(a.bark if a.kind == 'dog' else a.lives) for a in s.query(Animal).filter(Animal.id < 3).order_by(Animal.id)]",
    ),
    LoadRow(
        "columns of subclasses that are told apart",
        "found = []\nfor a in s.scalars(select(Animal).order_by(Animal.id)).all():\n    if isinstance(a, Dog):\n        found.append(a.bark)\n    elif isinstance(a, Cat):\n        found.append(a.lives)\nreturn found",
    ),
    LoadRow(
        "a relationship of a subclass",
        "a = s.query(Animal).filter_by(id=1).one()\nreturn [t.name for t in a.tricks], a.bark",
    ),
    LoadRow(
        "columns of subclasses of what a query leads to",
        "[a.bark for u in s.query(User).order_by(User.id) for a in u.animals if a.kind == 'dog']",
    ),
    LoadRow(
        "a relationship of subclasses of what a query leads to",
        "[t.name for u in s.query(User).order_by(User.id) for a in u.animals if a.kind == 'dog' for t in a.tricks]",
    ),
    LoadRow(
        "a column of a subclass of an object that is there",
        "me = s.get(Animal, 1)\na = s.query(Animal).filter(Animal.id == 1).one()\nreturn me.name, a.bark, a.line()",
    ),
    LoadRow(
        "a column of a subclass after commit",
        "a = s.get(Animal, 1)\nassert a.bark\na.name = 'x'\ns.commit()\nreturn a.name, a.bark",
    ),
    LoadRow("many to one of a subclass", "s.get(Animal, 1).user.name"),
    LoadRow(
        "many to one of a subclass that is there",
        "me = s.get(Animal, 1)\na = s.query(Animal).filter(Animal.id == 1).one()\nreturn me.name, a.user.name",
    ),
    LoadRow("a pending object", "u = User(name='x')\ns.add(u)\nreturn len(u.posts)"),
    LoadRow(
        "a new object after flush", "u = User(name='x')\ns.add(u)\ns.flush()\nreturn len(u.posts)"
    ),
    LoadRow(
        "a new object after commit",
        "u = User(name='x')\ns.add(u)\ns.commit()\nreturn len(u.posts), u.name",
    ),
    LoadRow(
        "a new object after refresh",
        "u = User(name='x')\ns.add(u)\ns.commit()\ns.refresh(u)\nreturn len(u.posts), u.name",
    ),
    LoadRow(
        "a new object with its collection",
        "u = User(name='x', posts=[])\ns.add(u)\ns.commit()\nreturn len(u.posts)",
    ),
    LoadRow(
        "a new object with its children",
        "u = User(name='x', posts=[Post(title='p')])\ns.add(u)\ns.commit()\nreturn [p.title for p in u.posts]",
    ),
    LoadRow(
        "a new object with a foreign key",
        "p = Post(title='x', author_id=1)\ns.add(p)\ns.flush()\nreturn p.author.name",
    ),
    LoadRow(
        "append",
        "u = s.get(User, 1)\nu.posts.append(Post(title='x'))\ns.commit()\nreturn s.query(Post).count()",
    ),
    LoadRow("in", "u, p = s.get(User, 1), s.get(Post, 3)\nreturn p in u.posts"),
    LoadRow(
        "a collection is emptied",
        "u = s.get(User, 1)\nu.posts = []\ns.commit()\nreturn s.query(Post).count()",
    ),
    LoadRow(
        "remove",
        "u = s.get(User, 1)\nu.posts.remove(s.get(Post, 1))\ns.commit()\nreturn s.query(Post).count()",
    ),
    LoadRow(
        "append to many to many",
        "p, t = s.get(Post, 3), s.get(Tag, 1)\np.tags.append(t)\ns.commit()\nreturn [x.title for x in s.query(Post).filter(Post.tags.any(Tag.id == 1)).order_by(Post.id)]",
    ),
    LoadRow(
        "replace of many to many",
        "p = s.get(Post, 1)\np.tags = s.query(Tag).filter(Tag.id == 2).all()\ns.commit()\nreturn [t.name for t in p.tags]",
    ),
    LoadRow(
        "the parent is given",
        "u = s.get(User, 1)\ns.add(Post(title='x', author=u))\ns.commit()\nreturn s.query(Post).filter(Post.author_id == 1).count()",
    ),
    LoadRow(
        "the parent is changed",
        "p = s.get(Post, 1)\np.author = s.get(User, 2)\ns.commit()\nreturn s.query(Post).filter(Post.author_id == 2).count()",
    ),
    LoadRow(
        "delete with collections",
        "s.delete(s.get(User, 2))\ns.commit()\nreturn s.query(Post).count()",
    ),
    LoadRow(
        "merge",
        "u = s.merge(User(id=1, name='x'))\nreturn u.name, [p.title for p in u.posts]",
        reported="LL304",
    ),
    LoadRow(
        "merge and commit", "u = s.merge(User(id=1, name='x'))\ns.commit()\nreturn u.name, u.age"
    ),
    LoadRow(
        "detached",
        "u = s.get(User, 1)\ns.expunge(u)\nreturn len(u.posts)",
        spared="DetachedInstanceError",
    ),
    LoadRow(
        "a bulk update with a value",
        "u = s.get(User, 1)\ns.query(User).update({'age': 5})\nreturn u.age",
    ),
    LoadRow(
        "a bulk update with an expression",
        "u = s.get(User, 1)\ns.query(User).update({'age': User.age + 5})\nreturn u.age",
    ),
    LoadRow(
        "a bulk update of 2.0 with an expression",
        "u = s.get(User, 1)\ns.execute(update(User).values(age=User.age + 5))\nreturn u.age",
    ),
    LoadRow("dynamic", "[letter.id for letter in s.get(User, 1).letters.all()]", reported="LL306"),
    LoadRow(
        "dynamic and filtered",
        "s.get(User, 1).letters.filter(Letter.id > 1).count()",
        reported="LL306",
    ),
    LoadRow("an association proxy", "list(s.get(User, 1).titles)"),
    LoadRow("a method of the model", "s.get(User, 1).first_title()"),
    LoadRow("a property of the model", "[u.words for u in s.query(User).order_by(User.id)]"),
    LoadRow("object_session in the model", "s.get(User, 1).count_posts()"),
    LoadRow("object_session in a property of the model", "s.get(User, 1).total"),
    LoadRow(
        "an event of the session",
        "models.SEEN.clear()\ns.add(User(name='x'))\ns.commit()\nreturn list(models.SEEN)",
    ),
]

#: What the application does for it already, by table C2.
REMEDIES = [
    LoadRow(
        "selectinload",
        "[len(u.posts) for u in s.scalars(select(User).options(selectinload(User.posts)).order_by(User.id))]",
    ),
    LoadRow(
        "joinedload",
        "[len(u.posts) for u in s.scalars(select(User).options(joinedload(User.posts)).order_by(User.id)).unique()]",
    ),
    LoadRow(
        "options of get",
        "[p.title for p in s.get(User, 1, options=[selectinload(User.posts)]).posts]",
    ),
    LoadRow(
        "options of get for an object that is there",
        "u = s.get(User, 1)\nu = s.get(User, 1, options=[selectinload(User.posts)])\nreturn [p.title for p in u.posts]",
    ),
    LoadRow("refresh", "u = s.get(User, 1)\ns.refresh(u)\nreturn [p.title for p in u.posts]"),
    LoadRow(
        "refresh with names",
        "u = s.get(User, 1)\ns.refresh(u, attribute_names=['posts'])\nreturn [p.title for p in u.posts]",
    ),
    LoadRow(
        "refresh with names after commit",
        "u = s.get(User, 1)\nu.name = 'x'\ns.commit()\ns.refresh(u, ['posts'])\nreturn u.name, [p.title for p in u.posts]",
    ),
    LoadRow("lazy selectin", "[n.text for n in s.get(User, 1).notes]"),
    LoadRow(
        "lazy selectin of a new object",
        "u = User(name='x')\ns.add(u)\ns.commit()\nreturn len(u.notes)",
    ),
    LoadRow("lazy raise", "len(s.get(User, 1).seals)"),
    LoadRow(
        "a child without the collection",
        "u = s.get(User, 1)\ns.add(Post(author=u, title='x'))\ns.flush()\nreturn s.query(Post).count()",
    ),
]


def _served(name: str, body: str, model: str = "UserOut", reported: str = "") -> LoadRow:
    given = f", response_model={model}" if model else ""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    source = f'@router.get("/x"{given})\ndef read(s: Session = Depends(get_db)):\n{lines}\n'
    return LoadRow(name, source, reported)


_NEW = "u = User(name='x')\ns.add(u)\ns.commit()\n"

#: What a path operation ends with, by table C3.
RESPONSES = [
    _served("get", "return s.get(User, 1)"),
    _served("a list", "return s.query(User).order_by(User.id).all()", "list[UserOut]"),
    _served(
        "options in the statement",
        "return s.scalars(select(User).options(selectinload(User.posts).selectinload(Post.tags)).where(User.id == 1)).one()",
    ),
    _served("model_validate", "return UserOut.model_validate(s.get(User, 1))", ""),
    _served("created, refreshed", _NEW + "s.refresh(u)\nreturn u"),
    _served("created, not refreshed", _NEW + "return u"),
    _served("created, refreshed by name", _NEW + "s.refresh(u, ['posts'])\nreturn u"),
    _served("created, refreshed twice", _NEW + "s.refresh(u)\ns.refresh(u, ['posts'])\nreturn u"),
    _served("created with its collection", _NEW.replace("'x')", "'x', posts=[])") + "return u"),
    _served(
        "created and read by get",
        _NEW + "return s.get(User, u.id, options=[selectinload(User.posts)])",
    ),
    _served(
        "created and read by get anew",
        _NEW
        + "return s.get(User, u.id, options=[selectinload(User.posts)], populate_existing=True)",
    ),
    _served("updated", "u = s.get(User, 1)\nu.name = 'x'\ns.commit()\nreturn u"),
    _served("flat, created", _NEW + "return u", "UserFlat"),
    _served("flat, updated", "u = s.get(User, 1)\nu.name = 'x'\ns.commit()\nreturn u", "UserFlat"),
    _served("no model, loaded", "return s.get(Post, 1)", ""),
    _served(
        "no model, loaded with a relationship read",
        "p = s.get(Post, 1)\nassert p.author.name\nreturn p.title",
        "",
    ),
    _served("no model, created", "p = Post(title='x')\ns.add(p)\ns.commit()\nreturn p", ""),
    _served(
        "no model, created and refreshed",
        "p = Post(title='x')\ns.add(p)\ns.commit()\ns.refresh(p)\nreturn p",
        "",
    ),
    _served("no model, a list", "return s.query(Post).order_by(Post.id).all()", ""),
]
