"""Housekeeping from the shell, e.g. from cron:

    python cli.py add "Printer is on fire" --priority 1
    python cli.py list
    python cli.py purge
"""
import argparse
import asyncio

from sqlalchemy.orm import selectinload

import crud
import models
from database import Base, SessionLocal, engine


async def purge(db):
    closed = await crud.list_tickets(db, "closed")
    for ticket in closed:
        await db.delete(ticket)
    await db.commit()
    return len(closed)


async def main(argv=None):
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add")
    add.add_argument("subject")
    add.add_argument("--priority", type=int, default=3)
    listing = commands.add_parser("list")
    listing.add_argument("--status")
    commands.add_parser("purge")
    args = parser.parse_args(argv)

    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    db = SessionLocal()
    if args.command == "add":
        ticket = await crud.create_ticket(db, args.subject, args.priority)
        print(f"#{ticket.id}")
    elif args.command == "list":
        for ticket in await crud.list_tickets(
            db,
            args.status,
            options=[
                selectinload(models.Ticket.agent),
                selectinload(models.Ticket.comments),
            ],
        ):
            agent = ticket.agent.name if ticket.agent else "-"
            print(f"#{ticket.id} [{ticket.status}] {ticket.subject} ({agent}, {len(ticket.comments)} comments)")
    else:
        print(f"{await purge(db)} gone, {await crud.count_open()} open")
    await db.close()


if __name__ == "__main__":
    asyncio.run(main())
