from collections.abc import Iterable
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pantry.models.base import Base
from pantry.schemas import Page
from pantry.schemas import Schema as BaseSchema

Schema = TypeVar("Schema", bound=BaseSchema)
Model = TypeVar("Model", bound=Base)


class Repository(Generic[Schema, Model]):
    """What all repositories can do, for one model and its schema."""

    session: AsyncSession

    def __init__(self, session: AsyncSession, model: type[Model], schema: type[Schema]) -> None:
        self.session = session
        self.model = model
        self.schema = schema

    async def _one(self, value, key: str = "id") -> Model:
        query = select(self.model).options(*self.schema.loader_options())
        return (await self.session.execute(query.filter_by(**{key: value}))).unique().scalars().one()

    async def get_one(
        self, value, key: str = "id", override_schema=None
    ) -> Schema | None:
        schema = override_schema or self.schema
        row = (await self.session.execute(select(self.model).filter_by(**{key: value}))).scalar_one_or_none()
        if row is None:
            return None
        return await self.session.run_sync(lambda _: schema.model_validate(row))

    async def page_all(self, page: int = 1, per_page: int = 10, override_schema=None) -> Page[Schema]:
        schema = override_schema or self.schema
        total = (
            await self.session.scalar(select(func.count()).select_from(self.model)) or 0
        )
        query = select(self.model).order_by(self.model.id)
        rows = (await self.session.execute(query.limit(per_page).offset((page - 1) * per_page))).scalars().all()
        return Page(
            page=page,
            total=total,
            items=await self.session.run_sync(
                lambda _: [schema.model_validate(row) for row in rows]
            ),
        )

    async def create(self, data: BaseModel | dict) -> Schema:
        try:
            data = data if isinstance(data, dict) else data.model_dump()
            row = await self.session.run_sync(
                lambda session: self.model(session=session, **data)
            )
            self.session.add(row)
            await self.session.commit()
        except Exception:
            await self.session.rollback()
            raise
        await self.session.refresh(row)
        return await self.session.run_sync(lambda _: self.schema.model_validate(row))

    async def create_many(self, data: Iterable[BaseModel]) -> list[Schema]:
        rows = []
        for item in data:
            rows.append(
                await self.session.run_sync(
                    lambda session: self.model(session=session, **item.model_dump())
                )
            )
        self.session.add_all(rows)
        await self.session.commit()
        for row in rows:
            await self.session.refresh(row)
        return await self.session.run_sync(
            lambda _: [self.schema.model_validate(row) for row in rows]
        )

    async def update(self, value, data: BaseModel | dict) -> Schema:
        data = data if isinstance(data, dict) else data.model_dump()
        row = await self._one(value)
        await self.session.run_sync(lambda session: row.update(session=session, **data))
        await self.session.commit()
        await self.session.refresh(row)
        return await self.session.run_sync(lambda _: self.schema.model_validate(row))

    async def patch(self, value, data: dict) -> Schema:
        entry = await self._one(value)
        known = (
            await self.session.run_sync(lambda _: self.schema.model_validate(entry))
        ).model_dump()
        known.update(data)
        return await self.update(value, known)

    async def delete(self, value, key: str = "id") -> Schema:
        row = await self._one(value, key)
        deleted = await self.session.run_sync(lambda _: self.schema.model_validate(row))
        await self.session.delete(row)
        await self.session.commit()
        return deleted
