import threading
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fastapi import Depends, FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import store, views
from .db import DB, Base, engine, get_db
from .models import Line, Room

calls = {"said": 0}


class Shouting(Exception):
    pass


@contextmanager
def opened():
    yield from get_db()


@asynccontextmanager
async def lifespan(app: FastAPI):
    Base.metadata.create_all(bind=engine)
    with DB() as db:
        app.state.rooms_at_start = len(db.query(Room).all())
    yield
    with DB() as db:
        assert db.scalar(select(Room.id).limit(1)) != 0


app = FastAPI(lifespan=lifespan)
app.include_router(views.router)


def in_a_thread(found: dict):
    db = next(get_db())
    found["lines"] = db.query(Line).count()
    db.close()
    with opened() as db:
        found["rooms"] = db.query(Room).count()


@app.get("/threaded")
def threaded():
    found: dict[str, int] = {}
    thread = threading.Thread(target=in_a_thread, args=(found,))
    thread.start()
    thread.join()
    return found


@app.exception_handler(Shouting)
async def shouting(request: Request, exc: Shouting):
    with DB() as db:
        db.add(Line(room_id=1, text="somebody shouted"))
        db.commit()
    return JSONResponse({"detail": "Don't"}, 400)


def polite(text: str) -> str:
    if text.isupper():
        raise Shouting
    return text


def get_store(muted: str = "", db: Session = Depends(get_db)):
    found = store.DatabaseStore(db)
    return store.Muted(found, set(muted.split())) if muted else found


@app.post("/rooms/{room_id}/lines", status_code=201)
async def say(room_id: int, text: str = Depends(polite), to: store.Store = Depends(get_store)):
    number = calls["said"]
    line_id = to.say(room_id, text)
    calls["said"] = number + 1
    return {"id": line_id, "said": calls["said"]}


@app.get("/rooms/{room_id}/lines")
def lines(room_id: int, of: store.Store = Depends(get_store)):
    return {"lines": of.lines(room_id), "last": store.last(of, room_id, show=str.upper)}


@app.get("/everything")
def everything(db: Session = Depends(get_db)):
    return {"all": list(store.everything(db)), "batches": [len(b) for b in store.batches(db, 2)]}


@app.get("/totals")
async def totals(db: Session = Depends(get_db)):
    return await store.totals(db)


@app.get("/counted")
async def counted():
    return await store.counted()


@app.get("/summary")
async def summary():
    return await store.summary()


@app.get("/slow")
def slow(db: Session = Depends(get_db)):
    time.sleep(0.01)
    here = Path("requirements.txt").read_text().splitlines()
    return {"rooms": db.query(Room).count(), "first": here[0]}


@app.websocket("/rooms/{room_id}/ws")
async def talk(websocket: WebSocket, room_id: int, db: Session = Depends(get_db)):
    await websocket.accept()
    room = db.get(Room, room_id)
    await websocket.send_json({"welcome": room.name if room else None})
    try:
        while True:
            text = await websocket.receive_text()
            db.add(Line(room_id=room_id, text=text))
            db.commit()
            await websocket.send_json({"lines": db.query(Line).filter(Line.room_id == room_id).count()})
    except WebSocketDisconnect:
        db.rollback()
