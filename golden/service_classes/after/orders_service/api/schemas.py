from pydantic import BaseModel, ConfigDict, Field


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CustomerIn(BaseModel):
    name: str = Field(min_length=1)
    email: str


class CustomerOut(Out):
    id: int
    name: str
    email: str


class Rename(BaseModel):
    name: str


class ArticleIn(BaseModel):
    sku: str
    cents: int = Field(gt=0)
    stock: int = Field(default=0, ge=0)


class ArticleOut(Out):
    sku: str
    cents: int
    stock: int


class LineIn(BaseModel):
    sku: str
    quantity: int = Field(ge=1)


class OrderIn(BaseModel):
    customer_id: int
    lines: list[LineIn] = Field(min_length=1)


class LineOut(Out):
    quantity: int
    article: ArticleOut


class OrderOut(Out):
    id: int
    state: str
    total_cents: int
    customer: CustomerOut
    lines: list[LineOut]
