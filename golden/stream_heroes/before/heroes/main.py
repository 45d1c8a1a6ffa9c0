from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.middleware.gzip import GZipMiddleware
from sqlmodel import select

from heroes.database import SessionDep, create_db_and_tables, engine
from heroes.models import Hero, HeroCreate, HeroPublic, HeroWithTeam, Pair, Team


@asynccontextmanager
async def lifespan(app: FastAPI):
    create_db_and_tables()
    yield
    engine.dispose()


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


@app.get("/heroes/")
def read_heroes(session: SessionDep) -> list[HeroPublic]:
    return session.exec(select(Hero).order_by(Hero.id)).all()


@app.get("/heroes/some", response_model=list[HeroPublic])
def read_some(session: SessionDep, offset: int = 0, limit: Annotated[int, Query(le=100)] = 100):
    return session.exec(select(Hero).order_by(Hero.id).offset(offset).limit(limit)).all()


@app.get("/heroes/teamed", response_model=list[HeroWithTeam])
def read_teamed(session: SessionDep):
    heroes = session.exec(select(Hero).where(Hero.age > 10).order_by(Hero.id)).all()
    return heroes


@app.get("/heroes/names")
def read_names(session: SessionDep) -> list[str]:
    return session.exec(select(Hero.name).order_by(Hero.id)).all()


@app.get("/heroes/pairs", response_model=list[Pair])
def read_pairs(session: SessionDep):
    return session.exec(select(Hero.id, Hero.luck).order_by(Hero.id)).all()


@app.get("/heroes/only/{hero_id}", response_model=list[HeroPublic])
def read_only(hero_id: int, session: SessionDep):
    return session.exec(select(Hero).where(Hero.id == hero_id)).all()


@app.get("/heroes/older", response_model=list[HeroPublic])
def read_older(age: int, session: SessionDep):
    heroes = session.exec(select(Hero).where(Hero.age >= age).order_by(Hero.id)).all()
    if not heroes:
        raise HTTPException(status_code=404, detail="Nobody is that old")
    return heroes


@app.post("/heroes/", response_model=HeroPublic)
def create_hero(hero: HeroCreate, session: SessionDep):
    created = Hero.model_validate(hero)
    session.add(created)
    session.commit()
    session.refresh(created)
    return created


@app.post("/heroes/birthday", response_model=list[HeroPublic])
def celebrate(session: SessionDep):
    for hero in session.exec(select(Hero).where(Hero.age == 96)):
        hero.age = 97
        session.add(hero)
    session.commit()
    return session.exec(select(Hero).where(Hero.age == 97).order_by(Hero.id)).all()


@teams.get("/{team_id}/heroes", response_model=list[HeroPublic])
def read_team(team_id: int, session: SessionDep):
    if not session.get(Team, team_id):
        raise HTTPException(status_code=404, detail="No such team")
    return session.exec(select(Hero).where(Hero.team_id == team_id).order_by(Hero.id)).all()


app.include_router(teams)
