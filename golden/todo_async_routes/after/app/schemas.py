from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class UserIn(BaseModel):
    username: str = Field(min_length=3, max_length=50)


class UserOut(BaseModel):
    id: int
    username: str
    is_active: bool

    model_config = ConfigDict(from_attributes=True)


class TodoRequest(BaseModel):
    title: str = Field(min_length=3)
    description: str | None = Field(default=None, max_length=100)
    priority: int = Field(default=3, gt=0, lt=6)
    complete: bool = False


class TodoOut(TodoRequest):
    id: int
    owner_id: int
    created_at: datetime

    model_config = ConfigDict(from_attributes=True)
