"""Housekeeping from the shell, e.g. from cron:

    python cli.py add "Printer is on fire" --priority 1
    python cli.py list
    python cli.py purge
"""
import argparse

import crud
import models
from database import Base, SessionLocal, engine


def purge(db):
    closed = crud.list_tickets(db, "closed")
    for ticket in closed:
        db.delete(ticket)
    db.commit()
    return len(closed)


def main(argv=None):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add")
    add.add_argument("subject")
    add.add_argument("--priority", type=int, default=3)
    listing = commands.add_parser("list")
    listing.add_argument("--status")
    commands.add_parser("purge")
    args = parser.parse_args(argv)

    Base.metadata.create_all(engine)
    db = SessionLocal()
    if args.command == "add":
        ticket = crud.create_ticket(db, args.subject, args.priority)
        print(f"#{ticket.id}")
    elif args.command == "list":
        for ticket in crud.list_tickets(db, args.status):
            agent = ticket.agent.name if ticket.agent else "-"
            print(f"#{ticket.id} [{ticket.status}] {ticket.subject} ({agent}, {len(ticket.comments)} comments)")
    else:
        print(f"{purge(db)} gone, {crud.count_open()} open")
    db.close()


if __name__ == "__main__":
    main()
