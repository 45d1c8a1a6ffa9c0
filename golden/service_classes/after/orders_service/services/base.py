from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.interfaces import ORMOption

from orders_service.core.errors import Conflict, NotFound


class BaseService:
    """Holds the session; one instance lives for one request."""

    def __init__(self, db: AsyncSession) -> None:
        self.db = db

    async def _require(self, model, pk: int, options: Sequence[ORMOption] = ()):
        obj = await self.db.get(model, pk, options=options)
        if obj is None:
            raise NotFound(f"{model.__name__} {pk} does not exist")
        return obj

    async def _save(self, obj, conflict: str):
        self.db.add(obj)
        try:
            await self.db.commit()
        except IntegrityError as exc:
            await self.db.rollback()
            raise Conflict(conflict) from exc
        await self.db.refresh(obj)
        return obj
