from collections.abc import Awaitable, Callable
from functools import cached_property

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from pantry.database import generate_session
from pantry.repos.factory import AllRepositories
from pantry.schemas import CookOut


class Kitchen:
    """What the routes of the kitchen share; made for each request."""

    def __init__(self, session: AsyncSession = Depends(generate_session)) -> None:
        self.session = session

    @cached_property
    def repos(self) -> AllRepositories:
        return AllRepositories(self.session)

    @property
    async def chef(self) -> CookOut | None:
        """Who came first."""
        if "chef" in self.__dict__:
            return self.__dict__["chef"]
        cooks = (await self.repos.cooks.page_all(per_page=1)).items
        self.__dict__["chef"] = cooks[0] if cooks else None
        return self.__dict__["chef"]

    @property
    async def dishes(self) -> int:
        return (await self.repos.recipes.page_all(per_page=1)).total

    @property
    async def title(self) -> str:
        return (
            f"{(await self.chef).name}'s kitchen"
            if await self.chef
            else "An empty kitchen"
        )

    async def attempt(self, action: Callable[[], Awaitable[object]]) -> dict[str, str]:
        try:
            await action()
        except ValueError as error:
            await self.session.rollback()
            return {"failed": str(error)}
        return {"done": await self.title}
