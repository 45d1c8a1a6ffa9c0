"""The databases of the bench."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from differential.stores import Stores
from golden.databases import PostgresServer, find_binaries


@pytest.fixture(scope="session")
def stores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stores]:
    """SQLite, and PostgreSQL where its binaries are."""
    server: PostgresServer | None = None
    if find_binaries() is not None:
        server = request.getfixturevalue("postgres")
    made = Stores(tmp_path_factory.mktemp("bench"), server)
    yield made
    made.close()
