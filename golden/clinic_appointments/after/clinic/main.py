from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from clinic import crud
from clinic.database import Base, engine, get_db
from clinic.routers import appointments

app = FastAPI(title="Clinic")
app.include_router(appointments.router)


@app.on_event("startup")
async def create_tables():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@app.on_event("shutdown")
async def dispose_of_engines():
    await engine.dispose()


@app.get("/busiest")
async def busiest(db: AsyncSession = Depends(get_db)):
    return {"doctor": await crud.busiest(db)}
