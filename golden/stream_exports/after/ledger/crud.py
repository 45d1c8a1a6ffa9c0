from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ledger.models import Account, Entry


async def get_account(db: AsyncSession, account_id: int):
    return (
        await db.scalars(select(Account).where(Account.id == account_id).limit(1))
    ).first()


async def get_entries(db: AsyncSession, closed: bool | None = None):
    query = select(Entry)
    if closed is not None:
        query = query.where(Entry.closed == closed)
    return await db.stream_scalars(
        query.order_by(Entry.id).execution_options(yield_per=500)
    )
