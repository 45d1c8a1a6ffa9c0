from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .databases import CatalogueBase, MetricsBase, SiteBase
from sqlalchemy import Column, Integer


class Category(CatalogueBase):
    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    products: Mapped[list["Product"]] = relationship(back_populates="category", order_by="Product.sku")


class Product(CatalogueBase):
    __tablename__ = "products"

    sku: Mapped[str] = mapped_column(String(20), primary_key=True)
    title: Mapped[str]
    in_stock: Mapped[int] = mapped_column(default=0)  # over all the sites, see jobs.recount
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    category: Mapped[Category] = relationship(back_populates="products")


class Shelf(SiteBase):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    stock: Mapped[list["Stock"]] = relationship(back_populates="shelf", order_by="Stock.sku")


class Stock(SiteBase):
    __tablename__ = "stock"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]  # a product of the other database
    quantity: Mapped[int]
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf] = relationship(back_populates="stock")


class Hit(MetricsBase):
    __tablename__ = "hits"

    id = Column(Integer, primary_key=True)
    path = Column(String)
    status = Column(Integer)


class Job(MetricsBase):
    __tablename__ = "jobs"

    id = Column(Integer, primary_key=True)
    name = Column(String)
    result = Column(String)
