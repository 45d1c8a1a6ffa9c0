"""Nightly, by cron: take finished to-dos away and say how many are left.

    python -m app.archive [USERNAME]
"""
import sys

from app.database import SessionLocal
from app.models import Todos, Users


def archive(username=None):
    session = SessionLocal()
    try:
        todos = session.query(Todos).filter(Todos.complete == True)  # noqa: E712
        if username:
            todos = todos.join(Users).filter(Users.username == username)
        gone = todos.all()
        for todo in gone:
            session.delete(todo)
        session.commit()
        return len(gone), session.query(Todos).count()
    finally:
        session.close()


if __name__ == "__main__":
    print("%d archived, %d left" % archive(*sys.argv[1:2]))
