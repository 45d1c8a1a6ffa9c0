import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from depot import databases
from depot.main import app


@pytest.fixture
def catalogue(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/catalogue.db")
    databases.CatalogueBase.metadata.create_all(engine)
    yield sessionmaker(engine)
    engine.dispose()


@pytest.fixture
def site(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/site.db")
    databases.SiteBase.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def client(catalogue):
    def get_db():
        with catalogue() as db:
            yield db

    app.dependency_overrides[databases.get_db] = get_db
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()
