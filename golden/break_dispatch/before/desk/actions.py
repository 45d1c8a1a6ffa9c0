from sqlalchemy import select

from .models import Event, Ticket


def note(db, ticket, text):
    db.add(Event(ticket_id=ticket.id, text=text))
    db.flush()


def close_ticket(db, ticket_id):
    ticket = db.get(Ticket, ticket_id)
    ticket.state = "closed"
    note(db, ticket, "closed")
    db.commit()
    return ticket.state


def reopen_ticket(db, ticket_id):
    ticket = db.get(Ticket, ticket_id)
    if ticket.state != "closed":
        return ticket.state
    ticket.state = "open"
    note(db, ticket, "reopened")
    db.commit()
    return ticket.state


def bump(db, ticket_id):
    ticket = db.get(Ticket, ticket_id)
    ticket.priority = max(1, ticket.priority - 1)
    note(db, ticket, f"priority {ticket.priority}")
    db.commit()
    return ticket.state


def history(db, ticket_id):
    events = db.scalars(select(Event).where(Event.ticket_id == ticket_id).order_by(Event.id))
    return [event.text for event in events]
