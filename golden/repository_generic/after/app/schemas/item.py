from typing import List, Optional

from pydantic import BaseModel, ConfigDict

from .user import User


class ItemBase(BaseModel):
    title: Optional[str] = None
    description: Optional[str] = None


class ItemCreate(ItemBase):
    title: str
    tags: List[str] = []


class ItemUpdate(ItemBase):
    tags: Optional[List[str]] = None


class Tag(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


class Item(ItemBase):
    model_config = ConfigDict(from_attributes=True)

    id: int
    owner: User
    tags: List[Tag]
