from sqlalchemy import ForeignKey, String, event, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, object_session

from .db import Base


class Article(Base):
    __tablename__ = "articles"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    words: Mapped[int] = mapped_column(default=0)
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))

    @hybrid_property
    def is_long(self):
        return self.words > 100

    def __lt__(self, other):
        return (self.words, self.id) < (other.words, other.id)


class Section(Base):
    __tablename__ = "sections"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    size: Mapped[int] = mapped_column(default=0)

    @property
    def articles_count(self):
        return object_session(self).scalar(select(func.count(Article.id)).where(Article.section_id == self.id))


@event.listens_for(Article, "after_insert")
def count_up(mapper, connection, article):
    if article.section_id is not None:
        connection.execute(Section.__table__.update().where(Section.id == article.section_id).values(size=Section.size + 1))
