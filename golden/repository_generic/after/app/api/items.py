from collections.abc import Sequence
from typing import Any, List, Optional

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app import crud, models, schemas
from app.api import deps

router = APIRouter()


@router.get("/", response_model=List[schemas.Item])
async def read_items(
    db: AsyncSession = Depends(deps.get_db),
    tag: Optional[str] = None,
    skip: int = 0,
    limit: int = 100,
    current_user: models.User = Depends(deps.get_current_active_user),
) -> Any:
    """
    Retrieve items.
    """
    if tag:
        items = await crud.item.get_multi_by_tag(db, tag=tag)
    elif crud.user.is_superuser(current_user):
        items = await crud.item.get_multi(
            db,
            skip=skip,
            limit=limit,
            options=[selectinload(models.Item.owner), selectinload(models.Item.tags)],
        )
    else:
        items = await crud.item.get_multi_by_owner(
            db=db,
            owner_id=current_user.id,
            skip=skip,
            limit=limit,
            options=[selectinload(models.Item.owner), selectinload(models.Item.tags)],
        )
    return items


@router.get("/count")
async def count_items(db: AsyncSession = Depends(deps.get_db)) -> Any:
    return {"items": await crud.item.count(db), "users": await crud.user.count(db)}


@router.post("/", response_model=schemas.Item)
async def create_item(
    *,
    db: AsyncSession = Depends(deps.get_db),
    item_in: schemas.ItemCreate,
    current_user: models.User = Depends(deps.get_current_active_user),
) -> Any:
    """
    Create new item.
    """
    item = await crud.item.create_with_owner(
        db=db, obj_in=item_in, owner_id=current_user.id
    )
    return item


async def _own_item(
    db: AsyncSession, id: int, user: models.User, options: Sequence[ORMOption] = ()
) -> models.Item:
    item = await crud.item.get(db=db, id=id, options=options)
    if not item:
        raise HTTPException(status_code=404, detail="Item not found")
    if not crud.user.is_superuser(user) and (item.owner_id != user.id):
        raise HTTPException(status_code=403, detail="Not enough permissions")
    return item


@router.put("/{id}", response_model=schemas.Item)
async def update_item(
    *,
    db: AsyncSession = Depends(deps.get_db),
    id: int,
    item_in: schemas.ItemUpdate,
    current_user: models.User = Depends(deps.get_current_active_user),
) -> Any:
    """
    Update an item.
    """
    item = await _own_item(
        db, id, current_user, options=[selectinload(models.Item.tags)]
    )
    return await crud.item.update(db=db, db_obj=item, obj_in=item_in)


@router.get("/{id}", response_model=schemas.Item)
async def read_item(
    *,
    db: AsyncSession = Depends(deps.get_db),
    id: int,
    current_user: models.User = Depends(deps.get_current_active_user),
) -> Any:
    """
    Get item by ID.
    """
    return await _own_item(
        db,
        id,
        current_user,
        options=[immediateload(models.Item.owner), selectinload(models.Item.tags)],
    )


@router.delete("/{id}")
async def delete_item(
    *,
    db: AsyncSession = Depends(deps.get_db),
    id: int,
    current_user: models.User = Depends(deps.get_current_active_user),
) -> Any:
    """
    Delete an item.
    """
    await _own_item(db, id, current_user)
    item = await crud.item.remove(db=db, id=id)
    return {"deleted": item.title}
