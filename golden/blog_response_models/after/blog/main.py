from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from . import crud
from .db import get_db, init_db
from .routers import authors, posts

init_db()

app = FastAPI(title="Blog")
app.include_router(authors.router)
app.include_router(posts.router)


@app.get("/tags")
async def read_tags(db: AsyncSession = Depends(get_db)) -> dict[str, int]:
    return await crud.tag_counts(db)
