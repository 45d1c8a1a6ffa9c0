from pantry.repos.factory import AllRepositories
from pantry.schemas import RecipeIn, RecipeOut, TagIn


class RecipeService:
    def __init__(self, repos: AllRepositories) -> None:
        self.repos = repos

    @classmethod
    def with_session(cls, session) -> "RecipeService":
        return cls(AllRepositories(session))

    async def add(self, data: RecipeIn) -> RecipeOut:
        if data.cook_name and await self.repos.cooks.get_one(data.cook_name, key="name") is None:
            await self.repos.cooks.create({"name": data.cook_name})
        return await self.repos.recipes.create(data)

    async def hire(self, name: str) -> None:
        if await self.repos.cooks.get_one(name, key="name") is not None:
            raise ValueError(f"{name} is here already")
        await self.repos.cooks.create({"name": name})

    async def rename_tag(self, name: str, new_name: str) -> bool:
        tag = await self.repos.tags.get_one(name, key="name")
        if tag is None:
            return False
        await self.repos.tags.update(tag.id, TagIn(name=new_name))
        return True
