from sqlalchemy import func

from orders_service.core.errors import NotFound, OutOfStock
from orders_service.db.models import Article

from .base import BaseService


class StockService(BaseService):
    def add_article(self, sku: str, cents: int, stock: int = 0) -> Article:
        return self._save(Article(sku=sku, cents=cents, stock=stock), conflict=f"{sku} exists")

    def by_sku(self, sku: str) -> Article:
        article = self.db.query(Article).filter_by(sku=sku).one_or_none()
        if article is None:
            raise NotFound(f"Article {sku} does not exist")
        return article

    def take(self, sku: str, quantity: int) -> Article:
        """Takes from stock; the caller commits."""
        article = self.by_sku(sku)
        if article.stock < quantity:
            raise OutOfStock(sku, quantity, article.stock)
        article.stock = Article.stock - quantity
        self.db.flush()
        return article

    def refill(self, sku: str, quantity: int) -> Article:
        article = self.by_sku(sku)
        article.stock += quantity
        self.db.commit()
        return article

    def low(self, limit: int) -> list[Article]:
        return (
            self.db.query(Article)
            .filter(Article.stock < limit)
            .order_by(Article.stock, Article.sku)
            .all()
        )

    def value_in_cents(self) -> int:
        return self.db.query(func.coalesce(func.sum(Article.cents * Article.stock), 0)).scalar()
