import asyncio

from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session, select

from .database import create_db_and_tables, sync_engine
from .models import Hero, Team


def create_heroes() -> int:
    with Session(sync_engine, expire_on_commit=False) as session:
        if session.exec(select(Team).where(Team.name == "Preventers")).first():
            return 0
        team = Team(name="Preventers", headquarters="Sharp Tower")
        session.add(team)
        session.commit()
        for name, secret in [("Rusty-Man", "Tommy Sharp"), ("Deadpond", "Dive Wilson")]:
            session.add(Hero(name=name, secret_name=secret, team=team))
        session.commit()
        return len(session.exec(select(Hero).where(Hero.team_id == team.id)).all())


async def main():
    await create_db_and_tables()
    print(await run_in_threadpool(create_heroes), "heroes")


if __name__ == "__main__":
    asyncio.run(main())
