import os
from contextlib import contextmanager

from fastapi import Header, HTTPException
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session

SITES = os.environ.get("SITES", "north,south").split(",")
FOLDER = os.environ.get("SITES_FOLDER", ".")

site_engines = {site: create_engine(f"sqlite:///{FOLDER}/site_{site}.db") for site in SITES}


class SiteBase(DeclarativeBase):
    pass


@contextmanager
def open_site(site):
    session = Session(site_engines[site])
    try:
        yield session
    except:  # noqa: E722
        session.rollback()
        raise
    else:
        session.commit()
    finally:
        session.close()


def get_db(x_site: str = Header()):
    if x_site not in site_engines:
        raise HTTPException(404, f"No site {x_site}")
    db = Session(bind=site_engines[x_site])
    try:
        yield db
    finally:
        db.close()
