import os
from contextlib import asynccontextmanager

from fastapi import Header, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

SITES = os.environ.get("SITES", "north,south").split(",")
FOLDER = os.environ.get("SITES_FOLDER", ".")

site_engines = {
    site: create_async_engine(f"sqlite+aiosqlite:///{FOLDER}/site_{site}.db")
    for site in SITES
}


class SiteBase(DeclarativeBase):
    pass


@asynccontextmanager
async def open_site(site):
    session = AsyncSession(site_engines[site], expire_on_commit=False)
    try:
        yield session
    except:  # noqa: E722
        await session.rollback()
        raise
    else:
        await session.commit()
    finally:
        await session.close()


async def get_db(x_site: str = Header()):
    if x_site not in site_engines:
        raise HTTPException(404, f"No site {x_site}")
    db = AsyncSession(bind=site_engines[x_site], expire_on_commit=False)
    try:
        yield db
    finally:
        await db.close()
