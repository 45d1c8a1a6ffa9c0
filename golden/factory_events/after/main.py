from fastapi import FastAPI
from sqlmodel import SQLModel
from starlette.middleware.base import BaseHTTPMiddleware

from background_queue import job_queue
from background_tasks import background
from db import engine
from tickets import router
from trail import guarded, trail


def create_app() -> FastAPI:
    app = FastAPI(title="Tickets")
    app.router.add_event_handler("startup", job_queue.open)
    app.router.add_event_handler("shutdown", job_queue.close)
    app.router.add_event_handler("startup", background.open)
    app.router.add_event_handler("shutdown", background.close)
    app.add_middleware(BaseHTTPMiddleware, dispatch=trail)
    app.add_middleware(BaseHTTPMiddleware, dispatch=guarded)
    app.include_router(router)

    @app.on_event("startup")
    async def create_tables():
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.create_all)

    @app.on_event("shutdown")
    async def close():
        await engine.dispose()

    return app


app = create_app()
