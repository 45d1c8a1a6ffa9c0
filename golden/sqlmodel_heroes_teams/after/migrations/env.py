from alembic import context
from sqlalchemy import engine_from_config
from sqlmodel import SQLModel

from project import models  # noqa: F401
from project.config import DATABASE_URL

section = context.config.get_section("alembic", {})
section["sqlalchemy.url"] = DATABASE_URL

with engine_from_config(section).connect() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata)
    with context.begin_transaction():
        context.run_migrations()
