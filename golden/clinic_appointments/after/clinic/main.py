from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession

from clinic import crud, jobs
from clinic.database import Base, engine, get_db
from clinic.routers import appointments

app = FastAPI(title="Clinic")
app.include_router(appointments.router)


@app.on_event("startup")
async def create_tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    jobs.scheduler.start(paused=True)


@app.on_event("shutdown")
def stop_jobs():
    jobs.scheduler.shutdown()


@app.on_event("shutdown")
async def dispose_of_engines():
    await engine.dispose()


@app.get("/busiest")
async def busiest(db: AsyncSession = Depends(get_db)):
    return {"doctor": await crud.busiest(db)}


@app.get("/numbers")
async def numbers(db: AsyncSession = Depends(get_db)):
    return await crud.numbers(db)


@app.post("/jobs/{name}")
def run_job(name: str):
    job = jobs.scheduler.get_job(name)
    if job is None:
        raise HTTPException(404, "No such job")
    return {"result": job.func(*job.args, **job.kwargs)}
