import hashlib
import os

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
from sqlmodel import Session, SQLModel, func, select

from db import Mail, Step, Ticket, engine, get_session

router = APIRouter()
COUNTER = os.environ.get("TICKET_COUNTER", "turns.txt")


class TicketIn(SQLModel):
    subject: str


def send_mail(subject: str):
    with Session(engine) as session:
        session.add(Mail(subject=subject))
        session.commit()


class Notifier:
    """Stores the list: what it adds is not seen from outside."""

    def __init__(self, tasks: BackgroundTasks):
        self.tasks = tasks

    def closed(self, subject: str):
        self.tasks.add_task(send_mail, f"closed: {subject}")


@router.post("/tickets", status_code=201)
async def open_ticket(
    ticket: TicketIn, tasks: BackgroundTasks, session: Session = Depends(get_session)
):
    row = Ticket(subject=ticket.subject)
    session.add(row)
    session.commit()
    session.refresh(row)
    tasks.add_task(send_mail, f"opened: {row.subject}")
    return {"id": row.id, "subject": row.subject}


@router.post("/tickets/{ticket_id}/close")
async def close_ticket(
    ticket_id: int, tasks: BackgroundTasks, session: Session = Depends(get_session)
):
    row = session.get(Ticket, ticket_id)
    if row is None:
        raise HTTPException(404)
    row.status = "closed"
    session.add(row)
    session.commit()
    session.refresh(row)
    Notifier(tasks).closed(row.subject)
    return {"status": row.status}


@router.post("/tickets/{ticket_id}/key")
async def make_key(ticket_id: int):
    return {"key": hashlib.scrypt(b"ticket", salt=b"%d" % ticket_id, n=2, r=8, p=1).hex()}


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
async def mails(session: Session = Depends(get_session)):
    return [m.subject for m in session.exec(select(Mail).order_by(Mail.id))]


@router.get("/trail")
async def steps(session: Session = Depends(get_session)):
    return [[s.agent, s.what] for s in session.exec(select(Step).order_by(Step.id))]


@router.get("/count")
async def count(session: Session = Depends(get_session)):
    return {
        "mails": session.exec(select(func.count()).select_from(Mail)).one(),
        "steps": session.exec(select(func.count()).select_from(Step)).one(),
    }
