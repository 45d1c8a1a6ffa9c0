from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession

from pantry.models.recipes import Cook, Recipe, Tag
from pantry.repos.generic import Repository
from pantry.repos.recipes import RecipeRepository, TagRepository
from pantry.schemas import CookOut, RecipeOut, TagOut


class AllRepositories:
    """Every repository, made when it is first asked for."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @cached_property
    def recipes(self) -> RecipeRepository:
        return RecipeRepository(self.session, Recipe, RecipeOut)

    @cached_property
    def tags(self) -> TagRepository:
        return TagRepository(self.session, Tag, TagOut)

    @cached_property
    def cooks(self) -> Repository[CookOut, Cook]:
        return Repository(self.session, Cook, CookOut)


def get_repositories(session: AsyncSession) -> AllRepositories:
    return AllRepositories(session)
