import os
from asyncio import current_task

from sqlalchemy.ext.asyncio import (
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import declarative_base

from depot.databases.async_database_url import async_database_url

metrics_engine = create_async_engine(
    async_database_url(os.environ.get("METRICS_URL", "sqlite:///metrics.db"))
)
metrics = async_scoped_session(
    async_sessionmaker(autoflush=False, bind=metrics_engine, expire_on_commit=False),
    scopefunc=current_task,
)
MetricsBase = declarative_base()


async def get_metrics():
    try:
        yield metrics()
    finally:
        await metrics.remove()
