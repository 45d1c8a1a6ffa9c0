from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy.orm import Session

from app.database import SessionLocal
from app.models import Todos, Users
from app.schemas import UserIn, UserOut

router = APIRouter(prefix="/users", tags=["users"])


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


db_dependency = Annotated[Session, Depends(get_db)]


@router.post("/", response_model=UserOut, status_code=status.HTTP_201_CREATED)
async def create_user(user: UserIn, db: db_dependency):
    existing = db.query(Users).filter(Users.username == user.username).first()
    if existing:
        raise HTTPException(status_code=409, detail="Username already taken")
    db_user = Users(username=user.username)
    db.add(db_user)
    db.commit()
    db.refresh(db_user)
    return db_user


@router.get("/", response_model=list[UserOut])
async def read_users(db: db_dependency, active: bool | None = None):
    query = db.query(Users)
    if active is not None:
        query = query.filter(Users.is_active == active)
    return query.order_by(Users.username).all()


@router.post("/{user_id}/deactivate", response_model=UserOut)
async def deactivate(user_id: int, db: db_dependency):
    user = db.query(Users).get(user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="User not found.")
    user.is_active = False
    db.commit()
    return user


@router.get("/{user_id}/stats")
async def stats(user_id: int, db: db_dependency):
    mine = db.query(Todos).filter(Todos.owner_id == user_id)
    # open ones first, the client shows them in this order
    open_titles = [
        title for (title,) in db.query(Todos.title)
        .filter(Todos.owner_id == user_id, Todos.complete == False)  # noqa: E712
        .order_by(Todos.priority.desc(), Todos.id)
    ]
    return {
        "total": mine.count(),
        "done": mine.filter(Todos.complete == True).count(),  # noqa: E712
        "open": open_titles,
    }
