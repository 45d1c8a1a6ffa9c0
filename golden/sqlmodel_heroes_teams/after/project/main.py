from fastapi import FastAPI

from .database import create_db_and_tables, engine
from .routers import heroes, missions, teams

app = FastAPI()

app.include_router(heroes.router)
app.include_router(teams.router)
app.include_router(missions.router)


@app.on_event("startup")
async def on_startup():
    await create_db_and_tables()


@app.on_event("shutdown")
async def dispose_of_engines():
    await engine.dispose()
