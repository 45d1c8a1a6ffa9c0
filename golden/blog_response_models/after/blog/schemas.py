from datetime import datetime

from pydantic import BaseModel, ConfigDict


class OrmModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AuthorCreate(BaseModel):
    name: str
    bio: str | None = None


class AuthorBrief(OrmModel):
    id: int
    name: str


class TagOut(OrmModel):
    name: str


class CommentCreate(BaseModel):
    text: str


class CommentOut(OrmModel):
    id: int
    text: str


class PostCreate(BaseModel):
    title: str
    body: str = ""
    author_id: int
    tags: list[str] = []


class PostUpdate(BaseModel):
    title: str | None = None
    body: str | None = None
    published: bool | None = None


class PostOut(OrmModel):
    id: int
    title: str
    published: bool
    created_at: datetime
    author: AuthorBrief
    tags: list[TagOut]


class PostDetail(PostOut):
    body: str
    comments: list[CommentOut]


class AuthorOut(AuthorBrief):
    bio: str | None
    posts: list[PostOut]
