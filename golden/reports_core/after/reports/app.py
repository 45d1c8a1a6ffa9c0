from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Literal, Optional

from fastapi import Body, Depends, FastAPI, HTTPException, Query, Response
from pydantic import BaseModel
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from . import importer, queries as q
from .db import db_session, engine
from .export import to_csv
from .tables import customers, metadata, sales

Db = Annotated[AsyncSession, Depends(db_session)]


@asynccontextmanager
async def lifespan(app):
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(title='Sales reports', lifespan=lifespan)


class CustomerIn(BaseModel):
    name: str
    region: str
    vip: bool = False


class Spent(BaseModel):
    name: str
    spent: float


@app.get('/health')
async def health(db: Db):
    return {'database': (await db.execute(text('SELECT 1'))).scalar() == 1}


@app.post('/customers', status_code=201)
async def add_customer(customer: CustomerIn, db: Db):
    if (await db.execute(select(customers.c.id).filter_by(name=customer.name))).first():
        raise HTTPException(409, f'{customer.name} exists')
    return {'id': await q.add_customer(db, **customer.model_dump())}


@app.post('/sales/import', status_code=201)
async def import_sales(content: Annotated[str, Body(media_type='text/csv')]):
    try:
        return {'imported': await importer.import_sales(content)}
    except importer.BadFile as e:
        raise HTTPException(409, str(e))


def sales_filter(region: Optional[str] = None, since: Optional[date] = None, until: Optional[date] = None,
                 product: Optional[str] = None, min_amount: Optional[float] = None, vip: Optional[bool] = None,
                 sort: Literal['day', 'amount', 'customer'] = 'day', descending: bool = False):
    return q.sales_query(region, since, until, product, min_amount, vip, sort, descending)


@app.get('/sales')
async def list_sales(db: Db, query=Depends(sales_filter), page: Annotated[int, Query(ge=1)] = 1, size: int = 5):
    return await q.paginate(db, query, page, size)


@app.get('/sales.csv')
async def sales_csv(db: Db, query=Depends(sales_filter)):
    return Response(to_csv(await db.execute(query)), media_type='text/csv')


@app.get('/sales/{sale_id}')
async def one_sale(sale_id: int, db: Db):
    row = (await db.execute(select(sales).where(sales.c.id == sale_id))).mappings().one_or_none()
    if row is None:
        raise HTTPException(404, 'No such sale')
    return dict(row)


@app.delete('/sales/{sale_id}', status_code=204)
async def delete_sale(sale_id: int, db: Db):
    if not (await db.execute(delete(sales).where(sales.c.id == sale_id))).rowcount:
        raise HTTPException(404, 'No such sale')
    await db.commit()


@app.get('/reports/regions')
async def regions(db: Db):
    return await q.by_region(db)


@app.get('/reports/top', response_model=list[Spent])
async def top(db: Db, limit: int = 3):
    return [{'name': name, 'spent': spent} for name, spent in await q.top_customers(db, limit)]


@app.get('/reports/sleepers')
async def sleepers(db: Db):
    return await q.sleepers(db)


@app.get('/reports/monthly/{year}')
async def monthly(year: int, db: Db):
    return await q.monthly(db, year) or {}


@app.get('/reports/sizes')
async def sizes(db: Db):
    return await q.sizes(db)


@app.get('/reports/overview')
async def overview(db: Db):
    return await q.overview(db)


@app.post('/prices/{product}')
async def raise_prices(product: str, percent: Annotated[int, Body(embed=True, ge=-50, le=50)], db: Db):
    if n := await q.raise_prices(db, product, percent):
        return {'changed': n}
    raise HTTPException(404, f'Nobody bought {product}')


@app.post('/archive')
async def archive(before: Annotated[date, Body(embed=True)], db: Db):
    return {'archived': await q.archive_before(db, before)}
