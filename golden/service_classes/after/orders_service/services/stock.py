from sqlalchemy import func, select

from orders_service.core.errors import NotFound, OutOfStock
from orders_service.db.models import Article

from .base import BaseService


class StockService(BaseService):
    async def add_article(self, sku: str, cents: int, stock: int = 0) -> Article:
        return await self._save(Article(sku=sku, cents=cents, stock=stock), conflict=f"{sku} exists")

    async def by_sku(self, sku: str) -> Article:
        article = (
            await self.db.scalars(select(Article).filter_by(sku=sku))
        ).one_or_none()
        if article is None:
            raise NotFound(f"Article {sku} does not exist")
        return article

    async def take(self, sku: str, quantity: int) -> Article:
        """Takes from stock; the caller commits."""
        article = await self.by_sku(sku)
        if article.stock < quantity:
            raise OutOfStock(sku, quantity, article.stock)
        article.stock = Article.stock - quantity
        await self.db.flush()
        return article

    async def refill(self, sku: str, quantity: int) -> Article:
        article = await self.by_sku(sku)
        article.stock += quantity
        await self.db.commit()
        await self.db.refresh(article)
        return article

    async def low(self, limit: int) -> list[Article]:
        return (
            await self.db.scalars(
                select(Article)
                .where(Article.stock < limit)
                .order_by(Article.stock, Article.sku)
            )
        ).all()

    async def value_in_cents(self) -> int:
        return await self.db.scalar(
            select(func.coalesce(func.sum(Article.cents * Article.stock), 0))
        )
