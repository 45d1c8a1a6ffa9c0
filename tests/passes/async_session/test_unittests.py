"""Suites of unittest, and pytest's hooks by name: they run, and what they check is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.suites import flipped, passing

APPLICATION = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite:///./shop.db")
SessionLocal = sessionmaker(bind=engine, expire_on_commit=False)
app = FastAPI()


class Tables(DeclarativeBase):
    pass


class Item(Tables):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]


def get_db():
    with SessionLocal() as db:
        yield db


def create(db: Session, price: int) -> Item:
    item = Item(price=price)
    db.add(item)
    db.commit()
    return item


@app.get("/total")
def total(db: Session = Depends(get_db)):
    return sum(item.price for item in db.scalars(select(Item)))
"""

HEAD = """\
import unittest

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from shop import Tables, create, total

"""

SUITES = {
    "a case with setUp and tearDown": """
class Case(unittest.TestCase):
    def setUp(self):
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        Tables.metadata.create_all(self.engine)
        self.db = sessionmaker(bind=self.engine)()

    def tearDown(self):
        self.db.close()
        self.engine.dispose()

    def test_total(self):
        create(self.db, 4)
        self.assertEqual(total(self.db), 4)

    def test_each_has_its_own(self):
        self.assertEqual(total(self.db), 0)
""",
    "cleanups and a base of the suite's own": """
class Base(unittest.TestCase):
    def setUp(self):
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        self.addCleanup(self.engine.dispose)
        Tables.metadata.create_all(self.engine)


class CaseTest(Base):
    def setUp(self):
        super().setUp()
        self.db = sessionmaker(bind=self.engine)()
        self.addCleanup(self.leave)

    def leave(self):
        self.db.close()

    def test_total(self):
        create(self.db, 4)
        self.assertEqual(total(self.db), 4)

    def test_each_has_its_own(self):
        self.assertEqual(total(self.db), 0)
""",
    "hooks of a class, beside pytest's": """
class CaseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = create_engine("sqlite://", poolclass=StaticPool)
        Tables.metadata.create_all(cls.engine)

    @classmethod
    def tearDownClass(cls):
        cls.engine.dispose()

    def setUp(self):
        self.db = sessionmaker(bind=self.engine)()
        self.addCleanup(self.db.close)

    def test_total(self):
        create(self.db, 4)
        self.assertEqual(total(self.db), 4)


class TestPlain:
    def setup_method(self, method):
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        Tables.metadata.create_all(self.engine)
        self.db = sessionmaker(bind=self.engine)()
        create(self.db, 4)

    def teardown_method(self):
        self.db.close()

    def test_total(self):
        assert total(self.db) == 4
""",
    "hooks of a module": """
engine = create_engine("sqlite://", poolclass=StaticPool)


def setup_module():
    Tables.metadata.create_all(engine)
    with Session(engine) as db:
        create(db, 3)


def teardown_module():
    Tables.metadata.drop_all(engine)


def test_total():
    with Session(engine) as db:
        assert total(db) == 3


def test_more():
    with Session(engine) as db:
        create(db, 4)
        assert total(db) == 7
""",
}


FILES = {
    "shop.py": APPLICATION,
    **{f"tests/test_{n}.py": HEAD + suite for n, suite in enumerate(SUITES.values())},
}


def test_the_suites_pass_before_and_after(tmp_path: Path) -> None:
    before = passing(FILES, tmp_path / "before")
    after = flipped(FILES)
    assert before == 2 * len(SUITES)
    assert passing(after, tmp_path / "after") == before
    assert flipped(after) == after


def test_they_can_still_fail(tmp_path: Path) -> None:
    files = flipped(FILES)
    wrong = files["shop.py"].replace("return sum(", "return 1 + sum(")
    assert wrong != files["shop.py"]
    with pytest.raises(AssertionError, match="8 failed"):
        passing({**files, "shop.py": wrong}, tmp_path)


def test_a_hook_that_asks_its_base_class_stays() -> None:
    suite = """
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = create_engine("sqlite://", poolclass=StaticPool)
        Tables.metadata.create_all(cls.engine)

    def test_total(self):
        with Session(self.engine) as db:
            self.assertEqual(total(db), 0)
"""
    after = flipped({"shop.py": APPLICATION, "tests/test_shop.py": HEAD + suite})
    assert "asyncio.run" not in after["tests/test_shop.py"]
