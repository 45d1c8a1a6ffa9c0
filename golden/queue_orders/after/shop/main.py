from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .background_queue import job_queue
from .database import Base, engine, get_db, sync_engine
from .json_stream import stream_json_array
from .models import Customer, Message
from .orders import router


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with job_queue:
        yield
    await engine.dispose()
    sync_engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)


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
    return await stream_json_array(
        await db.stream_scalars(
            select(Message).order_by(Message.id).execution_options(yield_per=500)
        ),
        each=lambda m: [m.to, m.text],
    )
