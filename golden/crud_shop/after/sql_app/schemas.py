from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class ProductBase(BaseModel):
    sku: str
    title: str
    price: Decimal
    stock: int = 0


class ProductCreate(ProductBase):
    pass


class ProductUpdate(BaseModel):
    title: str | None = None
    price: Decimal | None = None
    stock: int | None = None


class Product(ProductBase):
    id: int

    model_config = ConfigDict(from_attributes=True)


class OrderItemCreate(BaseModel):
    product_id: int
    quantity: int = Field(default=1, ge=1)


class OrderItem(BaseModel):
    id: int
    quantity: int
    product: Product

    model_config = ConfigDict(from_attributes=True)


class OrderBase(BaseModel):
    note: str | None = None


class OrderCreate(OrderBase):
    items: list[OrderItemCreate]


class Order(OrderBase):
    id: int
    status: str
    owner_id: int
    items: list[OrderItem] = []

    model_config = ConfigDict(from_attributes=True)


class UserBase(BaseModel):
    email: str


class UserCreate(UserBase):
    password: str


class User(UserBase):
    id: int
    is_active: bool
    orders: list[Order] = []

    model_config = ConfigDict(from_attributes=True)
