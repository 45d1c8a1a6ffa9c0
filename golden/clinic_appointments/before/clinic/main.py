from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.orm import Session

from clinic import crud, jobs
from clinic.database import Base, engine, get_db
from clinic.routers import appointments

app = FastAPI(title="Clinic")
app.include_router(appointments.router)


@app.on_event("startup")
def create_tables():
    Base.metadata.create_all(engine)
    jobs.scheduler.start(paused=True)


@app.on_event("shutdown")
def stop_jobs():
    jobs.scheduler.shutdown()


@app.get("/busiest")
def busiest(db: Session = Depends(get_db)):
    return {"doctor": crud.busiest(db)}


@app.get("/numbers")
async def numbers(db: Session = Depends(get_db)):
    return crud.numbers(db)


@app.post("/jobs/{name}")
def run_job(name: str):
    job = jobs.scheduler.get_job(name)
    if job is None:
        raise HTTPException(404, "No such job")
    return {"result": job.func(*job.args, **job.kwargs)}
