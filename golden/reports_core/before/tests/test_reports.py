import pytest
from fastapi.testclient import TestClient

from reports.app import app
from reports.db import Session, engine
from reports.queries import add_customer, paginate, sales_query, sleepers
from reports.tables import metadata

CSV = '''customer,day,product,quantity,amount
Ann,2024-01-05,tea,2,9.50
Ann,2024-02-01,tea-green,1,12.00
'''


@pytest.fixture(autouse=True)
def tables():
    metadata.drop_all(engine)
    metadata.create_all(engine)


@pytest.fixture
def session():
    with Session() as s:
        yield s


@pytest.fixture
def client():
    with TestClient(app) as c:
        yield c


def test_import(client, session):
    add_customer(session, 'Ann', 'North')
    add_customer(session, 'Bob', 'North', vip=True)
    assert client.post('/sales/import', content=CSV, headers={'content-type': 'text/csv'}).json() == {'imported': 2}
    assert [row.product for row in session.execute(sales_query(product='tea'))] == ['tea', 'tea-green']
    assert paginate(session, sales_query(region='North'), size=1)['pages'] == 2
    assert paginate(session, sales_query(vip=True))['rows'] == []
    assert sleepers(session) == ['Bob']


def test_bad_file_changes_nothing(client, session):
    add_customer(session, 'Ann', 'North')
    r = client.post('/sales/import', content=CSV + 'Bob,2024-01-01,x,1,1\n', headers={'content-type': 'text/csv'})
    assert r.status_code == 409
    assert client.get('/sales').json()['total'] == 0
