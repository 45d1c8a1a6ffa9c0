from sqlalchemy import (
    Boolean, Column, Date, ForeignKey, Integer, MetaData, Numeric, String, Table,
)

__all__ = ['metadata', 'regions', 'customers', 'sales', 'archive']

metadata = MetaData()

regions = Table(
    'regions', metadata,
    Column('id', Integer, primary_key=True),
    Column('name', String(40), nullable=False, unique=True),
)

customers = Table(
    'customers', metadata,
    Column('id', Integer, primary_key=True),
    Column('name', String(80), nullable=False),
    Column('region_id', ForeignKey('regions.id'), nullable=False),
    Column('vip', Boolean, nullable=False, default=False),
)

sales = Table(
    'sales', metadata,
    Column('id', Integer, primary_key=True),
    Column('customer_id', ForeignKey('customers.id'), nullable=False),
    Column('day', Date, nullable=False, index=True),
    Column('product', String(40), nullable=False),
    Column('quantity', Integer, nullable=False),
    Column('amount', Numeric(12, 2), nullable=False),
)

archive = Table(
    'archive', metadata,
    Column('id', Integer, primary_key=True),
    Column('sale_id', Integer, nullable=False),
    Column('product', String(40), nullable=False),
    Column('amount', Numeric(12, 2), nullable=False),
)
