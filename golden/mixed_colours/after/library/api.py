import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import date

from fastapi import Body, Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, immediateload, selectinload

from . import schemas, services, tasks
from .db import Base, engine, get_db, sync_engine, sync_get_db
from .models import Book, Member


@asynccontextmanager
async def lifespan(app: FastAPI):
    await run_in_threadpool(Base.metadata.create_all, sync_engine)
    yield
    await engine.dispose()


app = FastAPI(title="Library", lifespan=lifespan)


@app.exception_handler(services.LibraryError)
def library_error(request: Request, exc: services.LibraryError):
    return JSONResponse({"detail": str(exc)}, status_code=409)


@app.exception_handler(LookupError)
def lookup_error(request: Request, exc: LookupError):
    return JSONResponse({"detail": str(exc.args[0])}, status_code=404)


@app.post("/books", response_model=schemas.BookOut, status_code=201)
async def add_book(body: schemas.BookIn, db: AsyncSession = Depends(get_db)):
    return await db.run_sync(services.add_book, **body.model_dump())


@app.get("/books", response_model=list[schemas.BookOut])
async def books(db: AsyncSession = Depends(get_db)):
    return await db.run_sync(services.shelf)


@app.get("/books/search", response_model=list[schemas.BookOut])
async def search(q: str, db: AsyncSession = Depends(get_db)):
    found = (
        select(Book)
        .options(
            selectinload(Book.author),
            selectinload(Book.loans).selectinload(services.Loan.member),
        )
        .where(Book.search.contains(q.lower()))
        .order_by(Book.id)
    )
    return (await db.scalars(found)).all()


@app.get("/books/{book_id}", response_model=schemas.BookOut)
async def book(book_id: int, db: AsyncSession = Depends(get_db)):
    if (
        found := await db.get(
            Book,
            book_id,
            options=[
                immediateload(Book.author),
                selectinload(Book.loans).selectinload(services.Loan.member),
            ],
        )
    ) is None:
        raise HTTPException(404, "No such book")
    return found


@app.delete("/books/{book_id}", status_code=204)
async def remove_book(book_id: int, db: AsyncSession = Depends(get_db)):
    book = await db.get(
        Book, book_id, options=[immediateload(Book.author), selectinload(Book.loans)]
    )
    if book is None:
        raise HTTPException(404, "No such book")
    if book.loans:
        raise HTTPException(409, f"{book} was lent {len(book.loans)} times")
    await db.delete(book)


@app.post("/books/import")
async def import_books(text: str = Body(media_type="text/plain")):
    loop = asyncio.get_running_loop()
    labels = await loop.run_in_executor(None, tasks.import_titles, text.splitlines())
    return {"imported": labels}


@app.post("/books/reindex")
def reindex(by: str = "thread"):
    if by == "class":
        indexer = tasks.Indexer()
        indexer.start()
        indexer.join()
    else:
        thread = threading.Thread(target=tasks.reindex)
        thread.start()
        thread.join()
    return tasks.status


@app.post("/members", response_model=schemas.MemberOut, status_code=201)
async def add_member(body: schemas.MemberIn, db: AsyncSession = Depends(get_db)):
    member = Member(name=body.name)
    db.add(member)
    await db.commit()
    query = (
        select(Member)
        .options(
            selectinload(Member.loans)
            .selectinload(services.Loan.book)
            .options(
                selectinload(Book.author),
                selectinload(Book.loans).selectinload(services.Loan.member),
            )
        )
        .where(Member.id == member.id)
    )
    db.expire(member)
    (await db.execute(query)).scalar_one()
    return member


@app.get("/members/{member_id}", response_model=schemas.MemberOut)
async def member(member_id: int, db: AsyncSession = Depends(get_db)):
    found = await db.get(
        Member,
        member_id,
        options=[
            selectinload(Member.loans)
            .selectinload(services.Loan.book)
            .options(
                selectinload(Book.author),
                selectinload(Book.loans).selectinload(services.Loan.member),
            )
        ],
    )
    if not found:
        raise HTTPException(404, "No such member")
    return found


@app.post("/loans", response_model=schemas.LoanOut, status_code=201)
async def lend(body: schemas.LoanIn, db: AsyncSession = Depends(get_db)):
    return await services.lend(db, body.book_id, body.member_id, body.due)


@app.post("/loans/{loan_id}/return", response_model=schemas.LoanOut)
async def bring_back(loan_id: int, day: date = Body(embed=True), db: AsyncSession = Depends(get_db)):
    loan = await services.bring_back(db, loan_id, day)
    if loan is None:
        raise HTTPException(404, "No such open loan")
    return loan


@app.get("/reminders")
def reminders(today: date, short: bool = False, db: Session = Depends(sync_get_db)):
    render = (lambda loan: loan.book.label) if short else None
    return services.reminders(db, today, render)


@app.get("/statistics")
async def statistics(db: AsyncSession = Depends(get_db)):
    return await db.run_sync(services.statistics)


@app.get("/statistics/snapshot")
async def snapshot():
    return await run_in_threadpool(tasks.snapshot)
