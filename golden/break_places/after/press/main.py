from fastapi import Body, Depends, FastAPI, HTTPException, Query
from fastapi.responses import PlainTextResponse
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import archive
from .db import Base, engine, get_db
from .models import Article, Section
from .schemas import ArticleOut, NewArticle

Base.metadata.create_all(engine)
app = FastAPI()


@app.put("/sections/{name}", status_code=201)
def add_section(name: str, db: Session = Depends(get_db)):
    db.add(Section(name=name))
    db.commit()
    archive.section_names.cache_clear()
    return archive.section_names()


@app.get("/sections")
def sections():
    return archive.section_names()


@app.get("/sections/{section_id}")
def section(section_id: int, db: Session = Depends(get_db)):
    found = db.get(Section, section_id)
    if found is None:
        raise HTTPException(404, "No such section")
    return {"name": found.name, "count": found.articles_count, "size": found.size}


def checked(payload: dict = Body()):
    """In a thread, since the model looks into the database."""
    try:
        return NewArticle(**payload)
    except ValidationError as error:
        raise HTTPException(422, error.errors()[0]["msg"]) from None


@app.post("/articles", response_model=ArticleOut, status_code=201)
def add_article(new: NewArticle = Depends(checked), db: Session = Depends(get_db)):
    section = db.scalar(select(Section).where(Section.name == new.section))
    article = Article(title=new.title, words=new.words, section_id=section.id if section else None)
    db.add(article)
    db.commit()
    return article


@app.get("/articles", response_model=list[ArticleOut])
def articles(long: bool = False, db: Session = Depends(get_db)):
    statement = select(Article).order_by(Article.id)
    if long:
        statement = statement.where(Article.is_long)
    return sorted(db.scalars(statement))


@app.get("/index")
def index(title: str = "", article_id: int = 1, db: Session = Depends(get_db)):
    found = archive.Index(db)
    try:
        named = found[article_id]
    except KeyError:
        named = None
    return {"all": list(found), "count": len(found), "has": title in found, "named": named, "ids": list(found.titles)}


@app.get("/statistics")
def statistics(db: Session = Depends(get_db)):
    return archive.Statistics.of(db)


@app.get("/ranked")
def ranked(ids: list[int] = Query(), db: Session = Depends(get_db)):
    return {"ranked": archive.ranked(db, ids), "best": archive.best(db, ids), "ranks": archive.ranks(db, ids)}


@app.get("/csv", response_class=PlainTextResponse)
def as_csv(db: Session = Depends(get_db)):
    return archive.as_csv(db)


@app.get("/rows")
def rows(count: int = 2, db: Session = Depends(get_db)):
    return {"rows": archive.first_rows(db, count), "words": archive.total_words(db)}


@app.get("/by-section")
def by_section(db: Session = Depends(get_db)):
    return archive.by_section(db)
