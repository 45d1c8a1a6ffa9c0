from typing import Literal

from pydantic import BaseModel, ConfigDict


class PartOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    colour: str
    weight: float


class KnownPart(PartOut):
    colour: Literal["red", "blue"]


class Paint(BaseModel):
    old: str
    new: str
