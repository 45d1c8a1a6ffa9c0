from contextlib import asynccontextmanager

from fastapi import FastAPI

from pantry.database import engine
from pantry.models.base import Base
from pantry.routes import kitchen, recipes, tags


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(title="Pantry", lifespan=lifespan)
app.include_router(recipes.router)
app.include_router(tags.router)
app.include_router(kitchen.router)
