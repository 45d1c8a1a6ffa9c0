from typing import Optional

from pydantic import BaseModel, ConfigDict


# Shared properties
class UserBase(BaseModel):
    email: Optional[str] = None
    is_active: Optional[bool] = True
    is_superuser: bool = False
    full_name: Optional[str] = None


# Properties to receive via API on creation
class UserCreate(UserBase):
    email: str


# Properties to receive via API on update
class UserUpdate(UserBase):
    pass


# Additional properties to return via API
class User(UserBase):
    model_config = ConfigDict(from_attributes=True)

    id: int
