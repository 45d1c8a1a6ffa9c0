from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, computed_field, field_validator, model_validator

T = TypeVar("T")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class GenreOut(Out):
    name: str


class ActOut(Out):
    id: int
    name: str
    fee: Decimal
    genres: list[GenreOut]


class SlotOut(Out):
    id: int
    starts: datetime
    act: ActOut


class StageOut(Out):
    id: int
    name: str
    slots: list[SlotOut]


class FestivalOut(Out):
    id: int
    name: str
    headliners: list[str]
    stages: list[StageOut]

    @computed_field
    @property
    def fees(self) -> Decimal:
        return sum((slot.act.fee for stage in self.stages for slot in stage.slots), Decimal(0))


class FestivalBrief(Out):
    id: int
    name: str
    stages: int = 0

    @field_validator("stages", mode="before")
    @classmethod
    def count(cls, stages: Any) -> int:
        return len(stages)


class Billing(BaseModel):
    """A line of the programme of an act."""

    festival: str
    stage: str
    starts: datetime

    @model_validator(mode="before")
    @classmethod
    def flatten(cls, slot: Any) -> Any:
        if isinstance(slot, dict):
            return slot
        return {
            "festival": slot.stage.festival.name,
            "stage": slot.stage.name,
            "starts": slot.starts,
        }


class ActProgramme(Out):
    kind: Literal["programme"] = "programme"
    name: str
    slots: list[Billing]


class ActIdle(Out):
    kind: Literal["idle"] = "idle"
    name: str


class Page(BaseModel, Generic[T]):
    total: int
    items: list[T]


class StageIn(BaseModel):
    name: str


class FestivalIn(BaseModel):
    name: str
    town: str
    stages: list[StageIn] = []


class ActIn(BaseModel):
    name: str
    fee: Decimal
    genres: list[str] = []


class SlotIn(BaseModel):
    stage_id: int
    act_id: int
    starts: datetime
