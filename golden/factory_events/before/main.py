from fastapi import FastAPI
from sqlmodel import SQLModel
from starlette.middleware.base import BaseHTTPMiddleware

from db import engine
from tickets import router
from trail import guarded, trail


def create_app() -> FastAPI:
    app = FastAPI(title="Tickets")
    app.add_middleware(BaseHTTPMiddleware, dispatch=trail)
    app.add_middleware(BaseHTTPMiddleware, dispatch=guarded)
    app.include_router(router)

    @app.on_event("startup")
    def create_tables():
        SQLModel.metadata.create_all(engine)

    @app.on_event("shutdown")
    def close():
        engine.dispose()

    return app


app = create_app()
