from typing import List

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.crud.base import CRUDBase
from app.models.item import Item
from app.models.tag import Tag
from app.schemas.item import ItemCreate, ItemUpdate


class CRUDItem(CRUDBase[Item, ItemCreate, ItemUpdate]):
    def _tags(self, db: Session, names: List[str]) -> List[Tag]:
        names = sorted(set(names))
        known = {t.name: t for t in db.scalars(select(Tag).where(Tag.name.in_(names)))}
        return [known.get(name) or Tag(name=name) for name in names]

    def create_with_owner(
        self, db: Session, *, obj_in: ItemCreate, owner_id: int
    ) -> Item:
        db_obj = self.model(
            title=obj_in.title,
            description=obj_in.description,
            owner_id=owner_id,
            tags=self._tags(db, obj_in.tags),
        )
        db.add(db_obj)
        db.commit()
        db.refresh(db_obj)
        return db_obj

    def get_multi_by_owner(
        self, db: Session, *, owner_id: int, skip: int = 0, limit: int = 100
    ) -> List[Item]:
        return db.scalars(
            select(self.model)
            .where(Item.owner_id == owner_id)
            .order_by(Item.id)
            .offset(skip)
            .limit(limit)
        ).all()

    def get_multi_by_tag(self, db: Session, *, tag: str) -> List[Item]:
        return (
            db.execute(select(Item).join(Item.tags).where(Tag.name == tag).order_by(Item.title))
            .scalars()
            .all()
        )

    def update(self, db: Session, *, db_obj: Item, obj_in: ItemUpdate) -> Item:
        if obj_in.tags is not None:
            db_obj.tags = self._tags(db, obj_in.tags)
        return super().update(db, db_obj=db_obj, obj_in=obj_in)


item = CRUDItem(Item)
