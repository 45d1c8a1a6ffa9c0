from typing import Annotated

from dependency_injector.wiring import Provide, inject
from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from .containers import Container
from .dependencies import Db, desk, known_reader
from .repositories import Authors, Books
from .services import Catalogue, Desk, count_books, count_rare

router = APIRouter()


class NewBook(BaseModel):
    author: str
    title: str
    copies: int = 1


@router.post("/books", status_code=201)
@inject
def publish(new: NewBook, catalogue: Catalogue = Depends(Provide[Container.catalogue])):
    return catalogue.publish(new.author, new.title, new.copies)


@router.post("/authors", status_code=201)
@inject
async def add_author(name: str, authors: Authors = Depends(Provide[Container.authors])):
    author = authors.add(name=name)
    return {"id": author.id, "name": author.name}


@router.get("/overview")
@inject
async def overview(catalogue: Annotated[Catalogue, Depends(Provide[Container.catalogue])]):
    return catalogue.overview()


@router.get("/books/{book_id}")
@inject
def read(book_id: int, books: Books = Depends(Provide[Container.books])):
    book = books.get(book_id)
    return {"title": book.title, "copies": book.copies}


@router.delete("/books/{book_id}", status_code=204)
@inject
def remove(book_id: int, books: Books = Depends(Provide[Container.books])):
    books.remove(book_id)


@router.get("/counts")
async def counts(db: Db):
    return {"all": count_books(db), "rare": count_rare(db)}


@router.post("/books/{book_id}/loans", status_code=201)
def lend(book_id: int, reader: str, desk: Annotated[Desk, Depends(desk(limit=2))]):
    loan = desk.lend(book_id, reader)
    if loan is None:
        raise HTTPException(409, desk.log[-1])
    return {"id": loan.id, "log": desk.log, "count": desk.count(reader)}


@router.get("/me")
async def me(reader: Annotated[dict, Depends(known_reader)]):
    return reader
