from alembic import context
from sqlalchemy.orm import Session

from app import models
from app.database import Base, SessionLocal

def run(session: Session):
    context.configure(connection=session.connection(), target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    session.commit()


with SessionLocal() as session:
    run(session)
