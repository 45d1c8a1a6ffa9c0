import os
from typing import Generator

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///chat.db"))
SessionLocal = sessionmaker(bind=engine, autoflush=False)
DB = SessionLocal


class Base(DeclarativeBase):
    pass


def get_db() -> Generator[Session, None, None]:
    db = DB()
    try:
        yield db
    finally:
        db.close()
