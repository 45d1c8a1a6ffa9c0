"""Import posts from lines of ``author|title|tag,tag``."""

import sys
from typing import Iterable

from sqlalchemy import select

from . import models
from .db import SyncSessionLocal


def import_lines(lines: Iterable[str]) -> int:
    with SyncSessionLocal() as db:
        count = 0
        for line in lines:
            name, title, tags = (part.strip() for part in line.split("|"))
            author = db.scalars(
                select(models.Author).filter_by(name=name).limit(1)
            ).first() or models.Author(name=name)
            post = models.Post(title=title, author=author)
            for tag in filter(None, tags.split(",")):
                found = db.scalars(
                    select(models.Tag).filter_by(name=tag).limit(1)
                ).first()
                post.tags.append(found or models.Tag(name=tag))
            db.add(post)
            db.flush()
            count += 1
        db.commit()
        return count


def main() -> int:
    lines = sys.argv[1:] or sys.stdin
    print(f"{import_lines(lines)} posts imported")
    return 0
