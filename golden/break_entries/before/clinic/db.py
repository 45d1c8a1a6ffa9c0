import os
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker


def connect(url):
    made = create_engine(url)
    return sessionmaker(made), made


SessionLocal, engine = connect(os.environ.get("DATABASE_URL", "sqlite:///clinic.db"))


class Base(DeclarativeBase):
    pass


def get_db():
    with SessionLocal() as db:
        yield db


@contextmanager
def unit_of_work():
    with SessionLocal() as db, db.begin():
        yield db
