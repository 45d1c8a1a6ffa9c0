from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from clinic.settings import DATABASE_URL

engine = create_engine(DATABASE_URL, pool_pre_ping=True)
SessionLocal = sessionmaker(bind=engine, autoflush=False)

__all__ = ["Base", "SessionLocal", "engine", "get_db"]


class Base(DeclarativeBase):
    pass


@event.listens_for(engine, "connect")
def enforce_foreign_keys(connection, record):
    if engine.dialect.name == "sqlite":
        connection.execute("PRAGMA foreign_keys = ON")


def get_db():
    db = SessionLocal()
    try:
        return db
    finally:
        db.close()
