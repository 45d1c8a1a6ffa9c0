"""Applications of a few modules, with blocking calls, and what becomes of them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from codemods.config import Options
from codemods.findings import Finding
from codemods.passes.blocking_calls import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

HEAD = """\
from fastapi import FastAPI

app = FastAPI()
"""


def freed(
    text: str, head: str = HEAD, unsafe: bool = False, requirements: str = "", **modules: str
) -> Migration:
    """The migration of ``app.py`` (``head`` and ``text``) and of other modules beside it.

    ``requirements`` is the text of ``requirements.txt``; without one there is none.
    """
    texts = {"app": head + textwrap.dedent(text), **modules}
    files = {
        f"{name.replace('__', '/')}.py": SourceFile(
            f"{name.replace('__', '/')}.py", textwrap.dedent(source)
        )
        for name, source in texts.items()
    }
    if requirements:
        files["requirements.txt"] = SourceFile("requirements.txt", requirements)
    options = Options(jobs=1, unsafe_fixes=unsafe)
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], options)
    again = migrate(migration.after, [PASS], options)
    assert not again.changed, again.after[again.changed[0]].text
    return migration


def after(text: str, head: str = HEAD, unsafe: bool = False, **modules: str) -> str:
    """``app.py`` afterwards. A second run must change nothing."""
    return freed(text, head, unsafe, **modules).after["app.py"].text


def findings(text: str, head: str = HEAD, **modules: str) -> tuple[Finding, ...]:
    """All that is reported."""
    return freed(text, head, **modules).findings


def left(text: str, head: str = HEAD, **modules: str) -> str:
    """Why the one call stays as it is; nothing may have changed."""
    migration = freed(text, head, **modules)
    assert not migration.changed, migration.after[migration.changed[0]].text
    reasons = {finding.reasons[0] for finding in migration.findings}
    assert len(reasons) == 1, reasons
    return reasons.pop()
