from sqlalchemy import Column, ForeignKey, Table, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from pantry.models.base import Base, Updates, fill_columns

recipe_tags = Table(
    "recipe_tags",
    Base.metadata,
    Column("recipe_id", ForeignKey("recipes.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Cook(Base, Updates):
    __tablename__ = "cooks"

    name: Mapped[str] = mapped_column(unique=True)
    recipes: Mapped[list["Recipe"]] = relationship(back_populates="cook")

    @fill_columns()
    def __init__(self, **_) -> None:
        pass


class Tag(Base, Updates):
    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(unique=True)
    recipes: Mapped[list["Recipe"]] = relationship(secondary=recipe_tags, back_populates="tags")

    @fill_columns()
    def __init__(self, **_) -> None:
        pass


class Recipe(Base, Updates):
    __tablename__ = "recipes"

    title: Mapped[str] = mapped_column(unique=True)
    servings: Mapped[int] = mapped_column(default=2)
    cook_id: Mapped[int | None] = mapped_column(ForeignKey("cooks.id"))
    cook: Mapped[Cook | None] = relationship(back_populates="recipes")
    tags: Mapped[list[Tag]] = relationship(secondary=recipe_tags, back_populates="recipes")

    @fill_columns()
    def __init__(self, session: Session, cook_name: str | None = None, **_) -> None:
        if cook_name is not None:
            self.cook = session.scalars(select(Cook).where(Cook.name == cook_name)).first()
