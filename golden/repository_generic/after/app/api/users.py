from typing import Any, List

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession

from app import crud, models, schemas
from app.api import deps

router = APIRouter()


@router.get("/", response_model=List[schemas.User])
async def read_users(db: AsyncSession = Depends(deps.get_db), skip: int = 0, limit: int = 100) -> Any:
    """
    Retrieve users.
    """
    return await crud.user.get_multi(db, skip=skip, limit=limit)


@router.post("/", response_model=schemas.User)
async def create_user(*, db: AsyncSession = Depends(deps.get_db), user_in: schemas.UserCreate) -> Any:
    """
    Create new user.
    """
    if await crud.user.get_by_email(db, email=user_in.email):
        raise HTTPException(status_code=409, detail="A user with this email exists")
    return await crud.user.create(db, obj_in=user_in)


@router.put("/me", response_model=schemas.User)
async def update_user_me(
    *,
    db: AsyncSession = Depends(deps.get_db),
    user_in: schemas.UserUpdate,
    current_user: models.User = Depends(deps.get_current_active_user),
) -> Any:
    """
    Update own user.
    """
    return await crud.user.update(db, db_obj=current_user, obj_in=user_in)


@router.get("/me", response_model=schemas.User)
async def read_user_me(current_user: models.User = Depends(deps.get_current_active_user)) -> Any:
    """
    Get current user.
    """
    return current_user


@router.get("/{user_id}", response_model=schemas.User)
async def read_user_by_id(user_id: int, db: AsyncSession = Depends(deps.get_db)) -> Any:
    """
    Get a specific user by id.
    """
    user = await crud.user.get(db, id=user_id)
    if not user:
        raise HTTPException(404, "No such user")
    return user
