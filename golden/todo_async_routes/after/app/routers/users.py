from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionLocal
from app.models import Todos, Users
from app.schemas import UserIn, UserOut

router = APIRouter(prefix="/users", tags=["users"])


async def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        await db.close()


db_dependency = Annotated[AsyncSession, Depends(get_db)]


@router.post("/", response_model=UserOut, status_code=status.HTTP_201_CREATED)
async def create_user(user: UserIn, db: db_dependency):
    existing = (
        await db.scalars(select(Users).where(Users.username == user.username).limit(1))
    ).first()
    if existing:
        raise HTTPException(status_code=409, detail="Username already taken")
    db_user = Users(username=user.username)
    db.add(db_user)
    await db.commit()
    await db.refresh(db_user)
    return db_user


@router.get("/", response_model=list[UserOut])
async def read_users(db: db_dependency, active: bool | None = None):
    query = select(Users)
    if active is not None:
        query = query.where(Users.is_active == active)
    return (await db.scalars(query.order_by(Users.username))).all()


@router.post("/{user_id}/deactivate", response_model=UserOut)
async def deactivate(user_id: int, db: db_dependency):
    user = await db.get(Users, user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="User not found.")
    user.is_active = False
    await db.commit()
    await db.refresh(user)
    return user


@router.get("/{user_id}/stats")
async def stats(user_id: int, db: db_dependency):
    mine = select(Todos).where(Todos.owner_id == user_id)
    # open ones first, the client shows them in this order
    open_titles = [
        title
        for (title,) in await db.execute(
            select(Todos.title)
            .where(Todos.owner_id == user_id, Todos.complete == False)  # noqa: E712
            .order_by(Todos.priority.desc(), Todos.id)
        )
    ]
    return {
        "total": await db.scalar(select(func.count()).select_from(mine.subquery())),
        "done": await db.scalar(
            select(func.count()).select_from(
                mine.where(Todos.complete == True).subquery()
            )
        ),  # noqa: E712
        "open": open_titles,
    }
