"""What a reviewer would stumble over: needless imports, arguments, quotes, copies."""

from __future__ import annotations

from passes.async_session.decided import HEAD, OTHER
from passes.async_session.suites import flipped

RUN_TIME = HEAD.replace('"sqlite:///items.db"', 'os.environ["DATABASE_URL"]')
SUITE = """\
import os

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker

from shop.models.names import NAME
from shop.app import Item


@pytest.fixture
def session():
    engine = create_engine(os.environ["OTHER_URL"])
    with sessionmaker(engine)() as session:
        yield session


def test_waits(session):
    assert session.scalars(select(Item)).all() == []
"""


def test_an_alias_of_the_same_name_leaves_no_import() -> None:
    alias = (
        HEAD.replace("app = FastAPI()\n", "app = FastAPI()\n")
        + """
from typing import Annotated

Session = Annotated[Session, Depends(get_db)]


@app.get("/other")
def other(db: Session):
    return db.get(Item, 1).name
"""
    )
    text = flipped({"app.py": alias})["app.py"]
    assert "Session = Annotated[AsyncSession, Depends(get_db)]" in text
    assert "mapped_column, sessionmaker" not in text
    assert "import DeclarativeBase, Mapped, mapped_column\n" in text


def test_one_helper_for_application_and_tests() -> None:
    files = flipped(
        {
            "shop/db/names.py": "",
            "shop/models/names.py": "NAME = 1\n",
            "shop/app.py": "import os\n" + RUN_TIME + OTHER,
            "tests/test_app.py": SUITE.replace(
                "from shop.app import Item\n", "from shop import app\n"
            ).replace("Item", "app.Item"),
        }
    )
    assert [path for path in files if path.endswith("async_database_url.py")] == [
        "shop/async_database_url.py"
    ]
    assert "from shop.async_database_url import" in files["tests/test_app.py"]


def test_generated_code_has_the_quotes_of_its_neighbours() -> None:
    text = ("import os\n" + RUN_TIME + OTHER).replace('"', "'")
    files = flipped({"app.py": text})
    helper = files["async_database_url.py"]
    assert '"""' in helper
    assert '"' not in helper.replace('"""', "")
    assert "'aiosqlite'" in helper


def test_every_test_has_the_backend_where_a_sync_one_needs_it() -> None:
    needs = (
        SUITE
        + """

@pytest.fixture
def item(session):
    item = Item(name="a")
    session.add(item)
    session.commit()
    return item


def test_sync(item):
    assert item.name == "a"
"""
    )
    application = {"shop/app.py": HEAD + OTHER, "shop/models/names.py": "NAME = 1\n"}
    files = flipped({**application, "tests/test_app.py": needs})
    assert "anyio_backend" not in files["tests/test_app.py"]
    assert "autouse=True" in files["tests/conftest.py"]
    files = flipped({**application, "tests/test_app.py": SUITE})
    assert "autouse" not in files["tests/conftest.py"]
