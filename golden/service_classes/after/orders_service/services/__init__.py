from .customers import CustomerService
from .orders import OrderService
from .stock import StockService

__all__ = ["CustomerService", "OrderService", "StockService"]
