"""What is read within ``run_sync`` loads there: nothing is left to a person."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import HEAD

from codemods.config import Options
from codemods.passes.eager_loading import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase, SourceFile

SOURCE = HEAD + textwrap.dedent(
    """

    from sqlalchemy.ext.asyncio import AsyncSession


    class Serialiser:
        def __init__(self, schema, db: AsyncSession):
            self.schema = schema
            self.db = db

        async def one(self, pk: int):
            user = await self.db.get(User, pk)
            return {made}
    """
)
MADE = "self.schema.model_validate(user)"


@pytest.mark.parametrize("within", [True, False])
def test_what_run_sync_reads_is_left_alone(within: bool) -> None:
    """Outside of it, that nobody knows what the model reads is a finding."""
    made = f"await self.db.run_sync(lambda _: {MADE})" if within else MADE
    files = {"app.py": SourceFile("app.py", SOURCE.replace("{made}", made))}
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    assert ("LL304" in {finding.code for finding in migration.findings}) is not within
