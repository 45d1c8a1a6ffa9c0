"""Lists of services and repositories, which keep the session that a dependency gave them."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import HEAD, application, compared, messages, migrated

SERVICE = """
class Service:
    def __init__(self, db: AsyncSession, limit: int = 5):
        self.db = db
        self.limit = limit

    async def listed(self) -> Sequence[Item]:
        return (await self.db.scalars(select(Item).order_by(Item.id))).all()


class Repository:
    def __init__(self, session: AsyncSession = Depends(get_db)):
        self.session = session

    async def listed(self):
        return (await self.session.scalars(select(Item).order_by(Item.id))).all()


def get_service(db: Db):
    return Service(db, limit=7)


"""
#: A path operation that is streamed.
STREAMED = {
    "made_by_a_dependency": """
        @app.get("/made_by_a_dependency", response_model=list[ItemOut])
        async def made_by_a_dependency(service: Service = Depends(get_service)):
            return await service.listed()
    """,
    "made_by_itself": """
        @app.get("/made_by_itself", response_model=list[ItemOut])
        async def made_by_itself(db: Db):
            return await Service(db).listed()
    """,
    "a_class": """
        @app.get("/a_class", response_model=list[ItemOut])
        async def a_class(repository: Repository = Depends(Repository)):
            return await repository.listed()
    """,
    "a_class_by_its_annotation": """
        @app.get("/a_class_by_its_annotation", response_model=list[ItemOut])
        async def a_class_by_its_annotation(repository: Annotated[Repository, Depends()]):
            return await repository.listed()
    """,
}
READ = """
@app.get("/items", response_model=list[ItemOut])
async def items(service: Service = Depends(get_service)):
    return await service.listed()
"""
#: What else the application does -> why the list stays.
LEFT = {
    "another session is put there": (
        READ + "\n\ndef change(service: Service, db: AsyncSession):\n    service.db = db\n",
        "session as a parameter",
    ),
    "a subclass puts another one there": (
        "class Other(Service):\n    def use(self, db):\n        self.db = db\n\n" + READ,
        "session as a parameter",
    ),
    "one object for all": (
        "from functools import lru_cache\n\n\n@lru_cache\ndef get_one(db: Db):\n"
        "    return Service(db)\n" + READ.replace("get_service", "get_one"),
        "session as a parameter",
    ),
    "somebody counts": (
        READ + '\n\n@app.get("/count")\nasync def count(service: Service = Depends(get_service)):\n'
        "    return len(await service.listed())\n",
        "is also used at",
    ),
}
TESTS = {
    "an override": (
        "from app import app, get_service\n\n\ndef test_it():\n"
        "    app.dependency_overrides[get_service] = lambda: None\n",
        "tests override get_service",
    ),
    "a mock": (
        "from unittest.mock import patch\n\nfrom app import Service\n\n\n"
        '@patch("app.Service.listed", return_value=[])\ndef test_it(listed):\n    pass\n',
        "tests put something else",
    ),
}


def test_the_answers_are_the_same(tmp_path: Path) -> None:
    snippet = SERVICE + application(STREAMED)
    migration = compared(snippet, [f"/{name}" for name in STREAMED], tmp_path)
    assert messages(migration) == dict.fromkeys(STREAMED, "")
    text = migration.after["app.py"].text
    assert "async def listed(self) -> AsyncScalarResult[Item]:" in text


@pytest.mark.parametrize("name", LEFT)
def test_a_list_stays(name: str) -> None:
    snippet, part = LEFT[name]
    assert part in messages(migrated(SERVICE + snippet))["items"]


@pytest.mark.parametrize("name", TESTS)
def test_what_tests_replace_stays_a_list(name: str) -> None:
    text, part = TESTS[name]
    found = messages(migrated(SERVICE + READ, HEAD, {"tests/test_app.py": text}))
    assert part in found["items"]


def test_an_early_end_of_the_request_keeps_the_list() -> None:
    found = messages(migrated(SERVICE + READ, HEAD, {"requirements.txt": "fastapi==0.115.6\n"}))
    assert "an object keeps its session" in found["items"]
