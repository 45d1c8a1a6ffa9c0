from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy.orm import Session

from .. import crud, schemas
from ..config import settings
from ..db import get_db

router = APIRouter(prefix="/posts", tags=["posts"])


@router.get("", response_model=list[schemas.PostOut])
def read_posts(
    tag: str | None = None,
    published: bool | None = None,
    page: int = Query(1, ge=1),
    db: Session = Depends(get_db),
):
    return crud.list_posts(db, tag=tag, published=published, page=page, size=settings.page_size)


@router.post("", response_model=schemas.PostDetail, status_code=201)
def create_post(data: schemas.PostCreate, db: Session = Depends(get_db)):
    if crud.get_author(db, data.author_id) is None:
        raise HTTPException(400, "No such author")
    return crud.create_post(db, data)


@router.get("/count")
def count_posts(db: Session = Depends(get_db)):
    return {"count": crud.count_posts(db)}


@router.get("/{post_id}", response_model=schemas.PostDetail)
def read_post(post_id: int, db: Session = Depends(get_db)):
    post = crud.get_post(db, post_id)
    if not post:
        raise HTTPException(404, "No such post")
    return post


@router.patch("/{post_id}", response_model=schemas.PostOut)
def update_post(post_id: int, data: schemas.PostUpdate, db: Session = Depends(get_db)):
    post = crud.get_post(db, post_id)
    if not post:
        raise HTTPException(404, "No such post")
    return crud.update_post(db, post, data)


@router.post("/{post_id}/comments", response_model=schemas.CommentOut, status_code=201)
def add_comment(post_id: int, data: schemas.CommentCreate, db: Session = Depends(get_db)):
    post = crud.get_post(db, post_id)
    if not post:
        raise HTTPException(404, "No such post")
    return crud.add_comment(db, post, data)
