"""What goes wrong when edits are applied."""

from __future__ import annotations

from codemods.edits.keys import NodeKey


class EditError(Exception):
    """Edits do not fit the module; nothing of it was changed."""

    def __init__(self, path: str, message: str, key: NodeKey | None = None) -> None:
        super().__init__(path, message, key)
        self.path = path
        self.message = message
        self.key = key

    def __str__(self) -> str:
        line = f":{self.key.line}" if self.key else ""
        kind = f" ({self.key.kind})" if self.key else ""
        return f"{self.path}{line}: {self.message}{kind}"


class ActionError(Exception):
    """An action does not fit its node; the editor adds the path and the key."""
