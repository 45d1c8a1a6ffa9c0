import datetime
from decimal import Decimal
from typing import Optional

from pydantic import BaseModel, ConfigDict, Field


class VisitIn(BaseModel):
    patient: str
    fee: Decimal
    day: datetime.date
    weight: Optional[float] = None


class VisitOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    patient: str = Field(serialization_alias="patientName")
    day: datetime.date
    fee: Decimal
    weight: Optional[float]
    state: str
