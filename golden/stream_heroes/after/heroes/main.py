from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import selectinload
from sqlmodel import select

from heroes.database import SessionDep, create_db_and_tables, engine
from heroes.json_stream import stream_json_array
from heroes.models import Hero, HeroCreate, HeroPublic, HeroWithTeam, Pair, Team


@asynccontextmanager
async def lifespan(app: FastAPI):
    await create_db_and_tables()
    yield
    await engine.dispose()


def check_key(x_key: Annotated[str | None, Header()] = None):
    if x_key != "open":
        raise HTTPException(status_code=401, detail="Which key?")


app = FastAPI(lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=10)
teams = APIRouter(prefix="/teams", dependencies=[Depends(check_key)])


@app.middleware("http")
async def name_server(request: Request, call_next):
    response = await call_next(request)
    response.headers["X-Served-By"] = "heroes"
    return response


@app.get("/heroes/", response_model=list[HeroPublic])
async def read_heroes(session: SessionDep) -> StreamingResponse:
    return await stream_json_array(
        await session.stream_scalars(
            select(Hero).order_by(Hero.id).execution_options(yield_per=500)
        ),
        list[HeroPublic],
    )


@app.get("/heroes/some", response_model=list[HeroPublic])
async def read_some(session: SessionDep, offset: int = 0, limit: Annotated[int, Query(le=100)] = 100):
    return (await session.exec(select(Hero).order_by(Hero.id).offset(offset).limit(limit))).all()


@app.get("/heroes/teamed", response_model=list[HeroWithTeam])
async def read_teamed(session: SessionDep):
    heroes = await session.stream_scalars(
        select(Hero)
        .options(selectinload(Hero.team))
        .where(Hero.age > 10)
        .order_by(Hero.id)
        .execution_options(yield_per=500)
    )
    return await stream_json_array(heroes, list[HeroWithTeam])


@app.get("/heroes/names", response_model=list[str])
async def read_names(session: SessionDep) -> StreamingResponse:
    return await stream_json_array(
        await session.stream_scalars(
            select(Hero.name).order_by(Hero.id).execution_options(yield_per=500)
        ),
        list[str],
    )


@app.get("/heroes/pairs", response_model=list[Pair])
async def read_pairs(session: SessionDep):
    return await stream_json_array(
        await session.stream(
            select(Hero.id, Hero.luck)
            .order_by(Hero.id)
            .execution_options(yield_per=500)
        ),
        list[Pair],
    )


@app.get("/heroes/only/{hero_id}", response_model=list[HeroPublic])
async def read_only(hero_id: int, session: SessionDep):
    return (await session.exec(select(Hero).where(Hero.id == hero_id))).all()


@app.get("/heroes/older", response_model=list[HeroPublic])
async def read_older(age: int, session: SessionDep):
    heroes = (
        await session.exec(select(Hero).where(Hero.age >= age).order_by(Hero.id))
    ).all()
    if not heroes:
        raise HTTPException(status_code=404, detail="Nobody is that old")
    return heroes


@app.post("/heroes/", response_model=HeroPublic)
async def create_hero(hero: HeroCreate, session: SessionDep):
    created = Hero.model_validate(hero)
    session.add(created)
    await session.commit()
    await session.refresh(created)
    return created


@app.post("/heroes/birthday", response_model=list[HeroPublic])
async def celebrate(session: SessionDep):
    for hero in await session.exec(select(Hero).where(Hero.age == 96)):
        hero.age = 97
        session.add(hero)
    await session.commit()
    return await stream_json_array(
        (
            await session.stream_scalars(
                select(Hero)
                .where(Hero.age == 97)
                .order_by(Hero.id)
                .execution_options(populate_existing=True)
                .execution_options(yield_per=500)
            )
        ),
        list[HeroPublic],
    )


@teams.get("/{team_id}/heroes", response_model=list[HeroPublic])
async def read_team(team_id: int, session: SessionDep):
    if not await session.get(Team, team_id):
        raise HTTPException(status_code=404, detail="No such team")
    return await stream_json_array(
        await session.stream_scalars(
            select(Hero)
            .where(Hero.team_id == team_id)
            .order_by(Hero.id)
            .execution_options(yield_per=500)
        ),
        list[HeroPublic],
    )


app.include_router(teams)
