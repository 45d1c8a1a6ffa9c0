import hashlib
import os

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
from fastapi.concurrency import run_in_threadpool
from sqlmodel import SQLModel, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from background_queue import BackgroundQueue
from db import Mail, Step, Ticket, engine, get_session
from json_stream import stream_json_array

router = APIRouter()
COUNTER = os.environ.get("TICKET_COUNTER", "turns.txt")


class TicketIn(SQLModel):
    subject: str


async def send_mail(subject: str):
    async with AsyncSession(engine, expire_on_commit=False) as session:
        session.add(Mail(subject=subject))
        await session.commit()


class Notifier:
    """Stores the list: what it adds is not seen from outside."""

    def __init__(self, tasks: BackgroundTasks):
        self.tasks = tasks

    def closed(self, subject: str):
        self.tasks.add_task(send_mail, f"closed: {subject}")


@router.post("/tickets", status_code=201)
async def open_ticket(
    ticket: TicketIn,
    tasks: BackgroundQueue,
    session: AsyncSession = Depends(get_session),
):
    row = Ticket(subject=ticket.subject)
    session.add(row)
    await session.commit()
    await session.refresh(row)
    await tasks.add_task(send_mail, f"opened: {row.subject}")
    return {"id": row.id, "subject": row.subject}


@router.post("/tickets/{ticket_id}/close")
async def close_ticket(
    ticket_id: int, tasks: BackgroundTasks, session: AsyncSession = Depends(get_session)
):
    row = await session.get(Ticket, ticket_id)
    if row is None:
        raise HTTPException(404)
    row.status = "closed"
    session.add(row)
    await session.commit()
    await session.refresh(row)
    Notifier(tasks).closed(row.subject)
    return {"status": row.status}


@router.post("/tickets/{ticket_id}/key")
async def make_key(ticket_id: int):
    return {
        "key": (
            await run_in_threadpool(
                hashlib.scrypt, b"ticket", salt=b"%d" % ticket_id, n=2, r=8, p=1
            )
        ).hex()
    }


@router.post("/turns")
async def take_turn():
    # One file for all requests: no other one comes between reading and writing.
    before = 0
    if os.path.exists(COUNTER):
        with open(COUNTER) as counter:
            before = int(counter.read())
    with open(COUNTER, "w") as counter:
        counter.write(str(before + 1))
    return {"turn": before + 1}


@router.get("/mails")
async def mails(session: AsyncSession = Depends(get_session)):
    return await stream_json_array(
        await session.stream_scalars(
            select(Mail).order_by(Mail.id).execution_options(yield_per=500)
        ),
        each=lambda m: m.subject,
    )


@router.get("/trail")
async def steps(session: AsyncSession = Depends(get_session)):
    return await stream_json_array(
        await session.stream_scalars(
            select(Step).order_by(Step.id).execution_options(yield_per=500)
        ),
        each=lambda s: [s.agent, s.what],
    )


@router.get("/count")
async def count(session: AsyncSession = Depends(get_session)):
    return {
        "mails": (await session.exec(select(func.count()).select_from(Mail))).one(),
        "steps": (await session.exec(select(func.count()).select_from(Step))).one(),
    }
