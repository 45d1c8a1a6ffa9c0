from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload

from .. import crud, schemas
from ..config import settings
from ..db import get_db
from ..models import Post

router = APIRouter(prefix="/posts", tags=["posts"])


@router.get("", response_model=list[schemas.PostOut])
async def read_posts(
    tag: str | None = None,
    published: bool | None = None,
    page: int = Query(1, ge=1),
    db: AsyncSession = Depends(get_db),
):
    return await crud.list_posts(db, tag=tag, published=published, page=page, size=settings.page_size)


@router.post("", response_model=schemas.PostDetail, status_code=201)
async def create_post(data: schemas.PostCreate, db: AsyncSession = Depends(get_db)):
    if await crud.get_author(db, data.author_id) is None:
        raise HTTPException(400, "No such author")
    return await crud.create_post(db, data)


@router.get("/count")
async def count_posts(db: AsyncSession = Depends(get_db)):
    return {"count": await crud.count_posts(db)}


@router.get("/{post_id}", response_model=schemas.PostDetail)
async def read_post(post_id: int, db: AsyncSession = Depends(get_db)):
    post = await crud.get_post(
        db,
        post_id,
        options=[
            immediateload(Post.author),
            selectinload(Post.comments),
            selectinload(Post.tags),
        ],
    )
    if not post:
        raise HTTPException(404, "No such post")
    return post


@router.patch("/{post_id}", response_model=schemas.PostOut)
async def update_post(
    post_id: int, data: schemas.PostUpdate, db: AsyncSession = Depends(get_db)
):
    post = await crud.get_post(db, post_id)
    if not post:
        raise HTTPException(404, "No such post")
    return await crud.update_post(db, post, data)


@router.post("/{post_id}/comments", response_model=schemas.CommentOut, status_code=201)
async def add_comment(post_id: int, data: schemas.CommentCreate, db: AsyncSession = Depends(get_db)):
    post = await crud.get_post(db, post_id)
    if not post:
        raise HTTPException(404, "No such post")
    return await crud.add_comment(db, post, data)
