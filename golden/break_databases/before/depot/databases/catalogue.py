import os

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, sessionmaker

catalogue_engine = create_engine(os.environ.get("CATALOGUE_URL", "sqlite:///catalogue.db"))
CatalogueSession = sessionmaker(catalogue_engine)
ReadOnly = sessionmaker(catalogue_engine.execution_options(isolation_level="AUTOCOMMIT"))


class CatalogueBase(DeclarativeBase):
    pass


def get_db():
    with CatalogueSession() as db:
        yield db
