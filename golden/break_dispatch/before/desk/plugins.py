from sqlalchemy import func, select

from .db import session_scope
from .models import Event, Ticket
from .registry import Importer, command, hook


@command()
def rename(db, ticket_id, title):
    ticket = db.get(Ticket, ticket_id)
    ticket.title = title
    db.commit()
    return ticket.title


@command("drop")
def remove(db, ticket_id):
    for event in db.scalars(select(Event).where(Event.ticket_id == ticket_id)).all():
        db.delete(event)
    db.flush()
    db.delete(db.get(Ticket, ticket_id))
    db.commit()
    return None


@hook("created")
def log_creation(ticket_id):
    with session_scope() as db:
        db.add(Event(ticket_id=ticket_id, text="created"))
    return "logged"


@hook("created")
def count_open(ticket_id):
    with session_scope() as db:
        return db.scalar(select(func.count(Ticket.id)).where(Ticket.state == "open"))


class Lines(Importer, kind="lines"):
    def bring_in(self, db, text):
        tickets = [Ticket(title=line.strip()) for line in text.splitlines() if line.strip()]
        db.add_all(tickets)
        db.commit()
        return len(tickets)


class Pairs(Importer, kind="pairs"):
    def bring_in(self, db, text):
        count = 0
        for part in text.split(";"):
            title, _, priority = part.partition("=")
            db.add(Ticket(title=title, priority=int(priority or 3)))
            count += 1
        db.commit()
        return count
