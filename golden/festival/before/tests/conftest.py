from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from festival.db import Base, get_db
from festival.main import app
from festival.models import Act, Festival, Genre, Slot, Stage

engine = create_engine("sqlite:///./tests.db")
Session = sessionmaker(bind=engine)


@pytest.fixture
def session():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    db = Session()
    try:
        yield db
    finally:
        db.close()


@pytest.fixture
def summer(session):
    found = Festival(name="Summer", town="Leeds", stages=[Stage(name="Main"), Stage(name="Barn")])
    act = Act(name="Owls", fee=100, genres=[Genre(name="folk"), Genre(name="jazz")])
    session.add_all([found, Slot(starts=datetime(2026, 7, 1, 20), act=act, stage=found.stages[0])])
    session.commit()
    return found


@pytest.fixture
def client(session):
    def own_db():
        db = Session()
        try:
            yield db
        finally:
            db.close()

    app.dependency_overrides[get_db] = own_db
    yield TestClient(app)
    app.dependency_overrides.clear()
