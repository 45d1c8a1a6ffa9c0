"""The messages of commits: what was done here, not all that a pass can do."""

from __future__ import annotations

from pathlib import Path

import shop

from codemods.config import Options
from codemods.passes import all_passes
from codemods.patches.messages import commit_message
from codemods.patches.story import chapters
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

CALLER = """

def names(db: Session):
    return [item.name for item in db.scalars(select(Item))]


@app.get("/names")
def read_names(db: Session = Depends(get_db)):
    return names(db)
"""


def messages(name: str) -> str:
    """The message of one pass over a small application."""
    text = shop.APPLICATION + CALLER
    files = {"main.py": SourceFile("main.py", text)}
    files["pyproject.toml"] = SourceFile("pyproject.toml", shop.MANIFEST)
    codebase = CodeBase(Path("/nowhere"), files)
    migration = migrate(codebase, all_passes()[:4], Options(jobs=1))
    story = chapters(migration, lambda findings, _: tuple(findings))
    return next(commit_message(one) for one in story if one.rule.name == name)


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
