"""What a script beside the application calls is none of the application's functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.async_session.decided import HEAD

from codemods.config import Options
from codemods.passes.async_session import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

APP = """
class Pages:
    def __init__(self, db: Session):
        self.db = db

    def items(self):
        return self.db.scalars(select(Item)).all()


@app.get("/items")
def items(db: Session = Depends(get_db)):
    return Pages(db).items()
"""
SCRIPT = """
import json


def run(path):
    return [key for key, value in json.load(open(path)).items()]


def more(found):
    return found.items()
"""


def _treatment(files: dict[str, str]) -> str:
    code = CodeBase(
        root=Path("/nowhere"),
        files={path: SourceFile(path=path, text=text) for path, text in files.items()},
    )
    (run,) = migrate(code, [PASS], Options(jobs=1)).runs
    return next(d.treatment for d in run.outcome.decisions if d.symbol == "Pages.items")


def test_a_script_that_imports_nothing_of_the_application() -> None:
    assert _treatment({"app.py": HEAD + APP, "tools/keys.py": SCRIPT}) == "native"


@pytest.mark.parametrize(
    "files",
    [
        {"tools/keys.py": "import app\n" + SCRIPT},
        {"keys.py": SCRIPT, "run.py": "import app, keys\n"},
        {"keys.py": SCRIPT, "lib/__init__.py": "import app\n", "lib/run.py": "import keys\n"},
        {"tests/test_keys.py": SCRIPT, "tests/test_app.py": "import app\n"},
        {"keys.py": SCRIPT + "\nimport importlib\nmore(importlib.import_module(run('x')[0]))\n"},
    ],
    ids=["imports it", "is imported with it", "by a package", "tests", "imports by name"],
)
def test_a_module_that_may_get_objects_of_the_application(files: dict[str, str]) -> None:
    assert _treatment({"app.py": HEAD + APP, **files}) != "native"
