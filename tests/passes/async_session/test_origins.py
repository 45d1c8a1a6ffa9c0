"""An async function needs an async session: one colour for each factory that has no name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from passes.async_session.decided import HEAD, after, flip, treatments
from passes.async_session.suites import flipped

#: A factory that comes out of a tuple, and can be kept in both colours.
MADE_PAIR = HEAD.replace(
    """\
engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
""",
    """\
def connect(url):
    engine = create_engine(url)
    return sessionmaker(bind=engine, expire_on_commit=False), engine


SessionLocal, engine = connect("sqlite:///items.db")
""",
)
#: One that can't: more happens to the engine where it is made.
PAIR = MADE_PAIR.replace("(url)\n    return", "(url)\n    print(engine)\n    return")

#: A session that a lambda uses, and everything that shares it.
LAMBDA = """
@app.get("/")
def read(db: Session = Depends(get_db)):
    return sorted([2, 1], key=lambda number: db.get(Item, number).name)
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


def test_nothing_is_async_where_no_session_is() -> None:
    helper = """
async def helper(db: Session):
    return db.get(Item, 1)


@app.get("/helped")
async def helped(request: Request):
    return await helper(request.state.db)
"""
    assert set(treatments(LAMBDA + helper, PAIR).values()) <= {"left", "bridged"}
    assert flip(LAMBDA + helper, PAIR).after.files["app.py"].text.count("create_async_engine") == 0


def test_a_factory_out_of_a_tuple_becomes_async_with_all_that_use_it() -> None:
    text = flip(READ, PAIR).after.files["app.py"].text
    assert "create_async_engine" in text
    assert "async def items" in after(READ, PAIR)


def test_a_script_is_no_island_where_no_sync_factory_can_be_kept() -> None:
    text = after(READ + SCRIPT, PAIR)
    assert "async def clean()" in text
    assert "asyncio.run(clean())" in text


def test_a_script_keeps_the_sync_factory_of_a_name() -> None:
    text = after(READ + SCRIPT)
    assert "\ndef clean()" in text
    assert "SyncSessionLocal() as db" in text or "sync_session_local() as db" in text.lower()


def test_one_factory_has_one_colour() -> None:
    stuck = """
def listing():
    with SessionLocal() as db:
        return sorted([2, 1], key=lambda number: db.get(Item, number).name)


@app.get("/listing")
def listed():
    return listing()
"""
    text = flip(READ + stuck, PAIR).after.files["app.py"].text
    assert "async" not in text


def test_an_engine_that_is_passed_on_is_one_of_a_name() -> None:
    script = """
def wait(engine):
    with Session(engine) as db:
        db.execute(select(Item))


if __name__ == "__main__":
    wait(engine)
"""
    for head in (HEAD, MADE_PAIR):
        text = after(READ + script, head)
        assert "\ndef wait(engine)" in text
        assert text.endswith("    wait(sync_engine)\n")
    assert "async def wait(engine)" in after(READ + script, PAIR)


SEED = """\
from app import Item, SessionLocal, engine
from sqlalchemy import select

db = SessionLocal()
db.add(Item(name="a"))
db.commit()
with engine.connect() as connection:
    connection.execute(select(Item))
if __name__ == "__main__":
    with SessionLocal() as other:
        print(len(other.scalars(select(Item)).all()))
    db.close()
"""


def test_what_a_script_does_outside_of_functions_stays_sync(tmp_path: Path) -> None:
    application = HEAD + "\nBase.metadata.create_all(engine)\n"
    files = flipped({"app.py": application.rstrip("\n") + "\n" + READ, "seed.py": SEED})
    assert "async def items" in files["app.py"]
    assert "SyncSessionLocal() as other" in files["seed.py"]
    create = "from app import Base, sync_engine\n\nBase.metadata.create_all(sync_engine)\n"
    for path, text in {**files, "create.py": create}.items():
        (tmp_path / path).write_text(text)
    for script in ("create.py", "seed.py"):
        subprocess.run([sys.executable, script], cwd=tmp_path, check=True, timeout=60)


def test_what_shares_a_session_with_a_script_stays_sync() -> None:
    shared = """
db = SessionLocal()
db.execute(select(Item))


@app.get("/shared")
def shared():
    return db.get(Item, 1).name
"""
    assert treatments(READ + shared)["shared"] == "left"
    assert "\ndb = SyncSessionLocal()" in after(READ + shared)


WRITER = """
class Writer:
    def __init__(self, factory):
        self.factory = factory

    def __len__(self):
        with self.factory() as db:
            return len(db.scalars(select(Item)).all())
"""


def test_a_factory_is_sync_where_only_sync_methods_open_it() -> None:
    kept = """
app.state.writer = Writer(SessionLocal)
"""
    made = """
@app.get("/made")
def made(db: Session = Depends(get_db)):
    return [len(Writer(factory=SessionLocal)), db.get(Item, 1)]
"""
    text = after(READ + WRITER + kept + made)
    assert "app.state.writer = Writer(SyncSessionLocal)" in text
    assert "len(Writer(factory=SyncSessionLocal))" in text
    assert "async def items" in text


def test_a_session_is_followed_through_an_unpacking() -> None:
    pager = """
class Pager:
    def __init__(self, limit: int = 10, db: Session = Depends(get_db)):
        self.limit, self.db = limit, db

    def page(self):
        return self.db.scalars(select(Item).limit(self.limit)).all()


class Names:
    def __init__(self, db: Session):
        self.db = db

    def __str__(self):
        return self.db.get(Item, 1).name


@app.get("/page")
def page(pager: Pager = Depends()):
    return pager.page()


@app.get("/first")
def first(db: Session = Depends(get_db)):
    return str(Names(db))


@app.get("/own")
def own():
    with SessionLocal() as db:
        return db.get(Item, 1).name
"""
    found = treatments(pager)
    assert (found["own"], found["get_db"], found["Pager.page"]) == ("native", "native", "native")
    assert found["first"] == "left"
    assert "def first(db: Session = Depends(sync_get_db)):" in after(pager)


def test_a_background_task_shares_the_session_that_it_is_given() -> None:
    tasks = """
from fastapi import BackgroundTasks


def later(db: Session, name: str):
    db.get(Item, 1).name = name
    db.commit()


class Names:
    def __init__(self, db: Session):
        self.db = db

    def __str__(self):
        return self.db.get(Item, 1).name


@app.post("/later")
def start(tasks: BackgroundTasks, db: Session = Depends(get_db)):
    tasks.add_task(later, db, name="done")
    return str(Names(db))


@app.get("/own")
def own():
    with SessionLocal() as db:
        return db.get(Item, 1).name
"""
    found = treatments(tasks)
    assert (found["own"], found["later"]) == ("native", "left")


#: An engine that a function makes and gives to whoever asks.
MADE = HEAD.replace(
    'engine = create_engine("sqlite:///items.db")\n',
    """\
def connect(url):
    engine = create_engine(url)
    print(engine)
    return engine


engine = connect("sqlite:///items.db")
""",
)
OTHER = """
OtherSession = sessionmaker(bind=engine)


class Audit:
    def __len__(self):
        with OtherSession() as db:
            return len(db.scalars(select(Item)).all())
"""


def test_an_engine_stays_sync_where_nothing_waits() -> None:
    waiting = """
async def helper():
    return 1


@app.get("/helped")
async def helped():
    return await helper()
"""
    for head in (HEAD, MADE):
        assert "create_async_engine" not in _text(LAMBDA + waiting, head)


def test_an_engine_that_a_function_makes_has_one_colour() -> None:
    assert "create_async_engine" in _text(READ, MADE)
    assert "create_async_engine" in _text(READ + OTHER, HEAD)
    assert "create_async_engine" not in _text(READ + OTHER, MADE)


def _text(snippet: str, head: str) -> str:
    return flip(snippet, head).after.files["app.py"].text


def test_a_function_that_nothing_calls_yet_belongs_to_the_application() -> None:
    unused = """
@app.get("/items")
def items(db: Session = Depends(get_db)):
    return db.scalars(select(Item)).all()


def item_named(db: Session, name: str):
    return db.scalar(select(Item).where(Item.name == name))
"""
    text = after(unused)
    assert "async def item_named(db: AsyncSession, name: str)" in text
    assert "return await db.scalar(" in text


LENT = """
from sqlalchemy import event


@event.listens_for(Session, "after_flush")
def touch(session: Session, context):
    own = Session(bind=BOUND)
    own.execute(select(Item))
    own.close()


class Exporter:
    def __init__(self, url: str):
        self.factories = [sessionmaker(bind=create_engine(url))]

    def count(self):
        with self.factories[0]() as db:
            return len(db.scalars(select(Item)).all())


@app.get("/count")
def count():
    return Exporter("sqlite:///items.db").count()
"""


def test_a_session_on_a_connection_that_is_lent_has_no_part_in_factories() -> None:
    found = treatments(LENT.replace("BOUND", "session.connection()"))
    assert found["Exporter.count"] == found["count"] == "native"
    assert found["touch"] == "left"
    unknown = treatments(LENT.replace("BOUND", "session.info['bind']"))
    assert unknown["Exporter.count"] != "native"
