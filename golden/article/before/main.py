from contextlib import asynccontextmanager
from typing import List

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from sqlalchemy.orm import Session

import crud
from database import Base, SessionLocal, engine, get_db
from models import Measurement, Report, RequestLog, User
from schemas import MeasurementOut, UserIn, UserOut


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(bind=engine)
    with SessionLocal() as db:
        if db.query(Measurement).count() == 0:
            db.add_all(Measurement(sensor=f"s{i % 7}", value=i / 2) for i in range(500))
            db.commit()
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def log_requests(request: Request, call_next):
    response = await call_next(request)
    await crud.log_request_to_db(request)
    return response


@app.post("/users", response_model=UserOut, status_code=201)
async def create_user(user: UserIn, db: Session = Depends(get_db)):
    if crud.get_user_by_email(db, user.email):
        raise HTTPException(status_code=409, detail="Email is taken")
    row = User(name=user.name, email=user.email)
    db.add(row)
    db.commit()
    db.refresh(row)
    return row


@app.get("/users/{user_id}", response_model=UserOut)
async def get_user(user_id: int, db: Session = Depends(get_db)):
    user = crud.get_user_by_id(db, user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="User not found")
    return user


@app.post("/users/{user_id}/report", status_code=202)
async def order_report(
    user_id: int, background_tasks: BackgroundTasks, db: Session = Depends(get_db)
):
    user = crud.get_user_by_id(db, user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="User not found")
    background_tasks.add_task(crud.some_long_running_task, user.id)
    return {"message": "The report will be ready soon"}


@app.get("/users/{user_id}/reports")
async def reports(user_id: int, db: Session = Depends(get_db)):
    rows = db.query(Report).filter(Report.user_id == user_id).order_by(Report.id).all()
    return [{"id": row.id, "total": row.total} for row in rows]


@app.get("/measurements", response_model=List[MeasurementOut])
async def measurements(db: Session = Depends(get_db)):
    large_dataset = db.query(Measurement).order_by(Measurement.id).all()
    return large_dataset


@app.get("/requests")
async def requests(db: Session = Depends(get_db)):
    rows = db.query(RequestLog).order_by(RequestLog.id).all()
    return [[row.method, row.path, row.client] for row in rows]
