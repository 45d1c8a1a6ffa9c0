"""Which modules are looked at for queries behind a commit."""

from __future__ import annotations

from pathlib import Path

from codemods.config import Options
from codemods.passes.eager_loading import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

MIGRATION = """
from alembic import op
from sqlalchemy.orm import Session

revision = "1"
down_revision = None


def save(session: Session):
    session.commit()


def upgrade():
    save(Session(bind=op.get_bind()))
"""

MODULE = """
from sqlalchemy.orm import Session


def store(session: Session):
    session.commit()
"""


def test_a_migration_that_commits_is_read_once() -> None:
    """It is passed over, and the search for what names its functions comes to an end."""
    texts = {"versions/one.py": MIGRATION, "store.py": MODULE}
    files = {path: SourceFile(path, text) for path, text in texts.items()}
    (run,) = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).runs
    assert not run.changed
