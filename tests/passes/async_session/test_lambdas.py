"""Lambdas and functions that are handed to a function of the application, which calls them."""

from __future__ import annotations

import pytest
from passes.async_session.decided import OTHER, after, treatments

SAFELY = """
def first(db: Session):
    return db.get(Item, 1)


def second(db: Session):
    return db.get(Item, 2)


def safely(action):
    try:
        return action()
    except LookupError:
        print(action.__name__)


@app.get("/")
def read(db: Session = Depends(get_db)):
    return [safely(lambda: first(db)), safely(action=lambda: second(db))]
"""


def test_what_calls_the_lambda_awaits_it() -> None:
    """The lambda gives what has to be awaited."""
    text = after(SAFELY)
    assert "async def safely(action):" in text
    assert "return await action()" in text
    assert "await safely(lambda: first(db))" in text
    assert "await safely(action=lambda: second(db))" in text
    assert set(treatments(SAFELY).values()) == {"native"}


def test_the_annotation_says_what_is_awaited() -> None:
    """As it does for functions that are handed on by name."""
    text = after(
        "from collections.abc import Callable\n"
        + SAFELY.replace("def safely(action)", "def safely(action: Callable[[], Item])")
    )
    assert "async def safely(action: Callable[[], Awaitable[Item]]):" in text


def test_a_function_that_does_not_wait_becomes_async_with_the_others() -> None:
    """It is called in the same place, which awaits it."""
    snippet = SAFELY.replace("return db.get(Item, 2)", "return repr(db)")
    text = after(snippet)
    assert "async def second(db: AsyncSession):\n    return repr(db)" in text
    assert "return await action()" in text


LEFT = {
    "something else is called there": ("action=lambda: second(db)", "action=lambda: print(db)"),
    "it is called by a helper inside": (
        "return action()",
        "def run():\n            return action()\n        return run()",
    ),
    "it is kept": ("return action()", "ACTIONS.append(action)\n        return action()"),
    "it has a default": ("def safely(action):", "def safely(action=print):"),
    "it is handed on to a stranger": ("return action()", "return stranger(action)"),
    "the lambda does more": ("lambda: first(db)", "lambda: first(db).name"),
    "the lambda goes to a stranger": ("safely(lambda: first(db))", "stranger(lambda: first(db))"),
}


@pytest.mark.parametrize("way", LEFT)
def test_what_can_not_be_followed_stays_sync(way: str) -> None:
    """A coroutine that nobody awaits would be lost."""
    old, new = LEFT[way]
    assert old in SAFELY
    head = "from outside import stranger\n\nACTIONS = []\n"
    found = treatments(head + SAFELY.replace(old, new) + OTHER)
    assert found["first"] == "left"
    assert found["read"] == "left"


def test_functions_that_are_handed_on_by_name_are_all_awaited() -> None:
    """One that does not wait becomes async with the one that does: both are awaited."""
    text = after(
        """
        def first(db: Session):
            return db.get(Item, 1)


        def second(db: Session):
            return repr(db)


        def run(action, db: Session):
            return action(db)


        @app.get("/")
        def read(db: Session = Depends(get_db)):
            return [run(first, db), run(second, db)]
        """
    )
    assert "async def second(db: AsyncSession):" in text
    assert "return await action(db)" in text
