from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from . import crud
from .db import engine, get_db, init_db
from .routers import authors, posts

init_db()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(title="Blog", lifespan=lifespan)
app.include_router(authors.router)
app.include_router(posts.router)


@app.get("/tags")
async def read_tags(db: AsyncSession = Depends(get_db)) -> dict[str, int]:
    return await crud.tag_counts(db)
