from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import schemas, services
from .db import Base, engine, get_db
from .models import Act, Festival, Slot, Stage

Base.metadata.create_all(engine)
app = FastAPI()
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
Db = Annotated[Session, Depends(get_db)]


@app.exception_handler(services.NotFound)
def not_found(request: Request, error: services.NotFound):
    return JSONResponse({"detail": str(error)}, 404)


def get_festival(name: str, db: Db) -> Festival:
    return services.festival(db, name)


Named = Annotated[Festival, Depends(get_festival)]


@app.get("/festivals", response_model=schemas.Page[schemas.FestivalBrief])
def list_festivals(db: Db, limit: int = 10):
    found = db.query(Festival).order_by(Festival.name).limit(limit).all()
    return {"total": db.query(Festival).count(), "items": found}


@app.post("/festivals", status_code=201)
def create_festival(body: schemas.FestivalIn, db: Db) -> schemas.FestivalOut:
    created = Festival(name=body.name, town=body.town)
    for stage in body.stages:
        created.stages.append(Stage(name=stage.name))
    db.add(created)
    db.commit()
    db.refresh(created)
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
def rename(found: Named, town: str, db: Db):
    found.town = town
    db.commit()
    return found


@app.delete("/festivals/{name}", status_code=204)
def remove(found: Named, db: Db):
    db.delete(found)
    db.commit()


@app.post("/acts", status_code=201, response_model=schemas.ActOut)
def create_act(body: schemas.ActIn, db: Db):
    act = Act(name=body.name, fee=body.fee, genres=services.genres_of(db, body.genres))
    db.add(act)
    db.commit()
    return act


@app.get("/acts/{act_id}", response_model=schemas.ActProgramme | schemas.ActIdle)
def read_act(act_id: int, db: Db):
    act = db.get(Act, act_id)
    if act is None:
        raise HTTPException(404, "No such act")
    if not act.slots:
        return schemas.ActIdle.model_validate(act)
    return schemas.ActProgramme.model_validate(act)


@app.put("/acts/{act_id}/genres/{name}", response_model=schemas.ActOut)
def add_genre(act_id: int, name: str, db: Db):
    act = db.get(Act, act_id)
    if act is None:
        raise HTTPException(404, "No such act")
    services.add_genre(db, act, name)
    return act


@app.post("/slots", status_code=201, response_model=schemas.SlotOut)
def create_slot(body: schemas.SlotIn, db: Db):
    slot = Slot(**body.model_dump())
    db.add(slot)
    db.commit()
    return slot


@app.put("/slots/{slot_id}/stage/{stage_id}")
def move_slot(slot_id: int, stage_id: int, db: Db) -> schemas.SlotOut:
    slot, stage = db.get(Slot, slot_id), db.get(Stage, stage_id)
    if slot is None or stage is None:
        raise HTTPException(404, "No such slot or stage")
    try:
        return services.move(db, slot, stage)
    except ValueError as error:
        raise HTTPException(409, str(error))


@app.put("/slots/{slot_id}/act/{act_id}")
def swap(slot_id: int, act_id: int, db: Db) -> dict[str, str]:
    slot = db.get(Slot, slot_id)
    if slot is None:
        raise HTTPException(404, "No such slot")
    changed = db.merge(Slot(id=slot_id, act_id=act_id))
    db.flush()
    db.refresh(changed)
    invoice = services.invoice(changed)
    db.commit()
    return invoice


@app.get("/clashes")
def clashes(db: Db) -> list[list[str]]:
    return [[str(one), str(other)] for one, other in services.clashes(db)]


@app.get("/stages", response_model=list[schemas.StageOut])
def stages(db: Db, act: str | None = None):
    query = select(Stage).order_by(Stage.id)
    if act:
        query = query.where(Stage.slots.any(Slot.act.has(Act.name == act)))
    return db.scalars(query).all()


@app.get("/counts")
def counts(db: Db) -> dict[str, int]:
    rows = db.execute(select(Festival, func.count(Stage.id)).outerjoin(Stage).group_by(Festival.id))
    return {f"{found.name} ({len(found.headliners)})": count for found, count in rows}
