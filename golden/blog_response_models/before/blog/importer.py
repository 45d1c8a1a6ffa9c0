"""Import posts from lines of ``author|title|tag,tag``."""

import sys
from typing import Iterable

from . import models
from .db import SessionLocal


def import_lines(lines: Iterable[str]) -> int:
    db = SessionLocal()
    count = 0
    for line in lines:
        name, title, tags = (part.strip() for part in line.split("|"))
        author = db.query(models.Author).filter_by(name=name).first() or models.Author(name=name)
        post = models.Post(title=title, author=author)
        for tag in filter(None, tags.split(",")):
            found = db.query(models.Tag).filter_by(name=tag).first()
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
