import os

import sqlalchemy as sa
import sqlalchemy.orm as orm
from sqlalchemy.orm import sessionmaker as make_factory

__all__ = ["Base", "DB", "Factory", "S", "db_session", "with_db"]

S = orm.Session
engine = sa.create_engine(os.environ.get("DATABASE_URL", "sqlite:///forum.sqlite"))
Factory = make_factory(bind=engine)
DB = Factory
Base = orm.declarative_base()


def db_session():
    s = DB()
    try:
        yield s
    finally:
        s.close()


try:
    from fastapi import Depends
except ImportError:  # scripts run without the web extra
    with_db = None
else:
    with_db = Depends(db_session)
