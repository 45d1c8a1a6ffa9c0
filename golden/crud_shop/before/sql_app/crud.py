from sqlalchemy.orm import Session

from . import models, schemas


def get_user(db: Session, user_id: int):
    return db.query(models.User).filter(models.User.id == user_id).first()


def get_user_by_email(db: Session, email: str):
    return db.query(models.User).filter(models.User.email == email).first()


def get_users(db: Session, skip: int = 0, limit: int = 100):
    return db.query(models.User).order_by(models.User.id).offset(skip).limit(limit).all()


def create_user(db: Session, user: schemas.UserCreate):
    fake_hashed_password = user.password + "notreallyhashed"
    db_user = models.User(email=user.email, hashed_password=fake_hashed_password)
    db.add(db_user)
    db.commit()
    db.refresh(db_user)
    return db_user


def get_products(db: Session, skip: int = 0, limit: int = 100, search: str | None = None):
    query = db.query(models.Product)
    if search:
        query = query.filter(models.Product.title.ilike(f"%{search}%"))
    return query.order_by(models.Product.id).offset(skip).limit(limit).all()


def get_product(db: Session, product_id: int):
    return db.query(models.Product).get(product_id)


def create_product(db: Session, product: schemas.ProductCreate):
    db_product = models.Product(**product.model_dump())
    db.add(db_product)
    db.commit()
    db.refresh(db_product)
    return db_product


def update_product(db: Session, db_product: models.Product, product: schemas.ProductUpdate):
    for key, value in product.model_dump(exclude_unset=True).items():
        setattr(db_product, key, value)
    db.commit()
    db.refresh(db_product)
    return db_product


def product_is_used(db: Session, product_id: int):
    return db.query(models.OrderItem).filter_by(product_id=product_id).count() > 0


def delete_product(db: Session, db_product: models.Product):
    db.delete(db_product)
    db.commit()


def get_order(db: Session, order_id: int):
    return db.query(models.Order).filter(models.Order.id == order_id).first()


def get_orders(db: Session, status: str | None = None, skip: int = 0, limit: int = 100):
    query = db.query(models.Order)
    if status is not None:
        query = query.filter_by(status=status)
    return query.order_by(models.Order.id.desc()).offset(skip).limit(limit).all()


def create_user_order(db: Session, order: schemas.OrderCreate, user_id: int):
    db_order = models.Order(note=order.note, owner_id=user_id)
    db.add(db_order)
    db.flush()  # we need the id for the items
    for item in order.items:
        product = get_product(db, item.product_id)
        if product is None or product.stock < item.quantity:
            db.rollback()
            return None
        product.stock -= item.quantity
        db.add(models.OrderItem(order_id=db_order.id, **item.model_dump()))
    db.commit()
    db.refresh(db_order)
    return db_order


def cancel_order(db: Session, db_order: models.Order):
    # put everything back on the shelf
    for item in db_order.items:
        item.product.stock += item.quantity
    db_order.status = "cancelled"
    db.commit()
    db.refresh(db_order)
    return db_order


def delete_order(db: Session, db_order: models.Order):
    db.delete(db_order)
    db.commit()
