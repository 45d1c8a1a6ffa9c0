"""What the SQLAlchemy of the application can do, by its own manifests."""

from __future__ import annotations

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.manifests import declared


def has_recursion_depth(program: Program, module: Module) -> bool:
    """Whether loader options take ``recursion_depth``: from SQLAlchemy 2.0 on."""
    return declared(program.codebase, module.path).at_least("sqlalchemy", "2.0") is not False
