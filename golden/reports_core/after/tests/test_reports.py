import pytest
from fastapi.testclient import TestClient

from reports.app import app
from reports.db import Session, engine
from reports.queries import add_customer, paginate, sales_query, sleepers
from reports.tables import metadata

pytestmark = pytest.mark.anyio

CSV = '''customer,day,product,quantity,amount
Ann,2024-01-05,tea,2,9.50
Ann,2024-02-01,tea-green,1,12.00
'''


@pytest.fixture(autouse=True)
async def tables():
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


@pytest.fixture
async def session():
    async with Session() as s:
        yield s


@pytest.fixture
def client():
    with TestClient(app) as c:
        yield c


async def test_import(client, session):
    await add_customer(session, 'Ann', 'North')
    await add_customer(session, 'Bob', 'North', vip=True)
    assert client.post('/sales/import', content=CSV, headers={'content-type': 'text/csv'}).json() == {'imported': 2}
    assert [row.product for row in await session.execute(sales_query(product='tea'))] == ['tea', 'tea-green']
    assert (await paginate(session, sales_query(region='North'), size=1))['pages'] == 2
    assert (await paginate(session, sales_query(vip=True)))['rows'] == []
    assert await sleepers(session) == ['Bob']


async def test_bad_file_changes_nothing(client, session):
    await add_customer(session, 'Ann', 'North')
    r = client.post('/sales/import', content=CSV + 'Bob,2024-01-01,x,1,1\n', headers={'content-type': 'text/csv'})
    assert r.status_code == 409
    assert client.get('/sales').json()['total'] == 0
