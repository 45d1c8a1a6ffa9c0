"""Everything that talks to the database."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import models, schemas


def get_author(db: Session, author_id: int) -> models.Author | None:
    return db.get(models.Author, author_id)


def get_author_by_name(db: Session, name: str) -> models.Author | None:
    return db.scalars(select(models.Author).where(models.Author.name == name)).first()


def list_authors(db: Session) -> list[models.Author]:
    return db.scalars(select(models.Author).order_by(models.Author.name)).all()


def create_author(db: Session, data: schemas.AuthorCreate) -> models.Author:
    author = models.Author(**data.model_dump())
    db.add(author)
    db.commit()
    db.refresh(author)
    return author


def delete_author(db: Session, author: models.Author) -> None:
    db.delete(author)
    db.commit()


def get_post(db: Session, post_id: int) -> models.Post | None:
    return db.get(models.Post, post_id)


def list_posts(
    db: Session, tag: str | None = None, published: bool | None = None, page: int = 1, size: int = 10
) -> list[models.Post]:
    stmt = select(models.Post)
    if tag:
        stmt = stmt.join(models.Post.tags).where(models.Tag.name == tag)
    if published is not None:
        stmt = stmt.where(models.Post.published == published)
    stmt = stmt.order_by(models.Post.id).offset((page - 1) * size).limit(size)
    return db.scalars(stmt).all()


def count_posts(db: Session) -> int:
    return db.execute(select(func.count()).select_from(models.Post)).scalar_one()


def get_or_create_tags(db: Session, names: list[str]) -> list[models.Tag]:
    tags = []
    for name in names:
        tag = db.execute(select(models.Tag).where(models.Tag.name == name)).scalar_one_or_none()
        if tag is None:
            tag = models.Tag(name=name)
            db.add(tag)
            db.flush()
        tags.append(tag)
    return tags


def create_post(db: Session, data: schemas.PostCreate) -> models.Post:
    post = models.Post(title=data.title, body=data.body, author_id=data.author_id)
    post.tags = get_or_create_tags(db, data.tags)
    db.add(post)
    db.commit()
    db.refresh(post)
    return post


def update_post(db: Session, post: models.Post, data: schemas.PostUpdate) -> models.Post:
    for key, value in data.model_dump(exclude_unset=True).items():
        setattr(post, key, value)
    db.commit()
    return post


def add_comment(db: Session, post: models.Post, data: schemas.CommentCreate) -> models.Comment:
    comment = models.Comment(text=data.text, post_id=post.id)
    db.add(comment)
    db.commit()
    db.refresh(comment)
    return comment


def tag_counts(db: Session) -> dict[str, int]:
    rows = db.execute(
        select(models.Tag.name, func.count(models.post_tags.c.post_id))
        .join(models.post_tags, isouter=True)
        .group_by(models.Tag.name)
        .order_by(models.Tag.name)
    )
    return {name: count for name, count in rows}
