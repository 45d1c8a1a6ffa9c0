from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from . import crud
from .db import get_db, init_db
from .routers import authors, posts

init_db()

app = FastAPI(title="Blog")
app.include_router(authors.router)
app.include_router(posts.router)


@app.get("/tags")
def read_tags(db: Session = Depends(get_db)) -> dict[str, int]:
    return crud.tag_counts(db)
