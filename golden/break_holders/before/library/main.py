import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from .containers import Container
from .endpoints import router
from .repositories import Duplicate, NotFound


def create_app() -> FastAPI:
    container = Container()
    container.config.database_url.from_value(os.environ.get("DATABASE_URL", "sqlite:///library.db"))

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        container.db().create_tables()
        yield

    app = FastAPI(lifespan=lifespan)
    app.container = container
    app.include_router(router)

    @app.exception_handler(NotFound)
    def not_found(request: Request, exc: NotFound):
        return JSONResponse({"detail": str(exc)}, 404)

    @app.exception_handler(Duplicate)
    async def duplicate(request: Request, exc: Duplicate):
        return JSONResponse({"detail": f"{exc} is there already"}, 409)

    return app


app = create_app()
