"""Factories: FastAPI builds the services for us."""

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from orders_service.db.session import get_db
from orders_service.services import CustomerService, OrderService, StockService


def get_customer_service(db: AsyncSession = Depends(get_db)) -> CustomerService:
    return CustomerService(db)


def get_stock_service(db: AsyncSession = Depends(get_db)) -> StockService:
    return StockService(db)


def get_order_service(
    db: AsyncSession = Depends(get_db),
    stock: StockService = Depends(get_stock_service),
) -> OrderService:
    return OrderService(db, stock)
