from fastapi import APIRouter, Depends, HTTPException, Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .. import crud, models, schemas
from ..db import get_db

router = APIRouter(prefix="/authors", tags=["authors"])


def valid_author(author_id: int, db: Session = Depends(get_db)) -> models.Author:
    author = crud.get_author(db, author_id)
    if author is None:
        raise HTTPException(404, "No such author")
    return author


@router.get("", response_model=list[schemas.AuthorOut])
def read_authors(db: Session = Depends(get_db)):
    return crud.list_authors(db)


@router.post("", response_model=schemas.AuthorOut, status_code=201)
def create_author(data: schemas.AuthorCreate, db: Session = Depends(get_db)):
    try:
        return crud.create_author(db, data)
    except IntegrityError:
        db.rollback()
        raise HTTPException(409, "There is an author of that name")


@router.get("/{author_id}", response_model=schemas.AuthorOut)
def read_author(author: models.Author = Depends(valid_author)):
    return author


@router.delete("/{author_id}", status_code=204)
def delete_author(author: models.Author = Depends(valid_author), db: Session = Depends(get_db)):
    crud.delete_author(db, author)
    return Response(status_code=204)
