"""``--verify``: the user's own command as the judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from codemods.pipeline import Migration
    from codemods.project import Project
    from codemods.verified import Verified

VerifyOption = Annotated[
    str | None,
    typer.Option(metavar="COMMAND", help="Land only what this command passes with."),
]
VerifyEnvironment = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="The virtual environment for it, or `current` [default: made from the manifests].",
    ),
]
VerifyTimeout = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0.1, help="The longest that a run or an installation may take."
    ),
]
#: Seconds, where the user names none.
TIMEOUT = 900


@dataclass(frozen=True)
class Verification:
    """The command that has to pass, the environment that it runs in, its time limit."""

    command: str | None
    environment: Path | None
    timeout: float


def verified_by(wanted: Verification, project: Project, migration: Migration) -> Verified | None:
    """The part of a migration that passes; None where no command is to judge it."""
    from codemods.manifests import applications
    from codemods.sinks.verify import Verifier
    from codemods.verified import verify

    if wanted.command is None:
        return None
    before = migration.before
    near = applications(before, [path for path in migration.changed if path in before])
    where = (wanted.environment, wanted.timeout, near)
    with Verifier(before.root, wanted.command, *where) as verifier:
        return verify(project, migration, verifier)


def log_of() -> str:
    """Where the output of the command is kept."""
    from codemods.sinks.state import FOLDER
    from codemods.sinks.verify import LOG

    return f"{FOLDER}/{LOG}"
