"""Functions that make the engine or the factory of a module: kept in both colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD, flip, treatments

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

MADE = """\
engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
"""
READ = """
@app.get("/items")
def items(db: Session = Depends(get_db)):
    return db.scalars(select(Item)).all()
"""
SCRIPT = """
def clean():
    with SessionLocal() as db:
        db.execute(select(Item))


if __name__ == "__main__":
    clean()
"""
PAIR = """\
def connect(url):
    engine = create_engine(url)
    return sessionmaker(bind=engine, expire_on_commit=False), engine


SessionLocal, engine = connect("sqlite:///items.db")
"""
ENGINE = '''\
def make_engine(echo=False) -> Engine:
    """Make it."""
    try:
        made = create_engine(URL, pool_size=3, echo=echo)
    except TypeError:
        made = create_engine(URL, echo=echo)
    return made


engine = make_engine(echo=True)
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
'''


def _head(text: str) -> str:
    head = HEAD.replace(MADE, text).replace("import create_engine", "import Engine, create_engine")
    return f"import os\n\n{head}".replace("app = FastAPI()", "app = FastAPI()", 1).replace(
        "\n\ndef make_engine", '\nURL = os.environ["URL"]\n\n\ndef make_engine'
    )


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        (PAIR, 'SyncSessionLocal, sync_engine = sync_connect("sqlite:///items.db")'),
        (ENGINE, "sync_engine = sync_make_engine(echo=True)"),
    ],
    ids=["pair", "engine"],
)
def test_what_stays_sync_gets_the_sync_form(made: str, kept: str) -> None:
    text = flip(READ + SCRIPT, _head(made)).after.files["app.py"].text
    assert f"\n{kept}\n" in text
    assert "async def items" in text
    assert "def clean():\n    with SyncSessionLocal() as db:" in text
    sync = text.partition("def sync_")[2].partition("\n\n\n")[0]
    assert "create_engine(" in sync
    assert "async" not in sync.lower()
    assert "create_async_engine(" in text
    assert ("-> AsyncEngine" in text) is (made is ENGINE)
    assert ("-> Engine" in sync) is (made is ENGINE)


@pytest.mark.parametrize("made", [PAIR, ENGINE])
def test_one_form_is_enough_where_all_is_async(made: str) -> None:
    text = flip(READ, _head(made)).after.files["app.py"].text
    assert "create_async_engine(" in text
    assert "def sync_" not in text
    assert " sync_engine" not in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def connect(url):", "@lru_cache\ndef connect(url):"),
        (
            "    return sessionmaker",
            "    event.listen(engine, 'connect', print)\n    return sessionmaker",
        ),
        ("SessionLocal, engine =", "other = connect('sqlite:///b.db')\nSessionLocal, engine ="),
        ("SessionLocal, engine =", "engines = [connect]\nSessionLocal, engine ="),
        ("    return sessionmaker", "    engine.connect().close()\n    return sessionmaker"),
    ],
    ids=["decorator", "event", "called twice", "handed on", "connects"],
)
def test_what_does_more_has_one_colour(old: str, new: str) -> None:
    assert old in PAIR
    made = "from functools import lru_cache\n\nfrom sqlalchemy import event\n\n"
    head = _head(made + PAIR.replace(old, new, 1))
    text = flip(READ + SCRIPT, head).after.files["app.py"].text
    assert "def sync_connect" not in text
    compile(text, "app.py", "exec")


REFUSED = ENGINE.replace("URL, echo=echo", "URL, creator=os.open, echo=echo")


def test_an_argument_that_no_async_engine_takes_keeps_all_of_it_sync() -> None:
    found = treatments(READ + SCRIPT, _head(REFUSED))
    assert set(found.values()) <= {"left", "bridged"}
    text = flip(READ + SCRIPT, _head(REFUSED)).after.files["app.py"].text
    assert "async" not in text


ALEMBIC = """
from alembic import context

from db import make


def run_migrations_online():
    connectable = make("sqlite:///items.db")
    with connectable.connect() as connection:
        context.configure(connection=connection)
"""


def test_alembic_and_a_second_module_get_the_sync_form() -> None:
    head = HEAD.replace(MADE, "from db import make\n\n" + MADE.replace("create_engine", "make"))
    files = {
        "app.py": head.replace("import create_engine, ", "import ") + READ,
        "db.py": "from sqlalchemy import create_engine\n\n\n"
        "def make(url):\n    return create_engine(url)\n",
        "audit.py": "from db import make\nfrom sqlalchemy.orm import Session\n\n"
        'engine = make("sqlite:///audit.db")\n\n\n'
        "class Log:\n    def __len__(self):\n        with Session(engine) as db:\n"
        '            return db.scalar("SELECT 1")\n',
        "migrations/env.py": ALEMBIC,
    }
    sources = {path: SourceFile(path, text) for path, text in files.items()}
    after = migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1)).after.files
    assert "def sync_make(url):\n    return create_engine(url)" in after["db.py"].text
    assert "return create_async_engine(async_database_url(url))" in after["db.py"].text
    assert 'engine = sync_make("sqlite:///audit.db")' in after["audit.py"].text
    assert 'connectable = sync_make("sqlite:///items.db")' in after["migrations/env.py"].text
    assert 'engine = make("sqlite:///items.db")' in after["app.py"].text
    for path in ("audit.py", "migrations/env.py"):
        assert "from db import sync_make" in after[path].text
