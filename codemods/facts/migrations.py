"""Which modules belong to Alembic, which runs them in a sync way of its own."""

from __future__ import annotations

from codemods.facts.modules import Module

_REVISION = frozenset({"revision", "down_revision"})


def is_migration(module: Module) -> bool:
    """Whether a module is Alembic's ``env.py`` or a version, whatever its folder is called."""
    if module.identifiers >= _REVISION:
        return True
    return "alembic" in module.identifiers and (
        module.path.rpartition("/")[2] == "env.py" or "/versions/" in f"/{module.path}"
    )
