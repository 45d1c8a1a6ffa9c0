from typing import List, Optional

from fastapi import FastAPI, Depends, HTTPException, Request
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload

import crud, models, schemas
from database import Base, SessionLocal, engine, get_db

app = FastAPI()

@app.on_event("startup")
async def seed():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    db = SessionLocal()
    if await db.scalar(select(func.count()).select_from(models.Agent)) == 0:
        db.add_all([models.Agent(name="alice"), models.Agent(name="bob"), models.Agent(name="carol", active=False)])
        await db.commit()
    await db.close()


@app.on_event("shutdown")
async def dispose_of_engines():
    await engine.dispose()


@app.middleware("http")
async def audit(request: Request, call_next):
    response = await call_next(request)
    if request.method != "GET":
        await crud.write_audit(request.headers.get("x-user", "anonymous"), f"{request.method} {request.url.path}", response.status_code)
    return response

@app.get("/tickets", response_model=List[schemas.TicketOut])
async def tickets(status: Optional[str] = None, db: AsyncSession = Depends(get_db)):
    return await crud.list_tickets(
        db,
        status,
        options=[
            selectinload(models.Ticket.agent),
            selectinload(models.Ticket.comments),
        ],
    )

@app.post("/tickets", response_model=schemas.TicketOut, status_code=201)
async def new_ticket(body: schemas.TicketIn, db: AsyncSession = Depends(get_db)):
    ticket = await crud.create_ticket(db, body.subject, body.priority)
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

@app.get("/tickets/{ticket_id}", response_model=schemas.TicketOut)
async def ticket(ticket_id: int, db: AsyncSession = Depends(get_db)):
    ticket = await crud.get_ticket(
        db,
        ticket_id,
        options=[
            immediateload(models.Ticket.agent),
            selectinload(models.Ticket.comments),
        ],
    )
    if not ticket:
        raise HTTPException(404, "No such ticket")
    return ticket

@app.post("/tickets/{ticket_id}/comments", response_model=schemas.TicketOut)
async def comment(ticket_id: int, body: schemas.CommentIn, db: AsyncSession = Depends(get_db)):
    ticket = await crud.get_ticket(
        db, ticket_id, options=[selectinload(models.Ticket.comments)]
    )
    if not ticket:
        raise HTTPException(404, "No such ticket")
    if ticket.status == "closed":
        raise HTTPException(409, "Ticket is closed")
    return await crud.add_comment(db, ticket, body.author, body.text)

@app.post("/tickets/{ticket_id}/assign", response_model=schemas.TicketOut)
async def assign(
    ticket_id: int, agent: Optional[str] = None, db: AsyncSession = Depends(get_db)
):
    ticket = await crud.get_ticket(db, ticket_id)
    if not ticket:
        raise HTTPException(404, "No such ticket")
    if agent:
        found = await crud.get_agent(db, agent)
        if found is None:
            raise HTTPException(404, f"No agent {agent}")
        ticket.agent = found
    else:
        ticket.agent_id = await crud.least_busy_agent()
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

@app.post("/tickets/{ticket_id}/close")
async def close(ticket_id: int):
    async with SessionLocal() as db:
        n = (
            await db.execute(
                update(models.Ticket)
                .where(models.Ticket.id == ticket_id, models.Ticket.status != "closed")
                .values({"status": "closed"})
            )
        ).rowcount
        await db.commit()
        if n == 0:
            raise HTTPException(404, "No such open ticket")
        return {"closed": ticket_id, "still_open": await crud.count_open()}

@app.delete("/tickets/{ticket_id}")
async def remove(ticket_id: int):
    db = SessionLocal()
    try:
        ticket = await db.get(
            models.Ticket, ticket_id, options=[selectinload(models.Ticket.comments)]
        )
        if ticket is None:
            raise HTTPException(404, "No such ticket")
        comments = len(ticket.comments)
        await db.delete(ticket)
        await db.commit()
        return {"deleted": ticket_id, "comments": comments}
    finally:
        await db.close()

@app.get("/agents", response_model=List[schemas.AgentTickets])
async def agents(db: AsyncSession = Depends(get_db)):
    return (
        await db.scalars(
            select(models.Agent)
            .options(selectinload(models.Agent.tickets))
            .order_by(models.Agent.name)
        )
    ).all()

@app.post("/agents", response_model=schemas.AgentOut, status_code=201)
async def new_agent(body: schemas.AgentIn, db=Depends(get_db)):
    if await crud.get_agent(db, body.name):
        raise HTTPException(409, "There is an agent of that name")
    return await crud.create_agent(db, body.name)

@app.get("/stats")
async def stats(db: AsyncSession = Depends(get_db)):
    by_status = {}
    for t in await db.scalars(select(models.Ticket)):
        by_status[t.status] = by_status.get(t.status, 0) + 1
    last = (
        await db.scalars(
            select(models.AuditLog).order_by(models.AuditLog.id.desc()).limit(1)
        )
    ).first()
    return {
        "by_status": by_status,
        "open": await crud.count_open(),
        "audit": await db.scalar(select(func.count()).select_from(models.AuditLog)),
        "last": last.what if last else None,
    }
