from fastapi import Body, Depends, FastAPI, HTTPException
from sqlalchemy.orm import Session

from . import reports, store
from .base import Base, engine, get_db

Base.metadata.create_all(engine)
app = FastAPI()


@app.post("/grow", status_code=201)
def grow(spec: dict = Body(), db: Session = Depends(get_db)):
    return {"made": reports.grow(db, spec), "nodes": store.count(db), "logged": store.log_apart(*spec)}


@app.get("/tree")
async def tree(db: Session = Depends(get_db)):
    return [f"{'-' * level}{node.name} ({await _size(db, node)})" for level, node in store.walk(db, store.root(db))]


async def _size(db, node):
    return reports.total(db, node) or "empty"


@app.get("/list")
async def listing(ids: str, db: Session = Depends(get_db)):
    return reports.listing(db, [int(id) for id in ids.split(",")])


@app.get("/nodes/{id}")
def describe(id: int, limit: int = 3, db: Session = Depends(get_db)):
    try:
        return reports.describe(db, id, limit=limit)
    except LookupError as e:
        raise HTTPException(404, f"{e}; there is {store.title(db, store.root(db).id)}") from e


@app.get("/nodes/{id}/weight")
async def weight(id: int, db: Session = Depends(get_db)):
    if not store.exists(db, id): raise HTTPException(404)
    return reports.weigh(db, id)


@app.post("/nodes/{id}/move")
async def move(id: int, to: int, db: Session = Depends(get_db)):
    if store.is_locked(db, id) or not store.exists(db, id):
        raise HTTPException(409 if store.exists(db, id) else 404, store.title(db, id))
    return {"now": reports.move(db, id, to)}


@app.put("/nodes/{id}/lock")
def lock(id: int, on: bool = True, db: Session = Depends(get_db)):
    (store.get(db, id) or store.root(db)).locked = on
    db.commit()
    return {"locked": store.is_locked(db, id), "title": store.title(db, id, fallback=store.title(db, store.root(db).id))}


@app.post("/swap")
def swap(a: int, b: int, db: Session = Depends(get_db)):
    return dict(zip("ab", reports.swap(db, a, b)))


@app.delete("/nodes/{id}")
def prune(id: int, db: Session = Depends(get_db)):
    if store.get(db, id) is None: raise HTTPException(404)
    gone, below = reports.prune(db, id)
    return {"gone": gone, "below": below, "left": store.count(db)}


@app.get("/visits")
def visits(db: Session = Depends(get_db)):
    return store.visits(db)
