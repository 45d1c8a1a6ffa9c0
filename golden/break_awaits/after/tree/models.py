from sqlalchemy import Boolean, Column, ForeignKey, Integer, String
from sqlalchemy.orm import relationship

from .base import Base


class Node(Base):
    __tablename__ = "nodes"

    id = Column(Integer, primary_key=True)
    name = Column(String(30), nullable=False)
    size = Column(Integer, nullable=False, default=0)
    locked = Column(Boolean, nullable=False, default=False)
    parent_id = Column(Integer, ForeignKey("nodes.id"))

    parent = relationship("Node", remote_side=[id])


class Visit(Base):
    __tablename__ = "visits"

    id = Column(Integer, primary_key=True)
    what = Column(String(100))
