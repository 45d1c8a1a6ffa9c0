from sqlalchemy import select

from pantry.models.recipes import Recipe, Tag
from pantry.repos.generic import Repository
from pantry.schemas import RecipeOut, RecipeSummary, TagOut


class RecipeRepository(Repository[RecipeOut, Recipe]):
    async def tagged(self, name: str) -> list[RecipeSummary]:
        query = select(Recipe).join(Recipe.tags).where(Tag.name == name).order_by(Recipe.title)
        return [RecipeSummary.model_validate(row) for row in (await self.session.scalars(query)).all()]


class TagRepository(Repository[TagOut, Tag]):
    async def unused(self) -> list[TagOut]:
        query = select(Tag).where(~Tag.recipes.any()).order_by(Tag.name)
        return [
            await self.session.run_sync(lambda _: self.schema.model_validate(tag))
            for tag in await self.session.scalars(query)
        ]
