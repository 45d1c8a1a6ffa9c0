from sqlalchemy import func, select

from desk.models import Event, Ticket

TITLE = "Busy tickets"


def rows(db, limit):
    events = func.count(Event.id)
    found = db.execute(
        select(Ticket.title, events).join(Event, Event.ticket_id == Ticket.id).group_by(Ticket.id, Ticket.title).order_by(events.desc(), Ticket.title).limit(limit)
    )
    return [f"{title}: {count}" for title, count in found]
