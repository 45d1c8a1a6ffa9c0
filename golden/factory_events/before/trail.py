import logging
import time

from fastapi import Request
from sqlmodel import Session

from db import Step, engine

logger = logging.getLogger("trail")


async def add_step(agent: str, what: str):
    with Session(engine) as session:
        session.add(Step(agent=agent, what=what))
        session.commit()


def agent_of(request: Request) -> str:
    return request.headers.get("x-agent", "nobody")


async def trail(request: Request, call_next):
    """Each change leaves a step."""
    begin = time.monotonic()
    agent = agent_of(request)
    response = await call_next(request)
    response.headers["x-took"] = f"{time.monotonic() - begin:.0f}"
    if request.method == "GET":
        return response
    await add_step(agent, f"{request.method} {request.url.path} {response.status_code}")
    return response


async def guarded(request: Request, call_next):
    """A step that must not fail the request: its error is caught here."""
    response = await call_next(request)
    try:
        if request.method == "GET" and response.status_code == 404:
            await add_step("guard", request.url.path)
    except Exception:
        logger.exception("no step")
    return response
