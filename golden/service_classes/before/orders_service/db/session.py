from typing import Generator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from orders_service.core.config import get_settings

settings = get_settings()

engine = create_engine(settings.database_url, echo=settings.echo, pool_pre_ping=True)
SessionLocal = sessionmaker(engine)


def get_db() -> Generator[Session, None, None]:
    with SessionLocal() as session:
        yield session
