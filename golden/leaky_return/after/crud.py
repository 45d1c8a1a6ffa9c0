from sqlalchemy import func, select
from sqlalchemy.orm import immediateload, selectinload

import models
from database import SessionLocal

async def list_tickets(db, status=None, options=()):
    q = select(models.Ticket).options(*options)
    if status:
        q = q.where(models.Ticket.status == status)
    return (
        await db.scalars(q.order_by(models.Ticket.priority, models.Ticket.id))
    ).all()

async def get_ticket(db, ticket_id, options=()):
    return (
        await db.scalars(
            select(models.Ticket).options(*options).filter_by(id=ticket_id).limit(1)
        )
    ).first()

async def create_ticket(db, subject, priority=3):
    ticket = models.Ticket(subject=subject, priority=priority)
    db.add(ticket)
    await db.commit()
    await db.refresh(ticket)
    return ticket

async def get_agent(db, name):
    return (
        await db.scalars(select(models.Agent).filter_by(name=name).limit(1))
    ).first()

async def create_agent(db, name):
    agent = models.Agent(name=name)
    db.add(agent)
    await db.commit()
    await db.refresh(agent)
    return agent

async def add_comment(db, ticket, author, text):
    ticket.comments.append(models.Comment(author=author, text=text))
    await db.commit()
    await db.get(
        models.Ticket,
        ticket.id,
        options=[
            immediateload(models.Ticket.agent),
            selectinload(models.Ticket.comments),
        ],
        populate_existing=True,
    )
    return ticket

# TODO: these open their own session, pass db everywhere some day

async def least_busy_agent():
    async with SessionLocal() as db:
        agents = (
            await db.scalars(
                select(models.Agent)
                .options(selectinload(models.Agent.tickets))
                .where(models.Agent.active == True)
                .order_by(models.Agent.name)
            )
        ).all()
        if not agents:
            return None
        best = agents[0]
        for agent in agents[1:]:
            if len(agent.tickets) < len(best.tickets):
                best = agent
        return best.id

async def count_open():
    db = SessionLocal()
    try:
        return await db.scalar(
            select(func.count())
            .select_from(models.Ticket)
            .where(models.Ticket.status != "closed")
        )
    finally:
        await db.close()

async def write_audit(who, what, status):
    db = SessionLocal()
    db.add(models.AuditLog(who=who, what=what, status=status))
    await db.commit()
    await db.close()
