import os
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

URL = os.environ.get('DATABASE_URL', 'sqlite:///sales.db')

engine = create_engine(URL)
Session = sessionmaker(engine)


def db_session():
    '''One session for each request.'''
    with Session() as session:
        yield session


@contextmanager
def connection():
    '''A plain connection in a transaction, for imports.'''
    with engine.begin() as conn:
        yield conn
