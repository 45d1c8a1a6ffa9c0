import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from orders_service.db.models import Base
from orders_service.db.session import get_db
from orders_service.main import create_app


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine) -> Session:
    with sessionmaker(engine)() as session:
        yield session


@pytest.fixture
def client(engine):
    factory = sessionmaker(engine)

    def override():
        with factory() as session:
            yield session

    app = create_app()
    app.dependency_overrides[get_db] = override
    # no lifespan here: the tables are those of the fixture
    return TestClient(app)
