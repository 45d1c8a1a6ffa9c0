import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture
def database(tmp_path):
    """A database of its own for each test."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker
    from database import Base
    import models

    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
    Base.metadata.create_all(engine)
    yield sessionmaker(bind=engine)
    engine.dispose()


@pytest.fixture
def client(database):
    from fastapi.testclient import TestClient
    from database import get_db
    from main import app

    app.dependency_overrides[get_db] = lambda: database()
    with TestClient(app) as client:
        yield client
    app.dependency_overrides.clear()
