import os

from sqlalchemy import create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///tree.db"))
SessionLocal = sessionmaker(engine)
Base = declarative_base()


def get_db():
    with SessionLocal() as db:
        yield db
