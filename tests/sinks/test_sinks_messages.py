"""The messages of commits: what was done here, not all that a pass can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import shop

from codemods.config import Options
from codemods.passes import all_passes
from codemods.patches.messages import body, commit_message
from codemods.patches.story import Chapter, chapters
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

CALLER = """

def names(db: Session):
    return [item.name for item in db.scalars(select(Item))]


@app.get("/names")
def read_names(db: Session = Depends(get_db)):
    return names(db)
"""


def messages(name: str, more: Mapping[str, str] = MappingProxyType({}), end: str = "") -> str:
    """The message of one pass over a small application, with more files and functions."""
    return next(commit_message(one) for one in story(more, end) if one.rule.name == name)


def story(more: Mapping[str, str] = MappingProxyType({}), end: str = "") -> Sequence[Chapter]:
    """The passes over that application."""
    files = {path: SourceFile(path, text) for path, text in more.items()}
    files["main.py"] = SourceFile("main.py", shop.APPLICATION + CALLER + f"\n\n{end}")
    files["pyproject.toml"] = SourceFile("pyproject.toml", shop.MANIFEST)
    codebase = CodeBase(Path("/nowhere"), files)
    migration = migrate(codebase, all_passes()[:5], Options(jobs=1))
    return chapters(migration, lambda findings, _: tuple(findings))


def test_only_what_was_done_is_told() -> None:
    """Nothing is loaded lazily here: relationships are not spoken of as done."""
    first = messages("eager-loading").split("\n\n")[1].replace("\n", " ")
    assert first == "Sessions get `expire_on_commit=False`: a commit expires nothing any more."


def test_the_chain_of_causes_and_the_level() -> None:
    text = messages("async-session")
    assert "Changes 2 files (safe):\n- LL401 " in text
    assert (
        "\n\nBecause of others:\n- read_names becomes async def: awaits names, called in main.py:"
    ) in text


def test_every_line_fits() -> None:
    """Also those of a paragraph that begins with code."""
    for rule in ("modern-queries", "eager-loading", "async-session"):
        assert max(map(len, messages(rule).splitlines())) <= 72


def test_the_subject_is_about_what_was_done() -> None:
    """No relationship is loaded here, and a test's engine is no session of a dependency."""
    text = messages("eager-loading")
    assert text.startswith("Expire nothing on commit\n\n")
    assert "one query for each object" not in text
    assert "An object that has expired is read again" in text


ENGINE = """
import pytest
from sqlalchemy import create_engine, text


@pytest.fixture
def rows():
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection.execute(text("select 1")).all()


def test_rows(rows):
    assert rows
"""


def test_the_engines_of_tests_are_no_sessions() -> None:
    text = messages("session-dependency", {"test_engine.py": ENGINE})
    assert text.startswith("Dispose of the engines that tests make\n\nTests and fixtures dispose")
    assert "outlive its event loop" in text.replace("\n", " ")
    assert "Under load the pool" not in text


def test_a_part_keeps_its_last_folders() -> None:
    """Folders are named whole, and those that tell parts apart are the last ones."""
    paths = {
        "src/app/identity/use_cases": "src/app/identity/use_cases: make",
        "src/application/identity/use_cases": ".../identity/use_cases: make",
        f"src/{'a' * 40}/b": ".../b: make",
        "@first-team, @second-team, @third-team": "@first-team, @second-team,...: make",
    }
    chapter = next(one for one in story() if one.rule.name == "async-session")
    for part, start in paths.items():
        first = commit_message(replace(chapter, part=part)).splitlines()[0]
        assert first.startswith(start)
        assert len(first) <= 72


def test_several_things_done_have_the_subject_of_the_pass() -> None:
    leak = "def leak():\n    db = SessionLocal()\n    return len(db.scalars(select(Item)).all())\n"
    text = messages("session-dependency", {"test_engine.py": ENGINE}, leak)
    assert text.startswith("Close the sessions that dependencies and functions open\n\n")
    assert "Under load the pool runs" in text.replace("\n", " ")
    assert "outlive its event loop" in text.replace("\n", " ")


def test_the_request_says_what_and_why() -> None:
    """For each pass that changed something, why that was needed here; and the causes in sum."""
    text = body([one for one in story() if one.patch])
    assert (
        "- **eager-loading**: Relationships are loaded by the query, and nothing depends on "
        in text
    )
    assert "expiry. An object that has expired is read again as soon as" in text
    assert (
        "**async-session**: Sync sessions become async sessions, with everything that waits" in text
    )
    assert "one query for each object of a list" not in text
    assert "Because of what they call, 1 function changed: the commit messages say by which" in text


HASHES = """
import hashlib


@app.post("/digest")
async def digest(word: str):
    return hashlib.pbkdf2_hmac("sha256", word.encode(), b"salt", 500_000).hex()
"""


def test_what_was_bridged_was_done_as_well() -> None:
    """A thread for a hash: sleeping, HTTP clients and files are not spoken of."""
    text = messages("blocking-calls", end=HASHES)
    assert text.split("\n\n")[1] == "Hashes, images and tables are computed in a thread."
