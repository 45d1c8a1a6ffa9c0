from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from .database import Base, engine, get_db
from .models import Customer, Message, Trace
from .orders import router
from .traces import Strict, Traces


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(engine)
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
app.add_middleware(Strict)
app.add_middleware(Traces)


class CustomerIn(BaseModel):
    name: str
    email: str


@app.post("/customers", status_code=201)
async def create_customer(customer: CustomerIn, db: Session = Depends(get_db)):
    row = Customer(**customer.model_dump())
    db.add(row)
    db.commit()
    db.refresh(row)
    return {"id": row.id, "name": row.name}


@app.get("/messages")
async def read_messages(db: Session = Depends(get_db)):
    return [[m.to, m.text] for m in db.scalars(select(Message).order_by(Message.id))]


@app.get("/traces")
async def read_traces(db: Session = Depends(get_db)):
    return [t.what for t in db.scalars(select(Trace).order_by(Trace.id))]
