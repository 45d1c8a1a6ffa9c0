from fastapi import APIRouter, Depends, HTTPException, Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from .. import crud, models, schemas
from ..db import get_db

router = APIRouter(prefix="/authors", tags=["authors"])


async def valid_author(
    author_id: int, db: AsyncSession = Depends(get_db)
) -> models.Author:
    author = await crud.get_author(
        db,
        author_id,
        options=[selectinload(models.Author.posts).selectinload(models.Post.tags)],
    )
    if author is None:
        raise HTTPException(404, "No such author")
    return author


@router.get("", response_model=list[schemas.AuthorOut])
async def read_authors(db: AsyncSession = Depends(get_db)):
    return await crud.list_authors(db)


@router.post("", response_model=schemas.AuthorOut, status_code=201)
async def create_author(data: schemas.AuthorCreate, db: AsyncSession = Depends(get_db)):
    try:
        return await crud.create_author(db, data)
    except IntegrityError:
        await db.rollback()
        raise HTTPException(409, "There is an author of that name")


@router.get("/{author_id}", response_model=schemas.AuthorOut)
def read_author(author: models.Author = Depends(valid_author)):
    return author


@router.delete("/{author_id}", status_code=204)
async def delete_author(author: models.Author = Depends(valid_author), db: AsyncSession = Depends(get_db)):
    await crud.delete_author(db, author)
    return Response(status_code=204)
