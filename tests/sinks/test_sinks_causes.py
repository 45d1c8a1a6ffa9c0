"""What each hunk of a migration follows from, also where the reason lies in another file."""

from __future__ import annotations

from pathlib import Path

import pytest

from codemods.config import Options
from codemods.edits.actions import Import, Origin
from codemods.findings import Finding
from codemods.passes import all_passes
from codemods.patches import make_patch
from codemods.patches.hunks import Hunk, Reasons
from codemods.patches.story import chapters
from codemods.pipeline import migrate
from codemods.plan.draft import Draft
from codemods.selection import resolve
from codemods.sinks import report
from codemods.source import CodeBase, load

_FAR = "\n\n".join(f"def plain_{n}():\n    return {n}\n" for n in range(6))

FILES = {
    "requirements.txt": "fastapi\nsqlalchemy==2.0.38\n",
    "db.py": (
        "from sqlalchemy import create_engine\n"
        "from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker\n"
        '\n\nengine = create_engine("sqlite:///./app.db")\nSessionLocal = sessionmaker(engine)\n'
        "\n\nclass Base(DeclarativeBase):\n    pass\n"
        '\n\nclass User(Base):\n    __tablename__ = "users"\n'
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "\n\ndef get_db():\n    with SessionLocal() as db:\n        yield db\n"
    ),
    "main.py": (
        "from fastapi import Depends, FastAPI\nfrom sqlalchemy.orm import Session\n\n"
        "from db import User, get_db\n\napp = FastAPI()\n\n\n"
        f"{_FAR}\n\n"
        '@app.get("/users")\ndef users(db: Session = Depends(get_db)):\n'
        "    return [user.id for user in db.query(User).all()]\n"
        f"\n\n{_FAR.replace('plain', 'simple')}\n\n"
        '@app.get("/count")\ndef count(db: Session = Depends(get_db)):\n'
        "    return db.query(User).count()\n"
        '\n\n@app.on_event("startup")\ndef say():\n    print("up")\n\n\n\n\n\nVERSION = 1\n'
    ),
    "test_main.py": (
        "from unittest.mock import MagicMock\n\nfrom main import users\n\n\n"
        "def session():\n    made = MagicMock()\n    made.scalars.return_value = []\n"
        f"    return made\n\n\n{_FAR}\n\n"
        "def test_users():\n    db = MagicMock()\n    assert users(db) is not None\n"
    ),
}


@pytest.fixture(scope="module")
def hunks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Hunk]]:
    folder = tmp_path_factory.mktemp("application")
    for path, text in FILES.items():
        (folder / path).write_text(text)
    options = Options(jobs=1)
    migration = migrate(load(folder), resolve(options, all_passes()).passes, options)
    reasons = Reasons(migration, chapters(migration, lambda found, _: tuple(found)))
    patch = make_patch(migration.before, migration.after)
    return {file.path: list(reasons.hunks(file)) for file in patch.files}


def _places(hunk: Hunk) -> set[tuple[str, str]]:
    return {(one.path, one.symbol) for one in hunk.follows}


def test_an_import_follows_from_what_uses_its_name(hunks: dict[str, list[Hunk]]) -> None:
    first = hunks["main.py"][0]
    assert not first.findings
    assert not first.decisions
    assert {"users", "count"} <= {symbol for _, symbol in _places(first)}
    codes = {one.code for one in first.follows if isinstance(one, Finding)}
    assert "LL201" in codes


def test_a_manifest_follows_from_the_engine(hunks: dict[str, list[Hunk]]) -> None:
    (hunk,) = hunks["requirements.txt"]
    assert [(type(one), one.path) for one in hunk.follows] == [(Origin, "db.py")]
    (origin,) = hunk.follows
    assert isinstance(origin, Origin)
    assert origin.why == "the engine becomes async"
    new = hunks["db.py"][0].new
    assert origin.line in range(new[0], new[0] + new[1])


def test_no_hunk_claims_what_is_about_another_function(hunks: dict[str, list[Hunk]]) -> None:
    for hunk in hunks["main.py"][1:-1]:
        (own,) = {one.symbol for one in (*hunk.findings, *hunk.decisions) if one.symbol}
        assert {symbol for path, symbol in _places(hunk) if path == "main.py"} <= {own}


def test_every_hunk_has_a_reason(hunks: dict[str, list[Hunk]]) -> None:
    assert sum(map(len, hunks.values())) > 5
    for found in hunks.values():
        for hunk in found:
            assert hunk.findings or hunk.decisions or hunk.follows


def test_the_report_keeps_its_form(hunks: dict[str, list[Hunk]]) -> None:
    told = report.hunk(hunks["main.py"][0])
    assert list(told)[:8] == [
        "old_start", "old_lines", "new_start", "new_lines",
        "rules", "level", "findings", "decisions",
    ]  # fmt: skip
    assert set(told["follows"]) == {"findings", "decisions", "origins"}
    assert {one["code"] for one in told["follows"]["findings"]} >= {"LL201"}
    (origin,) = report.hunk(hunks["requirements.txt"][0])["follows"]["origins"]
    assert set(origin) == {"path", "line", "symbol", "why"}


def test_a_draft_says_what_asked_for_it(tmp_path: Path) -> None:
    from codemods.facts import Program

    (tmp_path / "a.py").write_text("import x\n\ny = x\n")
    codebase: CodeBase = load(tmp_path)
    module = Program(codebase).modules.get("a.py")
    assert module is not None
    draft, origin = Draft(), Origin("b.py", 7, "f")
    with draft.because(origin):
        draft.add_import(module, "z")
    draft.add_import(module, "w")
    assert draft.files()["a.py"].because == ((Import("z"), origin),)
