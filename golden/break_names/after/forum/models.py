import sqlalchemy as sa
from sqlalchemy.orm import relationship as rel

from .core import Base

__all__ = ("User", "Post", "Like")


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    nick = sa.Column(sa.String(30), unique=True)
    posts = rel("Post", back_populates="author", order_by="Post.id", cascade="all, delete-orphan")


class Post(Base):
    __tablename__ = "posts"
    id = sa.Column(sa.Integer, primary_key=True)
    title = sa.Column(sa.String(100))
    state = sa.Column(sa.String(10), default="draft")
    author_id = sa.Column(sa.ForeignKey("users.id"))
    author = rel(User, back_populates="posts")
    likes = rel("Like", cascade="all, delete-orphan", order_by="Like.id")


class Like(Base):
    __tablename__ = "likes"
    id = sa.Column(sa.Integer, primary_key=True)
    post_id = sa.Column(sa.ForeignKey("posts.id"))
    user_id = sa.Column(sa.ForeignKey("users.id"))
    user = rel(User, backref=sa.orm.backref("given", cascade="all, delete-orphan"))
