'''Statements and the functions which run them. Nothing here knows about HTTP.'''
from sqlalchemy import and_, case, delete, distinct, exists, func, insert, or_, select, text, update

from reports.tables import *

SORTABLE = {'day': sales.c.day, 'amount': sales.c.amount, 'customer': customers.c.name}


def sales_query(region=None, since=None, until=None, product=None, min_amount=None, vip=None,
                sort='day', descending=False):
    '''Builds up the query bit by bit; runs nothing.'''
    query = select(
        sales.c.id, sales.c.day, sales.c.product, sales.c.quantity, sales.c.amount,
        customers.c.name.label('customer'),
    ).join(customers, sales.c.customer_id == customers.c.id)
    if region is not None:
        query = query.join(regions, regions.c.id == customers.c.region_id)
        query = query.where(regions.c.name == region)
    if since or until:
        period = []
        if since:
            period.append(sales.c.day >= since)
        if until:
            period.append(sales.c.day < until)
        query = query.where(and_(*period))
    if product is not None:
        query = query.where(or_(sales.c.product == product,
                                sales.c.product.like(product + '-%')))
    if min_amount is not None:
        query = query.where(sales.c.amount >= min_amount)
    if vip is not None:
        query = query.where(customers.c.vip.is_(vip))
    column = SORTABLE[sort]
    return query.order_by(column.desc() if descending else column, sales.c.id)


async def paginate(session, query, page=1, size=5):
    total = (await session.execute(select(func.count()).select_from(query.order_by(None).subquery()))).scalar()
    rows = (
        (await session.execute(query.limit(size).offset((page - 1) * size)))
        .mappings()
        .all()
    )
    return {
        'page': page,
        'pages': -(-total // size),
        'total': total,
        'rows': [dict(row) for row in rows],
    }


async def by_region(session):
    query = (
        select(
            regions.c.name,
            func.count(sales.c.id).label('sales'),
            func.count(distinct(sales.c.customer_id)).label('customers'),
            func.coalesce(func.sum(sales.c.amount), 0).label('amount'),
        )
        .select_from(regions)
        .outerjoin(customers, customers.c.region_id == regions.c.id)
        .outerjoin(sales, sales.c.customer_id == customers.c.id)
        .group_by(regions.c.name)
        .order_by(regions.c.name)
    )
    return [row._asdict() for row in await session.execute(query)]


async def top_customers(session, limit):
    spent = (
        select(func.sum(sales.c.amount))
        .where(sales.c.customer_id == customers.c.id)
        .correlate(customers)
        .scalar_subquery()
    )
    query = select(customers.c.name, spent.label('spent')).where(spent > 0)
    return (await session.execute(query.order_by(spent.desc(), customers.c.name).limit(limit))).all()


async def sleepers(session):
    '''Customers who never bought anything.'''
    bought = exists().where(sales.c.customer_id == customers.c.id)
    return (await session.scalars(select(customers.c.name).where(~bought).order_by(customers.c.name))).all()


async def monthly(session, year):
    # text, as the functions for dates differ too much otherwise
    rows = await session.execute(
        text('''
            SELECT substr(CAST(day AS VARCHAR(10)), 6, 2) AS month,
                   SUM(amount) AS amount, SUM(quantity) AS quantity
            FROM sales
            WHERE day >= :first AND day < :last
            GROUP BY 1 ORDER BY 1
        '''),
        {'first': f'{year}-01-01', 'last': f'{year + 1}-01-01'},
    )
    return {month: {'amount': float(amount), 'quantity': quantity} for month, amount, quantity in rows}


async def sizes(session):
    size = case((sales.c.amount < 10, 'small'), (sales.c.amount < 100, 'medium'), else_='large')
    query = select(size.label('size'), func.count()).group_by(size).having(func.count() > 0)
    return dict(sorted(tuple(row) for row in await session.execute(query)))


async def overview(session):
    biggest = (
        await session.execute(sales_query(sort='amount', descending=True))
    ).first()
    return {
        'regions': await session.scalar(select(func.count()).select_from(regions)),
        'sales': (await session.execute(select(func.count(sales.c.id)))).scalar_one(),
        'products': [p for (p,) in await session.execute(select(sales.c.product).distinct().order_by(sales.c.product))],
        'last_day': (await session.execute(select(func.max(sales.c.day)))).scalar(),
        'has_vips': await session.scalar(select(exists().where(customers.c.vip.is_(True)))),
        'biggest': None if biggest is None else {'customer': biggest.customer, 'amount': biggest.amount},
    }


async def ensure_region(session, name):
    row = (
        await session.execute(select(regions).where(regions.c.name == name))
    ).one_or_none()
    if row is not None:
        return row.id
    return (
        await session.execute(insert(regions).values(name=name))
    ).inserted_primary_key[0]


async def add_customer(session, name, region, vip=False):
    region_id = await ensure_region(session, region)
    result = await session.execute(insert(customers).values(name=name, region_id=region_id, vip=vip))
    await session.commit()
    return result.inserted_primary_key.id


async def raise_prices(session, product, percent):
    result = await session.execute(
        update(sales).where(sales.c.product == product).values(amount=sales.c.amount * (100 + percent) / 100)
    )
    await session.commit()
    return result.rowcount


async def archive_before(session, day):
    '''Moves old sales away, all or nothing.'''
    old = (await session.execute(
        select(sales.c.id.label('sale_id'), sales.c.product, sales.c.amount).where(sales.c.day < day).order_by(sales.c.id)
    )).mappings().fetchall()
    if not old:
        return 0
    await session.execute(insert(archive), [{**row} for row in old])
    removed = (await session.execute(delete(sales).where(sales.c.id.in_([row['sale_id'] for row in old])))).rowcount
    if removed != len(old):
        await session.rollback()
        raise RuntimeError('somebody else is at it')
    await session.commit()
    return removed
