from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncScalarResult, AsyncSession

from inventory.database import Part, get_session


async def find_parts(session: AsyncSession, colour: str | None = None) -> AsyncScalarResult[Part]:
    """All parts, or those of one colour."""
    statement = select(Part).order_by(Part.id)
    if colour:
        statement = statement.where(Part.colour == colour)
    result = await session.stream_scalars(statement.execution_options(yield_per=500))
    return result


class PartService:
    def __init__(self, session: Annotated[AsyncSession, Depends(get_session)]) -> None:
        self.session = session

    async def everything(self) -> Sequence[Part]:
        return (await self.session.scalars(select(Part).order_by(Part.id))).all()

    async def weight(self) -> float:
        return round(sum(part.weight for part in await self.everything()), 3)
