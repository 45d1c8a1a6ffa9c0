from collections.abc import Sequence
from typing import List

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.crud.base import CRUDBase
from app.models.item import Item
from app.models.tag import Tag
from app.schemas.item import ItemCreate, ItemUpdate


class CRUDItem(CRUDBase[Item, ItemCreate, ItemUpdate]):
    async def _tags(self, db: AsyncSession, names: List[str]) -> List[Tag]:
        names = sorted(set(names))
        known = {
            t.name: t for t in await db.scalars(select(Tag).where(Tag.name.in_(names)))
        }
        return [known.get(name) or Tag(name=name) for name in names]

    async def create_with_owner(
        self, db: AsyncSession, *, obj_in: ItemCreate, owner_id: int
    ) -> Item:
        db_obj = self.model(
            title=obj_in.title,
            description=obj_in.description,
            owner_id=owner_id,
            tags=await self._tags(db, obj_in.tags),
        )
        db.add(db_obj)
        await db.commit()
        await db.get(
            Item,
            db_obj.id,
            options=[immediateload(Item.owner), selectinload(Item.tags)],
            populate_existing=True,
        )
        return db_obj

    async def get_multi_by_owner(
        self,
        db: AsyncSession,
        *,
        owner_id: int,
        skip: int = 0,
        limit: int = 100,
        options: Sequence[ORMOption] = ()
    ) -> List[Item]:
        return (
            await db.scalars(
                select(self.model)
                .options(*options)
                .where(Item.owner_id == owner_id)
                .order_by(Item.id)
                .offset(skip)
                .limit(limit)
            )
        ).all()

    async def get_multi_by_tag(self, db: AsyncSession, *, tag: str) -> List[Item]:
        return (
            (
                await db.execute(
                    select(Item)
                    .options(selectinload(Item.owner), selectinload(Item.tags))
                    .join(Item.tags)
                    .where(Tag.name == tag)
                    .order_by(Item.title)
                )
            )
            .scalars()
            .all()
        )

    async def update(
        self, db: AsyncSession, *, db_obj: Item, obj_in: ItemUpdate
    ) -> Item:
        if obj_in.tags is not None:
            db_obj.tags = await self._tags(db, obj_in.tags)
        item = await super().update(db, db_obj=db_obj, obj_in=obj_in)
        await db.get(
            Item,
            item.id,
            options=[immediateload(Item.owner), selectinload(Item.tags)],
            populate_existing=True,
        )
        return item


item = CRUDItem(Item)
