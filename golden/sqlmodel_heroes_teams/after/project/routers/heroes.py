from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy.orm import immediateload, selectinload
from sqlmodel import func, select

from ..database import SessionDep
from ..models import (
    Hero,
    HeroCreate,
    HeroPublic,
    HeroPublicWithTeam,
    HeroUpdate,
    Team,
)

router = APIRouter(prefix="/heroes", tags=["heroes"])


@router.post("/", response_model=HeroPublic)
async def create_hero(*, session: SessionDep, hero: HeroCreate):
    if hero.team_id is not None and not await session.get(Team, hero.team_id):
        raise HTTPException(status_code=409, detail="No such team")
    db_hero = Hero.model_validate(hero)
    session.add(db_hero)
    await session.commit()
    await session.refresh(db_hero)
    return db_hero


@router.get("/", response_model=list[HeroPublic])
async def read_heroes(
    *,
    session: SessionDep,
    offset: int = 0,
    limit: Annotated[int, Query(le=100)] = 100,
):
    heroes = (await session.exec(select(Hero).offset(offset).limit(limit))).all()
    return heroes


@router.get("/by-age", response_model=list[HeroPublicWithTeam])
async def read_heroes_by_age(session: SessionDep, at_least: int):
    statement = (
        select(Hero)
        .options(selectinload(Hero.missions), selectinload(Hero.team))
        .where(Hero.age >= at_least)
        .order_by(Hero.age, Hero.name)
    )
    return [hero for hero in await session.exec(statement)]


@router.get("/ages")
async def ages(session: SessionDep):
    youngest, oldest = (await session.exec(select(func.min(Hero.age), func.max(Hero.age)))).one()
    return {"youngest": youngest, "oldest": oldest}


@router.get("/{hero_id}", response_model=HeroPublicWithTeam)
async def read_hero(*, session: SessionDep, hero_id: int):
    hero = await session.get(
        Hero,
        hero_id,
        options=[selectinload(Hero.missions), immediateload(Hero.team)],
        populate_existing=True,
    )
    if not hero:
        raise HTTPException(status_code=404, detail="Hero not found")
    return hero


@router.patch("/{hero_id}", response_model=HeroPublicWithTeam)
async def update_hero(*, session: SessionDep, hero_id: int, hero: HeroUpdate):
    db_hero = await session.get(Hero, hero_id)
    if not db_hero:
        raise HTTPException(status_code=404, detail="Hero not found")
    hero_data = hero.model_dump(exclude_unset=True)
    db_hero.sqlmodel_update(hero_data)
    session.add(db_hero)
    await session.commit()
    await session.get(
        Hero,
        db_hero.id,
        options=[selectinload(Hero.missions), immediateload(Hero.team)],
        populate_existing=True,
    )
    return db_hero


@router.delete("/{hero_id}")
async def delete_hero(*, session: SessionDep, hero_id: int):
    hero = await session.get(Hero, hero_id)
    if not hero:
        raise HTTPException(status_code=404, detail="Hero not found")
    await session.delete(hero)
    await session.commit()
    return {"ok": True}
