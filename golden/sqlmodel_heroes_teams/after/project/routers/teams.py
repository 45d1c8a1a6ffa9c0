from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import col, func, select

from ..database import SessionDep
from ..models import Hero, Team, TeamCreate, TeamPublic, TeamPublicWithHeroes, TeamUpdate

router = APIRouter(prefix="/teams", tags=["teams"])


@router.post("/", response_model=TeamPublic)
async def create_team(*, session: SessionDep, team: TeamCreate):
    db_team = Team.model_validate(team)
    session.add(db_team)
    await session.commit()
    await session.refresh(db_team)
    return db_team


@router.get("/", response_model=list[TeamPublicWithHeroes])
async def read_teams(*, session: SessionDep, offset: int = 0, limit: int = 100):
    return (
        await session.exec(
            select(Team)
            .options(selectinload(Team.heroes))
            .order_by(col(Team.id))
            .offset(offset)
            .limit(limit)
        )
    ).all()


@router.get("/sizes")
async def sizes(session: SessionDep) -> dict[str, int]:
    rows = await session.exec(
        select(Team.name, func.count(col(Hero.id)))
        .join(Hero, isouter=True)
        .group_by(Team.name)
        .order_by(Team.name)
    )
    return {name: count for name, count in rows}


@router.get("/{team_id}", response_model=TeamPublicWithHeroes)
async def read_team(*, team_id: int, session: SessionDep):
    team = await session.get(
        Team, team_id, options=[selectinload(Team.heroes)], populate_existing=True
    )
    if not team:
        raise HTTPException(status_code=404, detail="Team not found")
    return team


@router.patch("/{team_id}", response_model=TeamPublic)
async def update_team(*, session: SessionDep, team_id: int, team: TeamUpdate):
    db_team = await session.get(Team, team_id)
    if not db_team:
        raise HTTPException(status_code=404, detail="Team not found")
    for key, value in team.model_dump(exclude_unset=True).items():
        setattr(db_team, key, value)
    session.add(db_team)
    await session.commit()
    await session.refresh(db_team)
    return db_team


@router.delete("/{team_id}")
async def delete_team(*, session: SessionDep, team_id: int):
    team = await session.get(Team, team_id)
    if not team:
        raise HTTPException(status_code=404, detail="Team not found")
    # heroes without a team go on alone
    await session.delete(team)
    await session.commit()
    return {"ok": True}
