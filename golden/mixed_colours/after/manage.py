#!/usr/bin/env python
import sys
from datetime import date

from library import services, tasks
from library.db import Base, sync_engine, sync_session_scope


def usage():
    sys.exit("usage: manage.py add TITLE AUTHOR | remind YYYY-MM-DD | stats | reindex")


def main(args):
    Base.metadata.create_all(sync_engine)
    match args:
        case ["add", title, author]:
            print(services.add_book_label(title, author))
        case ["remind", day]:
            with sync_session_scope() as db:
                for line in services.reminders(db, date.fromisoformat(day)):
                    print(line)
        case ["stats"]:
            with sync_session_scope() as db:
                for name, value in sorted(services.statistics(db).items()):
                    print(f"{name}: {value}")
        case ["reindex"]:
            print(tasks.reindex(), "books")
        case _:
            usage()


if __name__ == "__main__":
    main(sys.argv[1:])
