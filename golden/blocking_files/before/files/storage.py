import csv
import hashlib
import os
from pathlib import Path

ROOT = Path(os.environ.get("STORAGE", "storage"))
INDEX = ROOT / "index.txt"


def checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        for block in iter(lambda: source.read(4096), b""):
            digest.update(block)
    return digest.hexdigest()


def read_rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as source:
        return [row for row in csv.reader(source)]


def next_number() -> int:
    """Counts the uploads in a file."""
    number = int(INDEX.read_text()) if INDEX.exists() else 0
    INDEX.write_text(str(number + 1))
    return number + 1


def summary(name: str) -> Path:
    return ROOT / f"{name}.summary"


def summarise(name: str, again: bool = False) -> None:
    """The number of lines of an upload; ``again`` doubles what is there."""
    if again:
        summary(name).write_text(summary(name).read_text() * 2)
    else:
        summary(name).write_text(f"{len(read_rows(ROOT / name))} ")


def forget(name: str) -> None:
    summary(name).unlink(missing_ok=True)


class Folder:
    def __init__(self, name: str):
        self.path = ROOT / name

    def names(self) -> list[str]:
        return sorted(os.listdir(self.path)) if os.path.isdir(self.path) else []

    def size_of(self, name: str) -> int:
        return os.path.getsize(self.path / name)
