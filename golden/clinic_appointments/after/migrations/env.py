from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from clinic import models  # noqa: F401
from clinic.database import Base
from clinic.settings import DATABASE_URL

connectable = create_engine(DATABASE_URL, poolclass=NullPool)
with connectable.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
