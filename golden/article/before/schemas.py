from pydantic import BaseModel, ConfigDict


class UserIn(BaseModel):
    name: str
    email: str


class UserOut(UserIn):
    model_config = ConfigDict(from_attributes=True)

    id: int


class MeasurementOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    sensor: str
    value: float
