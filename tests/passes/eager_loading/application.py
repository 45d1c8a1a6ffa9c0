"""The application that the tests put routes into: users, posts, tags and notes."""

from __future__ import annotations

import textwrap

HEAD = """\
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import Column, ForeignKey, Numeric, String, Table, create_engine
from sqlalchemy import func, select, update
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)
from sqlalchemy.pool import StaticPool


class Base(DeclarativeBase):
    pass


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    balance: Mapped[Decimal] = mapped_column(Numeric(10, 2), default=0)
    posts: Mapped[list["Post"]] = relationship(back_populates="author", order_by="Post.id")
    notes: Mapped[list["Note"]] = relationship(lazy="selectin", order_by="Note.id")

    @property
    def titles(self) -> list[str]:
        return [post.title for post in self.posts]

    def words(self) -> int:
        return sum(len(post.tags) for post in self.posts)


class Post(Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User | None] = relationship(back_populates="posts")
    tags: Mapped[list["Tag"]] = relationship(secondary=post_tags, order_by="Tag.name")


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int


class TagOut(Out):
    name: str


class PostOut(Out):
    title: str
    tags: list[TagOut]


class PostFull(PostOut):
    author: "UserBrief | None"


class UserBrief(Out):
    name: str
    balance: Decimal


class UserOut(UserBrief):
    posts: list[PostOut]


class UserIn(BaseModel):
    name: str
    balance: Decimal = Decimal(0)


engine = create_engine(
    "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
)
Base.metadata.create_all(engine)
SessionLocal = sessionmaker(bind=engine)
with SessionLocal() as seed:
    red, blue = Tag(name="red"), Tag(name="blue")
    ann, bob = User(name="ann"), User(name="bob")
    seed.add_all(
        [
            Post(title="one", author=ann, tags=[red, blue]),
            Post(title="two", author=ann, tags=[red]),
            Post(title="lost"),
            bob,
            Note(text="n", user_id=1),
        ]
    )
    seed.commit()

app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


Db = Annotated[Session, Depends(get_db)]


"""


def source_of(body: str) -> str:
    return HEAD + textwrap.dedent(body).strip("\n") + "\n"
