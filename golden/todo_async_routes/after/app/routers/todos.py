from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Path
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette import status

from app.database import SessionLocal
from app.models import Todos, Users
from app.schemas import TodoOut, TodoRequest

router = APIRouter()


async def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        await db.close()


db_dependency = Annotated[AsyncSession, Depends(get_db)]


async def get_current_user(db: db_dependency, x_user: Annotated[str | None, Header()] = None):
    user = (
        await db.scalars(select(Users).where(Users.username == x_user).limit(1))
    ).first()
    if user is None or not user.is_active:
        raise HTTPException(status_code=401, detail="Authentication Failed")
    return user


user_dependency = Annotated[Users, Depends(get_current_user)]


@router.get("/todos", response_model=list[TodoOut], status_code=status.HTTP_200_OK)
async def read_all(user: user_dependency, db: db_dependency, skip: int = 0, limit: int = 20):
    return (
        await db.scalars(
            select(Todos)
            .where(Todos.owner_id == user.id)
            .order_by(Todos.id)
            .offset(skip)
            .limit(limit)
        )
    ).all()


@router.get("/todos/{todo_id}", response_model=TodoOut)
async def read_todo(user: user_dependency, db: db_dependency, todo_id: int = Path(gt=0)):
    todo_model = (
        await db.scalars(
            select(Todos)
            .where(Todos.id == todo_id)
            .where(Todos.owner_id == user.id)
            .limit(1)
        )
    ).first()
    if todo_model is not None:
        return todo_model
    raise HTTPException(status_code=404, detail="Todo not found.")


@router.post("/todos", status_code=status.HTTP_201_CREATED)
async def create_todo(user: user_dependency, db: db_dependency, todo_request: TodoRequest):
    todo_model = Todos(**todo_request.model_dump(), owner_id=user.id)

    db.add(todo_model)
    await db.commit()


@router.put("/todos/{todo_id}", status_code=status.HTTP_204_NO_CONTENT)
async def update_todo(user: user_dependency, db: db_dependency,
                      todo_request: TodoRequest,
                      todo_id: int = Path(gt=0)):
    todo_model = (
        await db.scalars(
            select(Todos)
            .where(Todos.id == todo_id)
            .where(Todos.owner_id == user.id)
            .limit(1)
        )
    ).first()
    if todo_model is None:
        raise HTTPException(status_code=404, detail="Todo not found.")

    todo_model.title = todo_request.title
    todo_model.description = todo_request.description
    todo_model.priority = todo_request.priority
    todo_model.complete = todo_request.complete

    db.add(todo_model)
    await db.commit()


@router.delete("/todos/{todo_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_todo(user: user_dependency, db: db_dependency, todo_id: int = Path(gt=0)):
    todo_model = (
        await db.scalars(
            select(Todos)
            .where(Todos.id == todo_id)
            .where(Todos.owner_id == user.id)
            .limit(1)
        )
    ).first()
    if todo_model is None:
        raise HTTPException(status_code=404, detail="Todo not found.")
    await db.execute(
        delete(Todos).where(Todos.id == todo_id).where(Todos.owner_id == user.id)
    )
    await db.commit()


@router.post("/todos/complete-all")
async def complete_all(user: user_dependency, db: db_dependency):
    # noqa: E712
    count = (
        await db.execute(
            update(Todos)
            .where(Todos.owner_id == user.id, Todos.complete == False)
            .values({Todos.complete: True})
            .execution_options(synchronize_session=False)
        )
    ).rowcount
    await db.commit()
    return {"completed": count}
