import pytest
from fastapi.testclient import TestClient

from pantry.database import SessionLocal, engine
from pantry.main import app
from pantry.models.base import Base
from pantry.repos.factory import AllRepositories


@pytest.fixture
def client():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def repos(client):
    with SessionLocal() as session:
        yield AllRepositories(session)
