from fastapi import APIRouter, Depends, HTTPException
from fastapi_utils.cbv import cbv
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .db import get_db
from .models import Room

router = APIRouter()


@cbv(router)
class Rooms:
    db: Session = Depends(get_db)

    def find(self, name: str) -> Room:
        room = self.db.scalars(select(Room).where(Room.name == name)).one_or_none()
        if room is None:
            raise HTTPException(404, "No such room")
        return room

    @router.post("/rooms/{name}", status_code=201)
    def create(self, name: str):
        self.db.add(room := Room(name=name))
        try:
            self.db.commit()
        except IntegrityError:
            self.db.rollback()
            raise HTTPException(409, "There is such a room") from None
        return {"id": room.id}

    @router.get("/rooms/{name}")
    async def read(self, name: str):
        room = self.find(name)
        room.visits += 1
        self.db.commit()
        return {"id": room.id, "visits": room.visits}

    @router.get("/rooms")
    def all(self):
        return {r.name: r.visits for r in self.db.scalars(select(Room).order_by(Room.id))}
