"""Slow things; they run in threads, with a session of their own."""

import threading

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from . import services
from .db import SyncSessionLocal, sync_session_scope
from .models import Book

_lock = threading.Lock()
status = {"runs": 0, "indexed": 0}


def reindex() -> int:
    with _lock, sync_session_scope() as db:
        n = 0
        for book in db.scalars(
            select(Book).options(selectinload(Book.author)).order_by(Book.id)
        ):
            book.search = f"{book.title} {book.author.name}".lower()
            n += 1
        status["runs"] += 1
        status["indexed"] = n
    return n


def import_titles(lines):
    """``title; author`` on each line; returns the labels of the new books."""
    labels = []
    for line in lines:
        title, _, author = line.partition(";")
        try:
            labels.append(services.add_book_label(title.strip(), author.strip()))
        except services.LibraryError:
            continue
    return labels


def snapshot():
    with SyncSessionLocal() as db:
        return services.statistics(db)


class Indexer(threading.Thread):
    def __init__(self):
        super().__init__(name="indexer", daemon=True)
        self.indexed = None

    def run(self):
        self.indexed = reindex()
