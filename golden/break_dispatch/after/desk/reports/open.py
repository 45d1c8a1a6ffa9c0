from sqlalchemy import select

from desk.models import Ticket

TITLE = "Open tickets"


def rows(db, limit):
    return [t.title for t in db.scalars(select(Ticket).where(Ticket.state == "open").order_by(Ticket.id).limit(limit))]
