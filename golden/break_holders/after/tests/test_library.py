from unittest import mock

import pytest
from fastapi.testclient import TestClient

from library.database import Database
from library.main import create_app
from library.models import Author
from library.repositories import Authors, Books, NotFound
from library.services import Catalogue, Desk, count_rare

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/library.db")
    await database.create_tables()
    yield database
    await database._engine.dispose()


async def test_repositories(database):
    books = Books(session_factory=database.session)
    author = await Authors(session_factory=database.session).add(name="Lem")
    book = await books.add(title=" solaris", author_id=author.id)
    assert (await books.get(book.id)).title == "Solaris"
    assert await books.copies() == 1
    await books.remove(book.id)
    with pytest.raises(NotFound):
        await books.get(book.id)


async def test_desk(database):
    async with database.session() as db:
        author = Author(name="Dick")
        db.add(author)
        await db.commit()
        book = await Books(database.session).add(title="Ubik", author_id=author.id)
        desk = Desk(db)
        assert (await desk.lend(book.id, "ann")).reader == "ann"
        assert await desk.lend(book.id, "bob") is None
        assert desk.log == ["lent Ubik", "refused bob"]
        assert await count_rare(db) == 1


def test_overridden():
    app = create_app()
    catalogue = mock.Mock(spec=Catalogue)
    catalogue.publish.return_value = {"id": 7}
    with app.container.catalogue.override(catalogue):
        client = TestClient(app)
        assert client.post("/books", json={"author": "a", "title": "b"}).json() == {"id": 7}
    catalogue.publish.assert_called_once_with("a", "b", 1)
