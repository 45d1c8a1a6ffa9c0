import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy import insert, select

from .db import connection
from .tables import customers, sales


class BadFile(ValueError):
    pass


def parse(content):
    for number, line in enumerate(csv.DictReader(io.StringIO(content)), 2):
        try:
            yield {
                'customer': line['customer'],
                'day': date.fromisoformat(line['day']),
                'product': line['product'],
                'quantity': int(line['quantity']),
                'amount': Decimal(line['amount']),
            }
        except (KeyError, ValueError, TypeError, InvalidOperation) as e:
            raise BadFile(f'line {number} is not a sale') from e


async def import_sales(content):
    '''Inserts everything, or nothing if there is a mistake anywhere.'''
    async with connection() as conn:
        ids = {name: id for id, name in await conn.execute(select(customers.c.id, customers.c.name))}
        rows = []
        for row in parse(content):
            name = row.pop('customer')
            if name not in ids:
                raise BadFile(f'unknown customer {name}')
            rows.append({'customer_id': ids[name], **row})
        if rows:
            await conn.execute(insert(sales), rows)
    return len(rows)
