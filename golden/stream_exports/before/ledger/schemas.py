import datetime as dt
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class EntryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    account: int = Field(validation_alias="account_id")
    booked: dt.date
    seen: dt.datetime | None
    text: str = Field(serialization_alias="memo")
    amount: Decimal
    closed: bool


class RateOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    rate: float | None
