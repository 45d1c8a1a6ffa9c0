from contextlib import asynccontextmanager

from fastapi import FastAPI

from .database import Base, engine
from .routers import makers, products


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(engine)
    yield
    engine.dispose()


app = FastAPI(title="Catalogue", lifespan=lifespan)
app.include_router(products.router)
app.include_router(makers.router)
