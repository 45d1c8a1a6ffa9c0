"""Places where nothing can be awaited."""
import csv
import io
from functools import cached_property, lru_cache, partial, reduce
from itertools import chain, groupby, islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .db import SessionLocal
from .models import Article, Section


@lru_cache(maxsize=32)
def section_names() -> tuple[str, ...]:
    with SessionLocal() as db:
        return tuple(db.scalars(select(Section.name).order_by(Section.id)))


class Index:
    """Reads what it needs when it is made."""

    def __init__(self, db: Session):
        self.db = db
        self.titles = {a.id: a.title for a in db.scalars(select(Article).order_by(Article.id))}

    def __len__(self):
        return self.db.scalar(select(func.count(Article.id)))

    def __contains__(self, title):
        return self.db.scalar(select(Article.id).where(Article.title == title)) is not None

    def __getitem__(self, article_id):
        article = self.db.get(Article, article_id)
        if article is None:
            raise KeyError(article_id)
        return article.title

    def __iter__(self):
        return iter(self.db.scalars(select(Article.title).order_by(Article.title)).all())


class Statistics:
    def __init__(self, session: Session):
        self._session = session

    @property
    def words(self):
        return self._session.scalar(select(func.sum(Article.words))) or 0

    @cached_property
    def longest(self):
        return self._session.scalar(select(Article.title).order_by(Article.words.desc(), Article.id).limit(1))

    @staticmethod
    def of(session: Session) -> dict:
        statistics = Statistics(session)
        return {"words": statistics.words, "longest": statistics.longest}


def rank(db: Session, article_id: int) -> int:
    article = db.get(Article, article_id)
    return article.words if article else -1


def ranked(db: Session, ids: list[int]) -> list[int]:
    return sorted(ids, key=lambda i: rank(db, i))


def best(db: Session, ids: list[int]) -> int:
    return max(ids, key=partial(rank, db))


def rows(db: Session):
    """A generator that strangers consume."""
    for article in db.scalars(select(Article).order_by(Article.section_id, Article.id)):
        yield [article.title, str(article.words)]


def as_csv(db: Session) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(chain([["title", "words"]], rows(db)))
    return out.getvalue()


def first_rows(db: Session, count: int) -> list[list[str]]:
    return list(islice(rows(db), count))


def total_words(db: Session) -> int:
    return reduce(lambda total, row: total + int(row[1]), rows(db), 0)


def sections(db: Session):
    found = db.scalars(select(Article).where(Article.section_id.is_not(None)).order_by(Article.section_id, Article.id)).all()
    for section_id, articles in groupby(found, key=lambda a: a.section_id):
        yield section_id, [a.title for a in articles]


def by_section(db: Session) -> dict:
    return {str(key): titles for key, titles in sections(db)}


def ranks(db: Session, ids: list[int]) -> list[int]:
    return list(map(lambda i: rank(db, i), ids))
