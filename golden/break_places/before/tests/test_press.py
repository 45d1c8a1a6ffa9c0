import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from press import archive
from press.db import Base, SessionLocal, engine
from press.main import app
from press.models import Article, Section
from press.schemas import NewArticle


@pytest.fixture
def db():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    archive.section_names.cache_clear()
    with SessionLocal() as session:
        session.add(Section(name="world"))
        session.flush()
        session.add_all([Article(title=" short ", words=10), Article(title="long", words=200, section_id=1)])
        session.commit()
        yield session


def test_archive(db):
    index = archive.Index(db)
    assert len(index) == 2
    assert "short" in index
    assert index[2] == "long"
    assert [*index] == ["long", "short"]
    assert archive.ranked(db, [2, 1]) == [1, 2]
    assert archive.best(db, [1, 2]) == 2
    assert archive.Statistics(db).longest == "long"
    assert next(archive.rows(db))[1] in ("10", "200")
    assert archive.by_section(db) == {"1": ["long"]}


def test_validator(db):
    assert NewArticle(title="x", section="world").section == "world"
    with pytest.raises(ValidationError):
        NewArticle(title="x", section="moon")
    assert archive.section_names() == ("world",)


def test_http(db):
    client = TestClient(app)
    assert client.post("/articles", json={"title": " new ", "section": "world"}).json()["title"] == "new"
    assert client.get("/sections/1").json() == {"name": "world", "count": 2, "size": 2}
    assert client.get("/articles?long=true").json()[0]["title"] == "long"
