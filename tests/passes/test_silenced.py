"""What is silenced is not edited: by a comment, by skip-file, by per-file-ignores."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.findings import Treatment
from codemods.passes import Outcome, all_passes
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

DATABASE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

engine = create_engine("sqlite:///items.db")
SessionLocal = sessionmaker(bind=engine)
Base = declarative_base()


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""

MODELS = """\
from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import relationship

from database import Base


class Owner(Base):
    __tablename__ = "owners"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    items = relationship("Item", back_populates="owner")


class Item(Base):
    __tablename__ = "items"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    owner_id = Column(ForeignKey("owners.id"))
    owner = relationship("Owner", back_populates="items")
"""

MAIN = """\
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from database import SessionLocal, get_db
from models import Item, Owner
from other import count, total

app = FastAPI()


@app.get("/owners/{name}")
def owner(name: str, db: Session = Depends(get_db)):
    found = db.query(Owner).filter(Owner.name == name).first()
    return [item.name for item in found.items]


@app.post("/items/{name}")
def create(name: str, db: Session = Depends(get_db)):
    item = Item(name=name)
    db.add(item)
    db.commit()
    return {"id": item.id}


@app.get("/numbers")
def numbers():
    return [count(), total()]


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return [item.name for item in db.query(Item).all()]
"""

OTHER = """\
from sqlalchemy import func, select

from database import SessionLocal
from models import Item


def count():
    db = SessionLocal()
    number = db.scalar(select(func.count()).select_from(Item))
    return number


def total():
    with SessionLocal() as db:
        return db.scalar(select(func.count()).select_from(Item))
"""

FILES = {"database.py": DATABASE, "models.py": MODELS, "main.py": MAIN, "other.py": OTHER}


def lift(files: dict[str, str], options: Options | None = None) -> Migration:
    read = {path: SourceFile(path, text) for path, text in sorted(files.items())}
    return migrate(CodeBase(Path("/nowhere"), read), all_passes(), options or Options(jobs=1))


def silence(path: str, line: str, comment: str) -> dict[str, str]:
    """The application with a comment at the one line that holds ``line``."""
    text = FILES[path]
    (whole,) = [found for found in text.split("\n") if line in found]
    return FILES | {path: text.replace(whole, f"{whole}  # {comment}")}


def outcome(migration: Migration, name: str) -> Outcome:
    """What a pass decided."""
    (found,) = [run.outcome for run in migration.runs if run.rule.name == name]
    return found


def after(migration: Migration) -> dict[str, str]:
    return {path: file.text for path, file in migration.after.files.items()}


def test_without_comments_everything_is_lifted():
    texts = after(lift(FILES))
    assert "async def get_db" in texts["database.py"]
    assert "expire_on_commit=False" in texts["database.py"]
    assert "db.query" not in texts["main.py"]
    assert "selectinload(Owner.items)" in texts["main.py"]
    assert "async def total" in texts["other.py"]


@pytest.mark.parametrize(
    ("path", "line", "comment"),
    [
        ("main.py", "db.query(Owner)", "looplift: ignore[LL201]"),
        ("main.py", "db.query(Owner)", "noqa: LL201"),
        ("main.py", "db.query(Owner)", "looplift: ignore[modern-queries]"),
        ("main.py", "db.query(Owner)", "looplift: ignore"),
        ("other.py", "db = SessionLocal()", "looplift: ignore[LL103]"),
        ("other.py", "number = db.scalar", "looplift: ignore[LL401]"),
        ("database.py", "sessionmaker(bind", "looplift: ignore[LL301]"),
        ("database.py", "db.close()", "looplift: ignore[LL401]"),
    ],
)
def test_a_line_stays(path, line, comment):
    files = silence(path, line, comment)
    (marked,) = [one for one in files[path].split("\n") if comment in one]
    migration = lift(files)
    own = [
        run
        for run in migration.runs
        if run.rule.name in comment
        or any(code.code in comment for code in run.rule.codes)
        or comment == "looplift: ignore"
    ]
    assert own
    for run in own:
        assert marked in run.after[path].text.split("\n")
    for text in after(migration).values():
        compile(text, "x.py", "exec")
    assert after(lift(after(migration))) == after(migration)


def test_only_the_place_stays():
    files = silence("main.py", "db.query(Owner)", "looplift: ignore[LL201]")
    queries = lift(files).runs[1].after["main.py"].text
    assert "db.query(Owner)" in queries
    assert "db.query(Item)" not in queries
    # Another pass may still make of it what it has to be: a sync query in an async function.
    assert "run_sync" in after(lift(files))["main.py"]
    texts = after(lift(silence("main.py", "db.query(Owner)", "looplift: ignore")))
    assert "def owner" in texts["main.py"] and "async def owner" not in texts["main.py"]


def test_a_silenced_call_keeps_its_function_sync():
    migration = lift(silence("other.py", "number = db.scalar", "looplift: ignore[LL401]"))
    texts = after(migration)
    assert "\ndef count():" in texts["other.py"]
    assert "async def total" in texts["other.py"]
    assert "async def create" in texts["main.py"]
    reasons = [
        " ".join(decision.reasons)
        for decision in outcome(migration, "async-session").decisions
        if decision.symbol == "count"
    ]
    assert any("the comment in other.py:9 asks to leave it" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("path", "line", "code"),
    [
        ("main.py", "db.query(Owner)", "LL303"),
        ("database.py", "sessionmaker(bind", "LL301"),
    ],
)
def test_what_would_fail_when_nobody_waits_keeps_everything_sync(path, line, code):
    """The reader of what is loaded lazily can be anywhere: so nothing becomes async."""
    files = silence(path, line, f"looplift: ignore[{code}]")
    migration = lift(files)
    texts = after(migration)
    assert "async def" not in "".join(texts.values())
    assert "db.query" not in texts["main.py"]
    left = outcome(migration, "async-session")
    assert left.findings
    assert all(f"{path}:" in finding.reasons[0] for finding in left.findings)
    # A pass that is run alone later knows it as well; --unsafe-fixes does not mind.
    alone = [rule for rule in all_passes() if rule.name == "async-session"]
    assert not migrate(migration.after, alone, Options(jobs=1)).changed
    assert migrate(migration.after, alone, Options(jobs=1, unsafe_fixes=True)).changed


def test_what_is_read_after_a_commit_keeps_its_session_expiring():
    files = FILES | {"main.py": MAIN.replace('{"id": item.id}', '{"name": item.name}')}
    codes = [f.line for f in lift(files).runs[2].outcome.findings if f.code == "LL302"]
    lines = files["main.py"].split("\n")
    marked = next(index for index, line in enumerate(lines) if "db.commit()" in line)
    lines[marked] += "  # looplift: ignore[LL302]"
    migration = lift(files | {"main.py": "\n".join(lines)})
    assert codes
    assert "expire_on_commit" not in after(migration)["database.py"]
    assert "db.refresh" not in after(migration)["main.py"]
    assert "async def" not in "".join(after(migration).values())


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_skipped_file_stays_as_it_is(path):
    files = FILES | {path: f"# looplift: skip-file\n{FILES[path]}"}
    migration = lift(files)
    assert after(migration)[path] == files[path]
    for text in after(migration).values():
        compile(text, "x.py", "exec")


def test_a_skipped_database_module_keeps_everything_sync():
    files = FILES | {"database.py": f"# looplift: skip-file\n{DATABASE}"}
    migration = lift(files)
    texts = after(migration)
    assert not any("async " in text for text in texts.values())
    assert "db.query" not in texts["main.py"]
    left = outcome(migration, "async-session")
    assert not left.edits
    assert all(finding.treatment is Treatment.LEFT for finding in left.findings)


def test_a_pass_is_ignored_in_some_files():
    options = Options(jobs=1, per_file_ignores=(("main.py", ("LL2",)),))
    migration = lift(FILES, options)
    assert migration.runs[1].after["main.py"].text.count("db.query") == 2
    texts = after(migration)
    assert "session.query(Owner)" in texts["main.py"]
    options = Options(jobs=1, per_file_ignores=(("other.py", ("async-session",)),))
    texts = after(lift(FILES, options))
    assert "async " not in texts["other.py"]
    assert "with SessionLocal" in texts["other.py"]  # session-dependency is not ignored
