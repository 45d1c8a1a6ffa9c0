"""Nightly, by cron: take finished to-dos away and say how many are left.

    python -m app.archive [USERNAME]
"""
import sys

from sqlalchemy import func, select

from app.database import SyncSessionLocal
from app.models import Todos, Users


def archive(username=None):
    session = SyncSessionLocal()
    try:
        todos = select(Todos).where(Todos.complete == True)  # noqa: E712
        if username:
            todos = todos.join(Users).where(Users.username == username)
        gone = session.scalars(todos).unique().all()
        for todo in gone:
            session.delete(todo)
        session.commit()
        return len(gone), session.scalar(select(func.count()).select_from(Todos))
    finally:
        session.close()


if __name__ == "__main__":
    print("%d archived, %d left" % archive(*sys.argv[1:2]))
