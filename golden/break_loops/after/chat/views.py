from fastapi import APIRouter, Depends, HTTPException
from fastapi_utils.cbv import cbv
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from .db import get_db
from .models import Room

router = APIRouter()


@cbv(router)
class Rooms:
    db: AsyncSession = Depends(get_db)

    async def find(self, name: str) -> Room:
        room = (
            await self.db.scalars(select(Room).where(Room.name == name))
        ).one_or_none()
        if room is None:
            raise HTTPException(404, "No such room")
        return room

    @router.post("/rooms/{name}", status_code=201)
    async def create(self, name: str):
        self.db.add(room := Room(name=name))
        try:
            await self.db.commit()
        except IntegrityError:
            await self.db.rollback()
            raise HTTPException(409, "There is such a room") from None
        return {"id": room.id}

    @router.get("/rooms/{name}")
    async def read(self, name: str):
        room = await self.find(name)
        room.visits += 1
        await self.db.commit()
        await self.db.refresh(room)
        return {"id": room.id, "visits": room.visits}

    @router.get("/rooms")
    async def all(self):
        return {r.name: r.visits for r in await self.db.scalars(select(Room).order_by(Room.id))}
