import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import Depends, FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from . import store, views
from .db import DB, Base, engine, get_db, sync_get_db
from .models import Line, Room

calls = {"said": 0}


class Shouting(Exception):
    pass


@contextmanager
def opened():
    yield from sync_get_db()


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with DB() as db:
        app.state.rooms_at_start = len((await db.scalars(select(Room))).all())
    yield
    async with DB() as db:
        assert await db.scalar(select(Room.id).limit(1)) != 0
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(views.router)


def in_a_thread(found: dict):
    db = next(sync_get_db())
    found["lines"] = db.scalar(select(func.count()).select_from(Line))
    db.close()
    with opened() as db:
        found["rooms"] = db.scalar(select(func.count()).select_from(Room))


@app.get("/threaded")
def threaded():
    found: dict[str, int] = {}
    thread = threading.Thread(target=in_a_thread, args=(found,))
    thread.start()
    thread.join()
    return found


@app.exception_handler(Shouting)
async def shouting(request: Request, exc: Shouting):
    async with DB() as db:
        db.add(Line(room_id=1, text="somebody shouted"))
        await db.commit()
    return JSONResponse({"detail": "Don't"}, 400)


def polite(text: str) -> str:
    if text.isupper():
        raise Shouting
    return text


def get_store(muted: str = "", db: AsyncSession = Depends(get_db)):
    found = store.DatabaseStore(db)
    return store.Muted(found, set(muted.split())) if muted else found


@app.post("/rooms/{room_id}/lines", status_code=201)
async def say(room_id: int, text: str = Depends(polite), to: store.Store = Depends(get_store)):
    number = calls["said"]
    line_id = await to.say(room_id, text)
    calls["said"] = number + 1
    return {"id": line_id, "said": calls["said"]}


@app.get("/rooms/{room_id}/lines")
async def lines(room_id: int, of: store.Store = Depends(get_store)):
    return {
        "lines": await of.lines(room_id),
        "last": await store.last(of, room_id, show=str.upper),
    }


@app.get("/everything")
async def everything(db: AsyncSession = Depends(get_db)):
    return {
        "all": [item async for item in store.everything(db)],
        "batches": [len(b) async for b in store.batches(db, 2)],
    }


@app.get("/totals")
async def totals(db: AsyncSession = Depends(get_db)):
    return await store.totals(db)


@app.get("/counted")
async def counted():
    return await store.counted()


@app.get("/summary")
async def summary():
    return await store.summary()


@app.get("/slow")
async def slow(db: AsyncSession = Depends(get_db)):
    await asyncio.sleep(0.01)
    here = (await run_in_threadpool(Path("requirements.txt").read_text)).splitlines()
    return {
        "rooms": await db.scalar(select(func.count()).select_from(Room)),
        "first": here[0],
    }


@app.websocket("/rooms/{room_id}/ws")
async def talk(websocket: WebSocket, room_id: int, db: AsyncSession = Depends(get_db)):
    await websocket.accept()
    room = await db.get(Room, room_id)
    await websocket.send_json({"welcome": room.name if room else None})
    try:
        while True:
            text = await websocket.receive_text()
            db.add(Line(room_id=room_id, text=text))
            await db.commit()
            await websocket.send_json(
                {
                    "lines": await db.scalar(
                        select(func.count())
                        .select_from(Line)
                        .where(Line.room_id == room_id)
                    )
                }
            )
    except WebSocketDisconnect:
        await db.rollback()
