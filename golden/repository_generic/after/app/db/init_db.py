from sqlalchemy.ext.asyncio import AsyncSession

from app import crud, schemas
from app.db import base  # noqa: F401
from app.db.session import engine


async def init_db(db: AsyncSession) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(base.Base.metadata.create_all)

    user = await crud.user.get_by_email(db, email="admin@example.org")
    if not user:
        user_in = schemas.UserCreate(email="admin@example.org", full_name="Admin", is_superuser=True)
        user = await crud.user.create(db, obj_in=user_in)  # noqa: F841
