"""What looplift has to say of a place in the code, and how sure it is of the edit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Level(Enum):
    """How sure an edit is, as ruff has it."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Treatment(Enum):
    """What the plan does with a place: the ladder of treatment, from the top."""

    NATIVE = "native"
    BRIDGED = "bridged"
    LEFT = "left"


@dataclass(frozen=True)
class Code:
    """A kind of finding: ``LL101`` and the like.

    The rest is for the message of a commit: ``done`` says what a pass does about it, and where it
    did nothing else, ``subject`` is the first line, and ``why`` says what is bad about it.
    """

    code: str
    name: str
    summary: str
    done: str = ""
    subject: str = ""
    why: str = ""


@dataclass(frozen=True, order=True)
class Finding:
    """One place in the code, what is wrong there and what is done about it.

    ``line`` and ``column`` count from 1, columns in characters. ``reasons`` is the chain of
    causes, nearest first.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    rule: str = field(compare=False)
    level: Level = field(default=Level.SAFE, compare=False)
    treatment: Treatment = field(default=Treatment.NATIVE, compare=False)
    reasons: tuple[str, ...] = field(default=(), compare=False)
    symbol: str = field(default="", compare=False)

    @property
    def location(self) -> str:
        """``path:line:column``, as editors open it."""
        return f"{self.path}:{self.line}:{self.column}"
