from sqlalchemy.orm import Session

from .databases import open_site
from .models import Category, Product, Shelf, Stock


class NotThere(Exception):
    pass


class TooFew(Exception):
    pass


def category(db: Session, name: str) -> Category:
    found = db.query(Category).filter_by(name=name).first()
    if not found:
        found = Category(name=name)
        db.add(found)
        db.flush()
    return found


def put(site: Session, catalogue: Session, shelf_name: str, sku: str, quantity: int) -> Stock:
    if catalogue.get(Product, sku) is None:
        raise NotThere(f"No product {sku}")
    shelf = site.query(Shelf).filter(Shelf.name == shelf_name).first() or Shelf(name=shelf_name)
    site.add(shelf)
    stock = site.query(Stock).join(Stock.shelf).filter(Shelf.name == shelf_name, Stock.sku == sku).one_or_none()
    if stock:
        stock.quantity += quantity
    else:
        stock = Stock(shelf=shelf, sku=sku, quantity=quantity)
        site.add(stock)
    site.flush()
    return stock


def take(site: Session, sku: str, quantity: int) -> list[str]:
    """Takes from as many shelves as it needs; the names of those."""
    taken = []
    for stock in site.query(Stock).filter(Stock.sku == sku).order_by(Stock.quantity.desc(), Stock.id):
        part = min(stock.quantity, quantity)
        if not part:
            break
        stock.quantity -= part
        quantity -= part
        taken.append(stock.shelf.name)
    if quantity:
        raise TooFew(f"{quantity} of {sku} are missing")
    return taken


def transfer(catalogue: Session, source: str, target: str, sku: str, quantity: int) -> dict:
    """Two databases, both or none (as far as that goes)."""
    with open_site(source) as here, open_site(target) as there:
        arrived = put(there, catalogue, f"from {source}", sku, quantity)
        shelves = take(here, sku, quantity)
        return {"from": shelves, "to": arrived.shelf.name, "there": arrived.quantity}


def labels(site: Session, catalogue: Session) -> list[dict]:
    titles = {sku: title for sku, title in catalogue.query(Product.sku, Product.title)}
    return [
        {
            "shelf": shelf.name,
            "stock": [{"title": titles[s.sku], "quantity": s.quantity} for s in shelf.stock if s.quantity],
        }
        for shelf in site.query(Shelf).order_by(Shelf.name).all()
    ]
