from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orders_service.core.errors import Conflict, NotFound


class BaseService:
    """Holds the session; one instance lives for one request."""

    def __init__(self, db: Session) -> None:
        self.db = db

    def _require(self, model, pk: int):
        obj = self.db.get(model, pk)
        if obj is None:
            raise NotFound(f"{model.__name__} {pk} does not exist")
        return obj

    def _save(self, obj, conflict: str):
        self.db.add(obj)
        try:
            self.db.commit()
        except IntegrityError as exc:
            self.db.rollback()
            raise Conflict(conflict) from exc
        self.db.refresh(obj)
        return obj
