"""What stays sync and only blocks becomes ``def``: FastAPI gives it a thread."""

from __future__ import annotations

import pytest
from passes.async_session.decided import HEAD, after

#: A class that has to stay sync, and with it everything that shares its session.
STUCK = """
        class Context:
            def __init__(self, db: Session = Depends(get_db)):
                self.item = db.get(Item, 1)
                self.db = db

            @property
            def name(self):
                return self.db.get(Item, 2).name
"""
CHANGES = {
    "a path operation": """
        @app.get("/")
        async def read(db: Session = Depends(get_db)):
            return [get(Item, 1).name for get in [db.get]]
        """,
    "a dependency": """
        async def read(db: Session = Depends(get_db)):
            return [get(Item, 1).name for get in [db.get]]

        @app.get("/")
        def show(name: str = Depends(read)):
            return name
        """,
    "one that is registered by a call": """
        async def read(db: Session = Depends(get_db)):
            return [get(Item, 1).name for get in [db.get]]

        app.get("/")(read)
        """,
}
STAY = {
    "it awaits": """
        @app.post("/")
        async def read(request: Request, db: Session = Depends(get_db)):
            body = await request.json()
            return [get(Item, body).name for get in [db.get]]
        """,
    "it touches the loop": """
        import asyncio

        @app.get("/")
        async def read(db: Session = Depends(get_db)):
            asyncio.get_running_loop()
            return [get(Item, 1).name for get in [db.get]]
        """,
    "it is called by hand": """
        @app.get("/")
        async def read(db: Session = Depends(get_db)):
            return [get(Item, 1).name for get in [db.get]]

        async def task(db):
            await read(db)
        """,
    "it is wrapped": """
        from somewhere import cached

        @app.get("/")
        @cached
        async def read(db: Session = Depends(get_db)):
            return [get(Item, 1).name for get in [db.get]]
        """,
    "it is a websocket": """
        @app.websocket("/")
        async def read(socket, db: Session = Depends(get_db)):
            list(map(db.get, [Item], [1]))
        """,
}


@pytest.mark.parametrize("snippet", CHANGES.values(), ids=CHANGES)
def test_gets_a_thread(snippet: str) -> None:
    text = after(STUCK + snippet)
    assert "async" not in text
    assert "\ndef read(" in text


def test_what_waits_in_a_constructor_and_a_property_is_awaited() -> None:
    text = after(
        STUCK
        + """
        def context(db: Session = Depends(get_db)):
            return Context(db)

        @app.get("/")
        async def read(given: Context = Depends(context)):
            return given.name
        """
    )
    assert "    return await Context.create(db)" in text and "return await given.name" in text


@pytest.mark.parametrize("snippet", STAY.values(), ids=STAY)
def test_stays(snippet: str) -> None:
    assert "async def read(" in after(STUCK + snippet)


def test_a_database_in_memory_may_belong_to_a_thread() -> None:
    head = HEAD.replace("sqlite:///items.db", "sqlite://")
    snippet = STUCK + CHANGES["a path operation"]
    assert "async def read(" in after(snippet, head)
