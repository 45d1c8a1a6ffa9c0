from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import select

from ..database import SessionDep
from ..models import Hero, Mission, MissionBase, MissionPublic, MissionPublicWithHeroes

router = APIRouter(prefix="/missions", tags=["missions"])


@router.post("/", response_model=MissionPublic, status_code=201)
async def create_mission(mission: MissionBase, session: SessionDep):
    db_mission = Mission.model_validate(mission)
    session.add(db_mission)
    await session.commit()
    await session.refresh(db_mission)
    return db_mission


@router.put("/{mission_id}/heroes/{hero_id}", response_model=MissionPublicWithHeroes)
async def send_hero(mission_id: int, hero_id: int, session: SessionDep):
    mission = (
        await session.exec(
            select(Mission)
            .options(selectinload(Mission.heroes))
            .where(Mission.id == mission_id)
        )
    ).first()
    hero = (await session.exec(select(Hero).where(Hero.id == hero_id))).first()
    if mission is None or hero is None:
        raise HTTPException(404, "Mission or hero not found")
    if hero in mission.heroes:
        raise HTTPException(409, f"{hero.name} is on it already")
    mission.heroes.append(hero)
    await session.commit()
    query = (
        select(Mission)
        .options(
            selectinload(Mission.heroes).options(
                selectinload(Hero.missions), selectinload(Hero.team)
            )
        )
        .where(Mission.id == mission.id)
    )
    session.expire(mission)
    (await session.execute(query)).scalar_one()
    return mission
