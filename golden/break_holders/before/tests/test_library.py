from unittest import mock

import pytest
from fastapi.testclient import TestClient

from library.database import Database
from library.main import create_app
from library.models import Author
from library.repositories import Authors, Books, NotFound
from library.services import Catalogue, Desk, count_rare


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/library.db")
    database.create_tables()
    return database


def test_repositories(database):
    books = Books(session_factory=database.session)
    author = Authors(session_factory=database.session).add(name="Lem")
    book = books.add(title=" solaris", author_id=author.id)
    assert books.get(book.id).title == "Solaris"
    assert books.copies() == 1
    books.remove(book.id)
    with pytest.raises(NotFound):
        books.get(book.id)


def test_desk(database):
    with database.session() as db:
        author = Author(name="Dick")
        db.add(author)
        db.commit()
        book = Books(database.session).add(title="Ubik", author_id=author.id)
        desk = Desk(db)
        assert desk.lend(book.id, "ann").reader == "ann"
        assert desk.lend(book.id, "bob") is None
        assert desk.log == ["lent Ubik", "refused bob"]
        assert count_rare(db) == 1


def test_overridden():
    app = create_app()
    catalogue = mock.Mock(spec=Catalogue)
    catalogue.publish.return_value = {"id": 7}
    with app.container.catalogue.override(catalogue):
        client = TestClient(app)
        assert client.post("/books", json={"author": "a", "title": "b"}).json() == {"id": 7}
    catalogue.publish.assert_called_once_with("a", "b", 1)
