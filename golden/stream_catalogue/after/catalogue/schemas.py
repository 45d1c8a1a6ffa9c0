import datetime as dt
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_serializer

from .models import State


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MakerIn(BaseModel):
    name: str
    country: str | None = None


class MakerOut(Out):
    id: int
    name: str
    country: str | None = None


class ProductOut(Out):
    id: int
    code: str = Field(serialization_alias="sku")
    title: str
    weight: float | None = None
    price: Decimal
    state: State
    made: dt.date
    changed: dt.datetime | None = None
    maker: MakerOut

    @field_serializer("made")
    def day(self, made: dt.date) -> str:
        return made.strftime("%d.%m.%Y")

    @computed_field
    @property
    def label(self) -> str:
        return f"{self.code}: {self.title}"


class ProductLine(Out):
    code: str = Field(serialization_alias="sku")
    weight: float | None = None
    changed: dt.datetime | None = None


class MakerStrict(Out):
    id: int
    country: str


class ProductPage(BaseModel):
    total: int
    items: list[ProductLine]
