"""Every row of the table of driver differences: it agrees after the change, or is reported."""

from __future__ import annotations

import pytest
from differential.application import Application, as_modules, migrated, texts
from differential.loading import load
from differential.rows_drivers import HEADER, MODELS, ROWS, DriverRow
from differential.running import Runner
from differential.stores import Stores
from sqlalchemy import text

from codemods.findings import Treatment

#: What the URL of a database can ask of libpq, which asyncpg is not made of.
URL_OPTIONS = (
    "sslmode=disable",
    "sslmode=prefer",
    "connect_timeout=5",
    "application_name=bench",
    "sslmode=disable&connect_timeout=5&application_name=bench",
)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: DriverRow, driver: str, stores: Stores) -> None:
    if driver not in stores.kinds:
        pytest.skip("there is no PostgreSQL")
    application = Application(MODELS, as_modules(HEADER, {"case": row.source}), driver)
    module = "app.case" if "def case(" in row.source else "app.cases"
    path = module.replace(".", "/") + ".py"
    after = texts(application)
    reported = {
        finding.code
        for finding in migrated(application).findings
        if finding.path == path and finding.treatment is Treatment.LEFT
    }
    code = row.psycopg if driver == "psycopg" else row.asyncpg
    assert reported == ({code} if code else set()), after[path]
    before = Runner(stores, application.files, module).run(driver, "case")
    found = Runner(stores, after, module).run(driver, "case")
    agrees = found.shown() == before.shown()
    assert agrees is not bool(code), f"{before}\n{found.error} {found.message}\n{after[path]}"
    assert row.expected in after[path]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("options", URL_OPTIONS)
def test_options_of_the_url(options: str, driver: str, stores: Stores) -> None:
    """The application connects with the URL that it was given before."""
    _connect(options, driver, stores)


def test_an_option_that_asyncpg_has_nothing_for(stores: Stores) -> None:
    """It is refused aloud: settings of the session would be others without it."""
    _connect("options=-csearch_path%3Dpublic", "psycopg", stores)
    with pytest.raises(TypeError, match="options"):
        _connect("options=-csearch_path%3Dpublic", "asyncpg", stores)


def _connect(options: str, driver: str, stores: Stores) -> None:
    """Connect with a URL as the application does, before and after."""
    if driver not in stores.kinds:
        pytest.skip("there is no PostgreSQL")
    application = Application(MODELS, as_modules(HEADER, {"case": "s.get(Event, 1)"}), driver)
    url = f"{stores.url()}?{options}"
    engine = load(application.files, "app.database", url=url)["app.database"].engine
    with engine.connect() as connection:
        assert connection.scalar(text("select 1")) == 1
    engine.dispose()
    after = load(texts(application), "app.database", url=url)["app.database"].engine
    assert after.url.drivername == f"postgresql+{driver}"

    async def ask() -> int:
        async with after.connect() as connection:
            found: int = await connection.scalar(text("select 1"))
        await after.dispose()
        return found

    assert stores.loop.run(ask()) == 1
