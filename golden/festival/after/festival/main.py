from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload

from . import schemas, services
from .db import Base, engine, get_db
from .models import Act, Festival, Slot, Stage


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
Db = Annotated[AsyncSession, Depends(get_db)]


@app.exception_handler(services.NotFound)
def not_found(request: Request, error: services.NotFound):
    return JSONResponse({"detail": str(error)}, 404)


async def get_festival(name: str, db: Db) -> Festival:
    return await services.festival(db, name)


Named = Annotated[Festival, Depends(get_festival)]


@app.get("/festivals", response_model=schemas.Page[schemas.FestivalBrief])
async def list_festivals(db: Db, limit: int = 10):
    found = (
        await db.scalars(
            select(Festival)
            .options(selectinload(Festival.stages))
            .order_by(Festival.name)
            .limit(limit)
        )
    ).all()
    return {
        "total": await db.scalar(select(func.count()).select_from(Festival)),
        "items": found,
    }


@app.post("/festivals", status_code=201)
async def create_festival(body: schemas.FestivalIn, db: Db) -> schemas.FestivalOut:
    created = Festival(name=body.name, town=body.town)
    for stage in body.stages:
        created.stages.append(Stage(name=stage.name))
    db.add(created)
    await db.commit()
    await db.get(
        Festival,
        created.id,
        options=[
            selectinload(Festival.stages)
            .selectinload(Stage.slots)
            .selectinload(Slot.act)
            .selectinload(Act.genres)
        ],
        populate_existing=True,
    )
    return created


@app.get("/festivals/{name}", response_model=schemas.FestivalOut)
def read_festival(found: Named):
    return found


@app.get("/festivals/{name}/programme", response_class=HTMLResponse)
def programme(request: Request, found: Named):
    return templates.TemplateResponse(request, "programme.html", {"festival": found})


@app.get("/festivals/{name}/poster", response_class=PlainTextResponse)
def poster(found: Named):
    return services.poster(found)


@app.get("/festivals/{name}/genres")
def genres(found: Named) -> list[str]:
    return sorted(found.genres())


@app.patch("/festivals/{name}", response_model=schemas.FestivalOut)
async def rename(found: Named, town: str, db: Db):
    found.town = town
    await db.commit()
    await db.get(
        Festival,
        found.id,
        options=[
            selectinload(Festival.stages)
            .selectinload(Stage.slots)
            .selectinload(Slot.act)
            .selectinload(Act.genres)
        ],
        populate_existing=True,
    )
    return found


@app.delete("/festivals/{name}", status_code=204)
async def remove(found: Named, db: Db):
    await db.delete(found)
    await db.commit()


@app.post("/acts", status_code=201, response_model=schemas.ActOut)
async def create_act(body: schemas.ActIn, db: Db):
    act = Act(
        name=body.name, fee=body.fee, genres=await services.genres_of(db, body.genres)
    )
    db.add(act)
    await db.commit()
    await db.get(
        Act, act.id, options=[selectinload(Act.genres)], populate_existing=True
    )
    return act


@app.get("/acts/{act_id}", response_model=schemas.ActProgramme | schemas.ActIdle)
async def read_act(act_id: int, db: Db):
    act = await db.get(
        Act,
        act_id,
        options=[
            selectinload(Act.slots)
            .selectinload(Slot.stage)
            .selectinload(Stage.festival)
        ],
    )
    if act is None:
        raise HTTPException(404, "No such act")
    if not act.slots:
        return schemas.ActIdle.model_validate(act)
    return schemas.ActProgramme.model_validate(act)


@app.put("/acts/{act_id}/genres/{name}", response_model=schemas.ActOut)
async def add_genre(act_id: int, name: str, db: Db):
    act = await db.get(Act, act_id, options=[selectinload(Act.genres)])
    if act is None:
        raise HTTPException(404, "No such act")
    await services.add_genre(db, act, name)
    await db.get(
        Act, act.id, options=[selectinload(Act.genres)], populate_existing=True
    )
    return act


@app.post("/slots", status_code=201, response_model=schemas.SlotOut)
async def create_slot(body: schemas.SlotIn, db: Db):
    slot = Slot(**body.model_dump())
    db.add(slot)
    await db.commit()
    await db.get(
        Slot,
        slot.id,
        options=[immediateload(Slot.act).selectinload(Act.genres)],
        populate_existing=True,
    )
    return slot


@app.put("/slots/{slot_id}/stage/{stage_id}")
async def move_slot(slot_id: int, stage_id: int, db: Db) -> schemas.SlotOut:
    slot, stage = await db.get(
        Slot, slot_id, options=[immediateload(Slot.stage).immediateload(Stage.festival)]
    ), await db.get(Stage, stage_id, options=[immediateload(Stage.festival)])
    if slot is None or stage is None:
        raise HTTPException(404, "No such slot or stage")
    try:
        return await services.move(db, slot, stage)
    except ValueError as error:
        raise HTTPException(409, str(error))


@app.put("/slots/{slot_id}/act/{act_id}")
async def swap(slot_id: int, act_id: int, db: Db) -> dict[str, str]:
    slot = await db.get(Slot, slot_id)
    if slot is None:
        raise HTTPException(404, "No such slot")
    changed = await db.merge(Slot(id=slot_id, act_id=act_id))
    await db.flush()
    await db.refresh(changed)
    invoice = await db.run_sync(lambda _: services.invoice(changed))
    await db.commit()
    return invoice


@app.get("/clashes")
async def clashes(db: Db) -> list[list[str]]:
    return [[str(one), str(other)] for one, other in await services.clashes(db)]


@app.get("/stages", response_model=list[schemas.StageOut])
async def stages(db: Db, act: str | None = None):
    query = (
        select(Stage)
        .options(
            selectinload(Stage.slots).selectinload(Slot.act).selectinload(Act.genres)
        )
        .order_by(Stage.id)
    )
    if act:
        query = query.where(Stage.slots.any(Slot.act.has(Act.name == act)))
    return (await db.scalars(query)).all()


@app.get("/counts")
async def counts(db: Db) -> dict[str, int]:
    rows = await db.execute(
        select(Festival, func.count(Stage.id))
        .options(
            selectinload(Festival.stages)
            .selectinload(Stage.slots)
            .selectinload(Slot.act)
        )
        .outerjoin(Stage)
        .group_by(Festival.id)
    )
    return {f"{found.name} ({len(found.headliners)})": count for found, count in rows}
