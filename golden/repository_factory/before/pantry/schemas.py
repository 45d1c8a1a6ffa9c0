from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import LoaderOption

from pantry.models.recipes import Recipe

Item = TypeVar("Item", bound=BaseModel)


class Schema(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def loader_options(cls) -> list[LoaderOption]:
        """What is loaded with the row, beside its columns."""
        return []


class CookIn(BaseModel):
    name: str = Field(min_length=2)


class CookOut(Schema):
    id: int
    name: str


class TagIn(BaseModel):
    name: str


class TagOut(Schema):
    id: int
    name: str


class RecipeIn(BaseModel):
    title: str
    servings: int = 2
    cook_id: int | None = None
    cook_name: str | None = None
    tags: list[str] = []


class RecipeSummary(Schema):
    id: int
    title: str


class RecipeOut(RecipeSummary):
    servings: int
    cook: CookOut | None
    tags: list[str]

    @classmethod
    def loader_options(cls) -> list[LoaderOption]:
        return [joinedload(Recipe.cook)]

    @field_validator("tags", mode="before")
    @classmethod
    def names(cls, value):
        return sorted(getattr(tag, "name", tag) for tag in value)


class Page(BaseModel, Generic[Item]):
    page: int
    total: int
    items: list[Item]
