from sqlalchemy.orm import Session

from ledger.models import Account, Entry


def get_account(db: Session, account_id: int):
    return db.query(Account).filter(Account.id == account_id).first()


def get_entries(db: Session, closed: bool | None = None):
    query = db.query(Entry)
    if closed is not None:
        query = query.filter(Entry.closed == closed)
    return query.order_by(Entry.id).all()
