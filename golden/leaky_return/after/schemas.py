from typing import List, Optional
from pydantic import BaseModel

class AgentIn(BaseModel):
    name: str

class AgentOut(BaseModel):
    id: int
    name: str
    active: bool
    model_config = {"from_attributes": True}

class CommentIn(BaseModel):
    author: str
    text: str

class CommentOut(CommentIn):
    id: int
    model_config = {"from_attributes": True}

class TicketIn(BaseModel):
    subject: str
    priority: int = 3

class TicketOut(BaseModel):
    id: int
    subject: str
    status: str
    priority: int
    agent: Optional[AgentOut] = None
    comments: List[CommentOut] = []
    model_config = {"from_attributes": True}

class TicketShort(BaseModel):
    id: int
    subject: str
    status: str
    model_config = {"from_attributes": True}

class AgentTickets(AgentOut):
    tickets: List[TicketShort] = []
