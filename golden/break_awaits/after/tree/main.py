from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Body, Depends, FastAPI, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession

from . import reports, store
from .base import Base, engine, get_db


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/grow", status_code=201)
async def grow(spec: dict = Body(), db: AsyncSession = Depends(get_db)):
    return {
        "made": await reports.grow(db, spec),
        "nodes": await db.run_sync(store.count),
        "logged": await store.log_apart(*spec),
    }


@app.get("/tree")
async def tree(db: AsyncSession = Depends(get_db)):
    return [f"{'-' * level}{node.name} ({await _size(db, node)})" async for level, node in store.walk(db, await store.root(db))]


async def _size(db, node):
    return await db.run_sync(reports.total, node) or "empty"


@app.get("/list")
async def listing(ids: str, db: AsyncSession = Depends(get_db)):
    return await db.run_sync(reports.listing, [int(id) for id in ids.split(",")])


@app.get("/nodes/{id}")
async def describe(id: int, limit: int = 3, db: AsyncSession = Depends(get_db)):
    try:
        return await reports.describe(db, id, limit=limit)
    except LookupError as e:
        raise HTTPException(
            404,
            f"{e}; there is {await db.run_sync(store.title, (await store.root(db)).id)}",
        ) from e


@app.get("/nodes/{id}/weight")
async def weight(id: int, db: AsyncSession = Depends(get_db)):
    if not await db.run_sync(store.exists, id): raise HTTPException(404)
    return await db.run_sync(reports.weigh, id)


@app.post("/nodes/{id}/move")
async def move(id: int, to: int, db: AsyncSession = Depends(get_db)):
    if await db.run_sync(store.is_locked, id) or not await db.run_sync(
        store.exists, id
    ):
        raise HTTPException(
            409 if await db.run_sync(store.exists, id) else 404,
            await db.run_sync(store.title, id),
        )
    return {"now": await reports.move(db, id, to)}


@app.put("/nodes/{id}/lock")
async def lock(id: int, on: bool = True, db: AsyncSession = Depends(get_db)):
    (await db.run_sync(store.get, id) or await store.root(db)).locked = on
    await db.commit()
    return {
        "locked": await db.run_sync(store.is_locked, id),
        "title": await db.run_sync(
            store.title,
            id,
            fallback=await db.run_sync(store.title, (await store.root(db)).id),
        ),
    }


@app.post("/swap")
async def swap(a: int, b: int, db: AsyncSession = Depends(get_db)):
    return dict(zip("ab", await reports.swap(db, a, b)))


@app.delete("/nodes/{id}")
async def prune(id: int, db: AsyncSession = Depends(get_db)):
    if await db.run_sync(store.get, id) is None: raise HTTPException(404)
    gone, below = await reports.prune(db, id)
    return {"gone": gone, "below": below, "left": await db.run_sync(store.count)}


@app.get("/visits")
async def visits(db: AsyncSession = Depends(get_db)):
    return await store.visits(db)
