"""Hidden queries: relationships and columns that are loaded because something reads them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

#: The loaders of relationships: ``LazyLoader._load_for_state``.
_LOADER = "_load_for_state"


def watch(note: Callable[[], None]) -> None:
    """Call ``note`` for each query that the application sends by reading a relationship.

    What a loader option or a flush sends through the same loader is asked for, and not hidden.
    """

    def executed(state: ORMExecuteState) -> None:
        if state.is_relationship_load and _is_hidden(sys._getframe()):
            note()

    event.listen(Session, "do_orm_execute", executed)


def _is_hidden(frame: FrameType | None) -> bool:
    """Whether the lazy loader of the stack was called from outside of SQLAlchemy's ORM."""
    while frame is not None and frame.f_code.co_name != _LOADER:
        frame = frame.f_back
    while frame is not None and _is_access(frame):
        frame = frame.f_back
    return frame is not None and "/sqlalchemy/orm/" not in _path(frame)


def _is_access(frame: FrameType) -> bool:
    return _path(frame).endswith(("/sqlalchemy/orm/attributes.py", "/sqlalchemy/orm/strategies.py"))


def _path(frame: Any) -> str:
    return str(frame.f_code.co_filename).replace("\\", "/")
