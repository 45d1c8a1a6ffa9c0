from sqlmodel import Session, select

from .database import create_db_and_tables, engine
from .models import Hero, Team


def create_heroes() -> int:
    with Session(engine) as session:
        if session.exec(select(Team).where(Team.name == "Preventers")).first():
            return 0
        team = Team(name="Preventers", headquarters="Sharp Tower")
        session.add(team)
        session.commit()
        for name, secret in [("Rusty-Man", "Tommy Sharp"), ("Deadpond", "Dive Wilson")]:
            session.add(Hero(name=name, secret_name=secret, team=team))
        session.commit()
        return len(session.exec(select(Hero).where(Hero.team_id == team.id)).all())


def main():
    create_db_and_tables()
    print(create_heroes(), "heroes")


if __name__ == "__main__":
    main()
