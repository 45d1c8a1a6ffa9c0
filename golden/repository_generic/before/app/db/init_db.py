from sqlalchemy.orm import Session

from app import crud, schemas
from app.db import base  # noqa: F401
from app.db.session import engine


def init_db(db: Session) -> None:
    base.Base.metadata.create_all(bind=engine)

    user = crud.user.get_by_email(db, email="admin@example.org")
    if not user:
        user_in = schemas.UserCreate(email="admin@example.org", full_name="Admin", is_superuser=True)
        user = crud.user.create(db, obj_in=user_in)  # noqa: F841
