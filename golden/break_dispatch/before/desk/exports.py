"""Exports are entry points; ours is one of them, and used where nothing is installed."""
from importlib.metadata import entry_points

from sqlalchemy import func, select

from .db import session_scope
from .models import Ticket


def summary():
    with session_scope() as db:
        rows = db.execute(select(Ticket.state, func.count(Ticket.id)).group_by(Ticket.state).order_by(Ticket.state))
        return {state: count for state, count in rows}


def run(name):
    for entry in entry_points(group="desk.exports"):
        if entry.name == name:
            return entry.load()()
    return globals()[name]() if name == "summary" else None
