from dataclasses import dataclass, field

from sqlalchemy import select

from .database import AppSession
from .models import Event
from .ports import Journal


@dataclass
class MemoryJournal(Journal):
    lines: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.lines.append(text)

    def tail(self, n: int) -> list[str]:
        return self.lines[: -n - 1 : -1]


@dataclass
class DatabaseJournal(Journal):
    session: AppSession
    prefix: str = ""

    def write(self, text: str) -> None:
        self.session.add(Event(text=f"{self.prefix}{text}"))
        self.session.flush()

    def tail(self, n: int) -> list[str]:
        events = select(Event).order_by(Event.id.desc()).limit(n)
        return [event.text for event in self.session.scalars(events)]


class LoudJournal(DatabaseJournal):
    def write(self, text: str) -> None:
        super().write(text.upper())
