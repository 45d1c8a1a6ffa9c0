from contextlib import asynccontextmanager
from typing import List

from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

import crud
from background_queue import BackgroundQueue, job_queue
from background_tasks import background, values_of_request
from database import Base, SessionLocal, engine, get_db
from json_stream import stream_json_array
from models import Measurement, Report, RequestLog, User
from schemas import MeasurementOut, UserIn, UserOut


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with SessionLocal() as db:
        if await db.scalar(select(func.count()).select_from(Measurement)) == 0:
            db.add_all(Measurement(sensor=f"s{i % 7}", value=i / 2) for i in range(500))
            await db.commit()
    async with background:
        async with job_queue:
            yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def log_requests(request: Request, call_next):
    response = await call_next(request)
    await background.run(
        crud.log_request_to_db(values_of_request(request)),
        name="crud.log_request_to_db",
    )
    return response


@app.post("/users", response_model=UserOut, status_code=201)
async def create_user(user: UserIn, db: AsyncSession = Depends(get_db)):
    if await crud.get_user_by_email(db, user.email):
        raise HTTPException(status_code=409, detail="Email is taken")
    row = User(name=user.name, email=user.email)
    db.add(row)
    await db.commit()
    await db.refresh(row)
    return row


@app.get("/users/{user_id}", response_model=UserOut)
async def get_user(user_id: int, db: AsyncSession = Depends(get_db)):
    user = await crud.get_user_by_id(db, user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="User not found")
    return user


@app.post("/users/{user_id}/report", status_code=202)
async def order_report(
    user_id: int, background_tasks: BackgroundQueue, db: AsyncSession = Depends(get_db)
):
    user = await crud.get_user_by_id(db, user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="User not found")
    await background_tasks.add_task(crud.some_long_running_task, user.id)
    return {"message": "The report will be ready soon"}


@app.get("/users/{user_id}/reports")
async def reports(user_id: int, db: AsyncSession = Depends(get_db)):
    rows = (
        await db.scalars(
            select(Report).where(Report.user_id == user_id).order_by(Report.id)
        )
    ).all()
    return [{"id": row.id, "total": row.total} for row in rows]


@app.get("/measurements", response_model=List[MeasurementOut])
async def measurements(db: AsyncSession = Depends(get_db)):
    large_dataset = await db.stream_scalars(
        select(Measurement).order_by(Measurement.id).execution_options(yield_per=500)
    )
    return await stream_json_array(large_dataset, List[MeasurementOut])


@app.get("/requests")
async def requests(db: AsyncSession = Depends(get_db)):
    rows = await db.stream_scalars(
        select(RequestLog).order_by(RequestLog.id).execution_options(yield_per=500)
    )
    return await stream_json_array(
        rows, each=lambda row: [row.method, row.path, row.client]
    )
