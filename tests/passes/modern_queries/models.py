"""The models of the bench, written for every SQLAlchemy from 1.4 on."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table
from sqlalchemy.orm import declarative_base, relationship

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
    name = Column(String(50))
    age = Column(Integer)
    boss_id = Column(ForeignKey("users.id"))
    posts = relationship("Post", back_populates="author", order_by="Post.id")
    badges = relationship("Badge", back_populates="user", order_by="Badge.id", lazy="joined")


class Post(Base):
    __tablename__ = "posts"

    id = Column(Integer, primary_key=True)
    title = Column(String(50))
    name = Column(String(50))
    published = Column(Boolean)
    author_id = Column(ForeignKey("users.id"))
    author = relationship("User", back_populates="posts")
    tags = relationship("Tag", secondary=post_tags, back_populates="posts", order_by="Tag.id")


class Tag(Base):
    __tablename__ = "tags"

    id = Column(Integer, primary_key=True)
    name = Column(String(50))
    posts = relationship("Post", secondary=post_tags, back_populates="tags", order_by="Post.id")


class Badge(Base):
    __tablename__ = "badges"

    id = Column(Integer, primary_key=True)
    label = Column(String(50))
    user_id = Column(ForeignKey("users.id"))
    user = relationship("User", back_populates="badges")


def fill(session):
    """The same rows for every run."""
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(table.delete())
    tags = [Tag(id=i, name=f"t{i}") for i in range(1, 4)]
    session.add_all(tags)
    session.flush()
    number = 0
    for i in range(1, 7):
        age = None if i == 4 else i * 10
        session.add(User(id=i, name=f"n{i}", age=age, boss_id=1 if i > 3 else None))
        session.flush()
        for j in range(i % 3):
            number += 1
            post = Post(id=number, title=f"p{i}{j}", name=f"n{j + 1}", author_id=i)
            post.published = j == 0
            session.add(post)
            session.flush()
            # One by one: the order of the rows is the same in every run.
            for tag in range(1, j + 2):
                session.execute(post_tags.insert().values(post_id=number, tag_id=tag))
        for j in range(i % 2):
            session.add(Badge(id=i * 10 + j, label=f"b{j}", user_id=i))
            session.add(Badge(id=i * 10 + j + 5, label=f"b{j}", user_id=i))
    session.commit()
