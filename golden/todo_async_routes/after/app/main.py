from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import models
from app.database import engine
from app.routers import todos, users


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(title="Todo", lifespan=lifespan)


@app.get("/healthy")
def health_check():
    return {"status": "Healthy"}


app.include_router(users.router)
app.include_router(todos.router)
