from alembic import context
from sqlalchemy import create_engine

from sql_app.database import SQLALCHEMY_DATABASE_URL
from sql_app.models import Base

if context.is_offline_mode():
    context.configure(url=SQLALCHEMY_DATABASE_URL, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(SQLALCHEMY_DATABASE_URL).begin() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        context.run_migrations()
