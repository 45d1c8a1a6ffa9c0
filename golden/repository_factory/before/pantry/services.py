from pantry.repos.factory import AllRepositories
from pantry.schemas import RecipeIn, RecipeOut, TagIn


class RecipeService:
    def __init__(self, repos: AllRepositories) -> None:
        self.repos = repos

    @classmethod
    def with_session(cls, session) -> "RecipeService":
        return cls(AllRepositories(session))

    def add(self, data: RecipeIn) -> RecipeOut:
        if data.cook_name and self.repos.cooks.get_one(data.cook_name, key="name") is None:
            self.repos.cooks.create({"name": data.cook_name})
        return self.repos.recipes.create(data)

    def hire(self, name: str) -> None:
        if self.repos.cooks.get_one(name, key="name") is not None:
            raise ValueError(f"{name} is here already")
        self.repos.cooks.create({"name": name})

    def rename_tag(self, name: str, new_name: str) -> bool:
        tag = self.repos.tags.get_one(name, key="name")
        if tag is None:
            return False
        self.repos.tags.update(tag.id, TagIn(name=new_name))
        return True
