"""Classes that ``with`` enters: a unit of work is entered by ``async with``, or stays as it is."""

from __future__ import annotations

import pytest
from passes.async_session.decided import flip, treatments

UNIT = """
import contextlib


class Unit(BASE):
    def __enter__(self):
        self.db = SessionLocal()
        return self

    def __exit__(self, *error):
        self.db.close()

    def name(self):
        return self.db.get(Item, 1).name


@app.get("/")
def read():
    with Unit() as unit:
        return unit.name()


"""


def unit(base: str = "object") -> str:
    return UNIT.replace("BASE", base)


def test_both_methods_and_each_use_become_async() -> None:
    text = flip(unit()).after["app.py"].text
    assert "    async def __aenter__(self):\n        self.db = SessionLocal()\n" in text
    assert "    async def __aexit__(self, *error):\n        await self.db.close()\n" in text
    assert "    async with Unit() as unit:\n        return await unit.name()\n" in text
    assert "__enter__" not in text
    assert "__exit__" not in text


def test_a_class_below_and_a_class_above_follow() -> None:
    below = """
class Lower(Unit):
    def __exit__(self, *error):
        self.db.rollback()
        super().__exit__(*error)


def run(unit: Unit):
    with unit, open("app.py") as file:
        return unit.name() + file.read()


@app.get("/lower")
def lower():
    return run(Lower())
"""
    text = flip(unit() + below).after["app.py"].text
    assert "        await super().__aexit__(*error)\n" in text
    assert '    async with unit:\n        with await run_in_threadpool(open, "app.py") as' in text
    assert "    return await run(Lower())\n" in text


def test_each_use_is_a_reason() -> None:
    only = """
@app.get("/only")
def only():
    with Unit():
        return 1
"""
    (run,) = flip(unit() + only).runs
    (reasons,) = (d.reasons for d in run.outcome.decisions if d.symbol == "only")
    assert "enters Unit() in app.py:" in reasons[0]


STAYS = {
    "an exit stack": """
def stacked():
    with contextlib.ExitStack() as stack:
        return stack.enter_context(Unit()).name()
""",
    "called by hand": """
def by_hand():
    unit = Unit()
    unit.__enter__()
    unit.__exit__(None, None, None)
""",
    "something unknown is entered": """
def unknown(thing):
    with thing:
        pass
""",
    "entered, or something else": """
def maybe(flag: bool):
    with Unit() if flag else open("app.py") as thing:
        return thing
""",
    "entered at import": """
with Unit() as first:
    pass
""",
    "an async form beside it": """
class Both(Unit):
    async def __aenter__(self):
        return self
""",
    "half of it elsewhere": """
class Half(contextlib.AbstractContextManager):
    def __exit__(self, *error):
        with SessionLocal() as db:
            db.commit()


@app.get("/half")
def half():
    with Half():
        pass
""",
}


@pytest.mark.parametrize("name", STAYS)
def test_what_can_be_entered_elsewhere_stays_sync(name: str) -> None:
    migration = flip(unit() + STAYS[name])
    text = migration.after["app.py"].text
    changed = "Half" if "Half" in STAYS[name] else "Unit"
    found = treatments(unit() + STAYS[name])
    assert found[f"{changed}.__exit__"] != "native"
    assert f"async with {changed}" not in text


@pytest.mark.parametrize(
    "base", ["contextlib.ContextDecorator", "contextlib.AbstractContextManager"]
)
def test_a_base_that_calls_the_methods_keeps_them(base: str) -> None:
    assert treatments(unit(base))["Unit.__exit__"] != "native"


def test_what_a_library_makes_is_something_else() -> None:
    raises = """
import copy
import pytest


def refused(error):
    with pytest.raises(error):
        raise error
"""
    assert treatments(unit() + raises)["Unit.__exit__"] == "native"
    copied = raises.replace("pytest.raises", "copy.copy")
    assert treatments(unit() + copied)["Unit.__exit__"] != "native"


def test_a_manager_that_does_not_wait_stays_as_it_is() -> None:
    timer = """
class Timer:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        print("done")


@app.get("/items")
def items(db: Session = Depends(get_db)):
    with Timer():
        return db.get(Item, 1)
"""
    text = flip(timer).after["app.py"].text
    assert "    with Timer():\n        return await db.get(Item, 1)\n" in text


def test_a_command_enters_it_on_a_loop_of_its_own() -> None:
    command = """
import typer

cli = typer.Typer()


@cli.command()
def show():
    with Unit() as unit:
        print(unit.name())
"""
    text = flip(unit() + command).after["app.py"].text
    assert "async with Unit() as unit:\n" in text
    assert "print(await unit.name())" in text
    assert "asyncio.run(" in text
