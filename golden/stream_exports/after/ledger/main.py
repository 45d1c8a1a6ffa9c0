from contextlib import asynccontextmanager

from fastapi import FastAPI

from ledger.database import Base, engine
from ledger.routers import entries, exports


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(title="Ledger", lifespan=lifespan)
app.include_router(entries.router)
app.include_router(exports.router)
