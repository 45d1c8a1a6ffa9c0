from dependency_injector import containers, providers

from .database import Database
from .repositories import Authors, Books
from .services import Catalogue


class Container(containers.DeclarativeContainer):
    wiring_config = containers.WiringConfiguration(modules=["library.dependencies", "library.endpoints"])

    config = providers.Configuration()
    db = providers.Singleton(Database, url=config.database_url)
    authors = providers.Factory(Authors, session_factory=db.provided.session)
    books = providers.Factory(Books, session_factory=db.provided.session)
    catalogue = providers.Factory(Catalogue, authors=authors, books=books)
