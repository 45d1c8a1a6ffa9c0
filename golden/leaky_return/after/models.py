from sqlalchemy import Column, Integer, String, Text, ForeignKey, Boolean
from sqlalchemy.orm import relationship, backref
from database import Base

class Agent(Base):
    __tablename__ = "agents"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), unique=True, nullable=False)
    active = Column(Boolean, default=True)

class Ticket(Base):
    __tablename__ = "tickets"
    id = Column(Integer, primary_key=True)
    subject = Column(String(200), nullable=False)
    status = Column(String(20), default="open")
    priority = Column(Integer, default=3)
    agent_id = Column(Integer, ForeignKey("agents.id"))
    agent = relationship("Agent", backref=backref("tickets", order_by="Ticket.id"))
    comments = relationship("Comment", cascade="all, delete", order_by="Comment.id")

class Comment(Base):
    __tablename__ = "comments"
    id = Column(Integer, primary_key=True)
    ticket_id = Column(Integer, ForeignKey("tickets.id"))
    author = Column(String(50))
    text = Column(Text)

class AuditLog(Base):
    __tablename__ = "audit_log"
    id = Column(Integer, primary_key=True)
    who = Column(String(50))
    what = Column(String(300))
    status = Column(Integer)
