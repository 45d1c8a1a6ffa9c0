"""Everything that talks to the database."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from . import models, schemas


async def get_author(
    db: AsyncSession, author_id: int, options: Sequence[ORMOption] = ()
) -> models.Author | None:
    return await db.get(
        models.Author, author_id, options=options, populate_existing=bool(options)
    )


async def get_author_by_name(db: AsyncSession, name: str) -> models.Author | None:
    return (
        await db.scalars(select(models.Author).where(models.Author.name == name))
    ).first()


async def list_authors(db: AsyncSession) -> list[models.Author]:
    return (
        await db.scalars(
            select(models.Author)
            .options(selectinload(models.Author.posts).selectinload(models.Post.tags))
            .order_by(models.Author.name)
        )
    ).all()


async def create_author(db: AsyncSession, data: schemas.AuthorCreate) -> models.Author:
    author = models.Author(**data.model_dump())
    db.add(author)
    await db.commit()
    await db.get(
        models.Author,
        author.id,
        options=[selectinload(models.Author.posts).selectinload(models.Post.tags)],
        populate_existing=True,
    )
    return author


async def delete_author(db: AsyncSession, author: models.Author) -> None:
    await db.delete(author)
    await db.commit()


async def get_post(
    db: AsyncSession, post_id: int, options: Sequence[ORMOption] = ()
) -> models.Post | None:
    return await db.get(models.Post, post_id, options=options)


async def list_posts(
    db: AsyncSession, tag: str | None = None, published: bool | None = None, page: int = 1, size: int = 10
) -> list[models.Post]:
    stmt = select(models.Post).options(
        selectinload(models.Post.author), selectinload(models.Post.tags)
    )
    if tag:
        stmt = stmt.join(models.Post.tags).where(models.Tag.name == tag)
    if published is not None:
        stmt = stmt.where(models.Post.published == published)
    stmt = stmt.order_by(models.Post.id).offset((page - 1) * size).limit(size)
    return (await db.scalars(stmt)).all()


async def count_posts(db: AsyncSession) -> int:
    return (
        await db.execute(select(func.count()).select_from(models.Post))
    ).scalar_one()


async def get_or_create_tags(db: AsyncSession, names: list[str]) -> list[models.Tag]:
    tags = []
    for name in names:
        tag = (await db.execute(select(models.Tag).where(models.Tag.name == name))).scalar_one_or_none()
        if tag is None:
            tag = models.Tag(name=name)
            db.add(tag)
            await db.flush()
        tags.append(tag)
    return tags


async def create_post(db: AsyncSession, data: schemas.PostCreate) -> models.Post:
    post = models.Post(title=data.title, body=data.body, author_id=data.author_id)
    post.tags = await get_or_create_tags(db, data.tags)
    db.add(post)
    await db.commit()
    await db.get(
        models.Post,
        post.id,
        options=[
            immediateload(models.Post.author),
            selectinload(models.Post.comments),
            selectinload(models.Post.tags),
        ],
        populate_existing=True,
    )
    return post


async def update_post(db: AsyncSession, post: models.Post, data: schemas.PostUpdate) -> models.Post:
    for key, value in data.model_dump(exclude_unset=True).items():
        setattr(post, key, value)
    await db.commit()
    await db.get(
        models.Post,
        post.id,
        options=[immediateload(models.Post.author), selectinload(models.Post.tags)],
        populate_existing=True,
    )
    return post


async def add_comment(db: AsyncSession, post: models.Post, data: schemas.CommentCreate) -> models.Comment:
    comment = models.Comment(text=data.text, post_id=post.id)
    db.add(comment)
    await db.commit()
    await db.refresh(comment)
    return comment


async def tag_counts(db: AsyncSession) -> dict[str, int]:
    rows = await db.execute(
        select(models.Tag.name, func.count(models.post_tags.c.post_id))
        .join(models.post_tags, isouter=True)
        .group_by(models.Tag.name)
        .order_by(models.Tag.name)
    )
    return {name: count for name, count in rows}
