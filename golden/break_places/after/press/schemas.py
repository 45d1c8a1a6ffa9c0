from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import select

from .db import SessionLocal
from .models import Section


class NewArticle(BaseModel):
    title: str
    words: int = 0
    section: str | None = None

    @field_validator("section")
    @classmethod
    def section_exists(cls, value):
        if value is not None:
            with SessionLocal() as db:
                if db.scalar(select(Section.id).where(Section.name == value)) is None:
                    raise ValueError("no such section")
        return value


class ArticleOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    words: int
    is_long: bool
