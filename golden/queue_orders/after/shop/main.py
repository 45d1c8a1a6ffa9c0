from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .background_queue import job_queue
from .background_tasks import background
from .database import Base, engine, get_db, sync_engine
from .models import Customer, Message, Trace
from .orders import router
from .traces import Strict, Traces


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with background:
        async with job_queue:
            yield
    await engine.dispose()
    sync_engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
app.add_middleware(Strict)
app.add_middleware(Traces)


class CustomerIn(BaseModel):
    name: str
    email: str


@app.post("/customers", status_code=201)
async def create_customer(customer: CustomerIn, db: AsyncSession = Depends(get_db)):
    row = Customer(**customer.model_dump())
    db.add(row)
    await db.commit()
    await db.refresh(row)
    return {"id": row.id, "name": row.name}


@app.get("/messages")
async def read_messages(db: AsyncSession = Depends(get_db)):
    return [
        [m.to, m.text] for m in await db.scalars(select(Message).order_by(Message.id))
    ]


@app.get("/traces")
async def read_traces(db: AsyncSession = Depends(get_db)):
    return [t.what for t in await db.scalars(select(Trace).order_by(Trace.id))]
