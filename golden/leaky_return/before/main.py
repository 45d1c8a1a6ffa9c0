from typing import List, Optional

from fastapi import FastAPI, Depends, HTTPException, Request
from sqlalchemy.orm import Session

import crud, models, schemas
from database import Base, SessionLocal, engine, get_db

app = FastAPI()

@app.on_event("startup")
def seed():
    Base.metadata.create_all(bind=engine)
    db = SessionLocal()
    if db.query(models.Agent).count() == 0:
        db.add_all([models.Agent(name="alice"), models.Agent(name="bob"), models.Agent(name="carol", active=False)])
        db.commit()
    db.close()

@app.middleware("http")
async def audit(request: Request, call_next):
    response = await call_next(request)
    if request.method != "GET":
        crud.write_audit(request.headers.get("x-user", "anonymous"), f"{request.method} {request.url.path}", response.status_code)
    return response

@app.get("/tickets", response_model=List[schemas.TicketOut])
async def tickets(status: Optional[str] = None, db: Session = Depends(get_db)):
    return crud.list_tickets(db, status)

@app.post("/tickets", response_model=schemas.TicketOut, status_code=201)
async def new_ticket(body: schemas.TicketIn, db: Session = Depends(get_db)):
    return crud.create_ticket(db, body.subject, body.priority)

@app.get("/tickets/{ticket_id}", response_model=schemas.TicketOut)
async def ticket(ticket_id: int, db: Session = Depends(get_db)):
    ticket = crud.get_ticket(db, ticket_id)
    if not ticket:
        raise HTTPException(404, "No such ticket")
    return ticket

@app.post("/tickets/{ticket_id}/comments", response_model=schemas.TicketOut)
async def comment(ticket_id: int, body: schemas.CommentIn, db: Session = Depends(get_db)):
    ticket = crud.get_ticket(db, ticket_id)
    if not ticket:
        raise HTTPException(404, "No such ticket")
    if ticket.status == "closed":
        raise HTTPException(409, "Ticket is closed")
    return crud.add_comment(db, ticket, body.author, body.text)

@app.post("/tickets/{ticket_id}/assign", response_model=schemas.TicketOut)
def assign(ticket_id: int, agent: Optional[str] = None, db: Session = Depends(get_db)):
    ticket = crud.get_ticket(db, ticket_id)
    if not ticket:
        raise HTTPException(404, "No such ticket")
    if agent:
        found = crud.get_agent(db, agent)
        if found is None:
            raise HTTPException(404, f"No agent {agent}")
        ticket.agent = found
    else:
        ticket.agent_id = crud.least_busy_agent()
    db.commit()
    return ticket

@app.post("/tickets/{ticket_id}/close")
def close(ticket_id: int):
    db = SessionLocal()
    n = db.query(models.Ticket).filter(models.Ticket.id == ticket_id, models.Ticket.status != "closed").update({"status": "closed"})
    db.commit()
    if n == 0:
        raise HTTPException(404, "No such open ticket")
    return {"closed": ticket_id, "still_open": crud.count_open()}

@app.delete("/tickets/{ticket_id}")
async def remove(ticket_id: int):
    db = SessionLocal()
    try:
        ticket = db.query(models.Ticket).get(ticket_id)
        if ticket is None:
            raise HTTPException(404, "No such ticket")
        comments = len(ticket.comments)
        db.delete(ticket)
        db.commit()
        return {"deleted": ticket_id, "comments": comments}
    finally:
        db.close()

@app.get("/agents", response_model=List[schemas.AgentTickets])
def agents(db: Session = Depends(get_db)):
    return db.query(models.Agent).order_by(models.Agent.name).all()

@app.post("/agents", response_model=schemas.AgentOut, status_code=201)
async def new_agent(body: schemas.AgentIn, db=Depends(get_db)):
    if crud.get_agent(db, body.name):
        raise HTTPException(409, "There is an agent of that name")
    return crud.create_agent(db, body.name)

@app.get("/stats")
async def stats(db: Session = Depends(get_db)):
    by_status = {}
    for t in db.query(models.Ticket):
        by_status[t.status] = by_status.get(t.status, 0) + 1
    last = db.query(models.AuditLog).order_by(models.AuditLog.id.desc()).first()
    return {
        "by_status": by_status,
        "open": crud.count_open(),
        "audit": db.query(models.AuditLog).count(),
        "last": last.what if last else None,
    }
