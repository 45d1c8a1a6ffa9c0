from sqlalchemy import func, select

from .models import Event, Ticket


def has_title(db, ticket_id):
    return bool(db.get(Ticket, ticket_id).title.strip())


def is_urgent(db, ticket_id):
    return db.get(Ticket, ticket_id).priority == 1


def count_events(db, ticket_id):
    return db.scalar(select(func.count(Event.id)).where(Event.ticket_id == ticket_id))
