from collections.abc import Iterable
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pantry.models.base import Base
from pantry.schemas import Page
from pantry.schemas import Schema as BaseSchema

Schema = TypeVar("Schema", bound=BaseSchema)
Model = TypeVar("Model", bound=Base)


class Repository(Generic[Schema, Model]):
    """What all repositories can do, for one model and its schema."""

    session: Session

    def __init__(self, session: Session, model: type[Model], schema: type[Schema]) -> None:
        self.session = session
        self.model = model
        self.schema = schema

    def _one(self, value, key: str = "id") -> Model:
        query = select(self.model).options(*self.schema.loader_options())
        return self.session.execute(query.filter_by(**{key: value})).unique().scalars().one()

    def get_one(self, value, key: str = "id", override_schema=None) -> Schema | None:
        schema = override_schema or self.schema
        row = self.session.execute(select(self.model).filter_by(**{key: value})).scalar_one_or_none()
        if row is None:
            return None
        return schema.model_validate(row)

    def page_all(self, page: int = 1, per_page: int = 10, override_schema=None) -> Page[Schema]:
        schema = override_schema or self.schema
        total = self.session.scalar(select(func.count()).select_from(self.model)) or 0
        query = select(self.model).order_by(self.model.id)
        rows = self.session.execute(query.limit(per_page).offset((page - 1) * per_page)).scalars().all()
        return Page(page=page, total=total, items=[schema.model_validate(row) for row in rows])

    def create(self, data: BaseModel | dict) -> Schema:
        try:
            data = data if isinstance(data, dict) else data.model_dump()
            row = self.model(session=self.session, **data)
            self.session.add(row)
            self.session.commit()
        except Exception:
            self.session.rollback()
            raise
        self.session.refresh(row)
        return self.schema.model_validate(row)

    def create_many(self, data: Iterable[BaseModel]) -> list[Schema]:
        rows = []
        for item in data:
            rows.append(self.model(session=self.session, **item.model_dump()))
        self.session.add_all(rows)
        self.session.commit()
        for row in rows:
            self.session.refresh(row)
        return [self.schema.model_validate(row) for row in rows]

    def update(self, value, data: BaseModel | dict) -> Schema:
        data = data if isinstance(data, dict) else data.model_dump()
        row = self._one(value)
        row.update(session=self.session, **data)
        self.session.commit()
        return self.schema.model_validate(row)

    def patch(self, value, data: dict) -> Schema:
        entry = self._one(value)
        known = self.schema.model_validate(entry).model_dump()
        known.update(data)
        return self.update(value, known)

    def delete(self, value, key: str = "id") -> Schema:
        row = self._one(value, key)
        deleted = self.schema.model_validate(row)
        self.session.delete(row)
        self.session.commit()
        return deleted
