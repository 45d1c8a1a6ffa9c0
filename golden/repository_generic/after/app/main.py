from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import items, users
from app.core.config import settings
from app.db.init_db import init_db
from app.db.session import SessionLocal, engine


@asynccontextmanager
async def lifespan(app: FastAPI):
    db = SessionLocal()
    await init_db(db)
    await db.close()
    yield
    await engine.dispose()


app = FastAPI(title=settings.PROJECT_NAME, lifespan=lifespan)

app.include_router(users.router, prefix="/users", tags=["users"])
app.include_router(items.router, prefix="/items", tags=["items"])
