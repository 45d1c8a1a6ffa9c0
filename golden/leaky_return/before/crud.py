import models
from database import SessionLocal

def list_tickets(db, status=None):
    q = db.query(models.Ticket)
    if status:
        q = q.filter(models.Ticket.status == status)
    return q.order_by(models.Ticket.priority, models.Ticket.id).all()

def get_ticket(db, ticket_id):
    return db.query(models.Ticket).filter_by(id=ticket_id).first()

def create_ticket(db, subject, priority=3):
    ticket = models.Ticket(subject=subject, priority=priority)
    db.add(ticket)
    db.commit()
    db.refresh(ticket)
    return ticket

def get_agent(db, name):
    return db.query(models.Agent).filter_by(name=name).first()

def create_agent(db, name):
    agent = models.Agent(name=name)
    db.add(agent)
    db.commit()
    return agent

def add_comment(db, ticket, author, text):
    ticket.comments.append(models.Comment(author=author, text=text))
    db.commit()
    return ticket

# TODO: these open their own session, pass db everywhere some day

def least_busy_agent():
    db = SessionLocal()
    agents = db.query(models.Agent).filter(models.Agent.active == True).order_by(models.Agent.name).all()
    if not agents:
        return None
    best = agents[0]
    for agent in agents[1:]:
        if len(agent.tickets) < len(best.tickets):
            best = agent
    return best.id

def count_open():
    db = SessionLocal()
    try:
        return db.query(models.Ticket).filter(models.Ticket.status != "closed").count()
    finally:
        db.close()

def write_audit(who, what, status):
    db = SessionLocal()
    db.add(models.AuditLog(who=who, what=what, status=status))
    db.commit()
    db.close()
