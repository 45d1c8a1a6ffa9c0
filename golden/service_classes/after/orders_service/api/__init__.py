from fastapi import APIRouter

from . import articles, customers, orders

router = APIRouter(prefix="/api/v1")
router.include_router(customers.router, prefix="/customers", tags=["customers"])
router.include_router(articles.router, prefix="/articles", tags=["articles"])
router.include_router(orders.router, prefix="/orders", tags=["orders"])
