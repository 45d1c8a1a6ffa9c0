from fastapi import Response, status, HTTPException, Depends, APIRouter
from sqlalchemy.orm import immediateload, selectinload
from typing import List, Optional

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from .. import models, schemas, oauth2
from ..database import get_db


router = APIRouter(
    prefix="/posts",
    tags=['Posts']
)


@router.get("/", response_model=List[schemas.PostOut])
async def get_posts(db: AsyncSession = Depends(get_db), current_user: models.User = Depends(oauth2.get_current_active_user), limit: int = 10, skip: int = 0, search: Optional[str] = ""):
    # results = db.query(models.Post)
    posts = (
        await db.execute(
            select(models.Post, func.count(models.Vote.post_id).label("votes"))
            .options(selectinload(models.Post.owner))
            .join(models.Vote, models.Vote.post_id == models.Post.id, isouter=True)
            .group_by(models.Post.id)
            .where(models.Post.title.contains(search))
            .order_by(models.Post.id)
            .limit(limit)
            .offset(skip)
        )
    ).all()
    return posts


@router.post("/", status_code=status.HTTP_201_CREATED, response_model=schemas.Post)
async def create_posts(post: schemas.PostCreate, db: AsyncSession = Depends(get_db), current_user: models.User = Depends(oauth2.get_current_active_user)):

    new_post = models.Post(owner_id=current_user.id, **post.model_dump())
    db.add(new_post)
    await db.commit()
    await db.get(
        models.Post,
        new_post.id,
        options=[immediateload(models.Post.owner)],
        populate_existing=True,
    )

    return new_post


@router.get("/{id}", response_model=schemas.PostOut)
async def get_post(id: int, db: AsyncSession = Depends(get_db), current_user: models.User = Depends(oauth2.get_current_active_user)):
    post = (
        await db.execute(
            select(models.Post, func.count(models.Vote.post_id).label("votes"))
            .options(immediateload(models.Post.owner))
            .join(models.Vote, models.Vote.post_id == models.Post.id, isouter=True)
            .group_by(models.Post.id)
            .where(models.Post.id == id)
            .limit(1)
        )
    ).first()

    if not post:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                            detail=f"post with id: {id} was not found")

    return post


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_post(id: int, db: AsyncSession = Depends(get_db), current_user: models.User = Depends(oauth2.get_current_active_user)):

    post_query = select(models.Post).where(models.Post.id == id)

    post = (await db.scalars(post_query.limit(1))).first()

    if post == None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                            detail=f"post with id: {id} does not exist")

    if post.owner_id != current_user.id:
        raise HTTPException(status_code=status.HTTP_403_FORBIDDEN,
                            detail="Not authorized to perform requested action")

    await db.execute(delete(models.Vote).where(models.Vote.post_id == id))
    await db.execute(
        delete(models.Post)
        .where(post_query.whereclause)
        .execution_options(synchronize_session=False)
    )
    await db.commit()

    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.put("/{id}", response_model=schemas.Post)
async def update_post(id: int, updated_post: schemas.PostCreate, db: AsyncSession = Depends(get_db), current_user: models.User = Depends(oauth2.get_current_active_user)):

    post_query = (
        select(models.Post)
        .options(immediateload(models.Post.owner))
        .where(models.Post.id == id)
    )

    post = (await db.scalars(post_query.limit(1))).first()

    if post == None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND,
                            detail=f"post with id: {id} does not exist")

    if post.owner_id != current_user.id:
        raise HTTPException(status_code=status.HTTP_403_FORBIDDEN,
                            detail="Not authorized to perform requested action")

    await db.execute(
        update(models.Post)
        .where(post_query.whereclause)
        .values(updated_post.model_dump())
        .execution_options(synchronize_session=False)
    )

    await db.commit()

    return (
        await db.scalars(post_query.limit(1).execution_options(populate_existing=True))
    ).first()
