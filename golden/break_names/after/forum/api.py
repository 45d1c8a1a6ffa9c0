import functools

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import JSONResponse

import forum.posts as p
from forum import *
from forum import create_tables, drafts, errors, users as u

router = APIRouter()


def guarded(endpoint):
    @functools.wraps(endpoint)
    def call(**kwargs):
        try:
            return endpoint(**kwargs)
        except ValueError as e:
            raise HTTPException(409, str(e))

    return call


@router.post("/users/{nick}", status_code=201)
def add_user(nick: str, db: S = with_db):
    if getattr(u, "find_by_nick")(db, nick):
        raise HTTPException(409, "Nick is taken")
    return {"id": u.create(db, nick).id, "users": u.count(db)}


def show_user(value: str, by: str = "nick", db: S = with_db):
    user = u.find(db, by, value)
    if not user:
        raise HTTPException(404, "No such user")
    return u.with_posts(db, user)


def delete_user(value: str, db=with_db):
    user = u.find_by_nick(db, value)
    if not user:
        raise HTTPException(404, "No such user")
    db.delete(user)
    db.commit()


router.add_api_route("/users/{value}", show_user, methods=["GET"])
router.delete("/users/{value}", status_code=204)(delete_user)


@router.post("/posts", status_code=201)
def write(nick: str, title: str, db: S = with_db):
    return p.as_dict(p.write(db, nick, title))


@router.get("/posts")
def listing(state: str = "all", db: S = with_db):
    fetch = {"all": p.listing, "draft": p.drafts, "public": p.published}.get(state)
    if fetch is None:
        raise HTTPException(404, "No such list")
    return [p.as_dict(post) for post in fetch(db)]


@router.get("/posts/pick")
def some(ids: str, db: S = with_db):
    return p.each(db, [int(i) for i in ids.split(",")], p.as_dict)


@router.post("/posts/purge")
def purge(keep: str = "", db: S = with_db):
    return {"purged": p.purge(db, lambda post: not (keep and post.title.startswith(keep)) and not post.likes)}


@router.post("/posts/{post_id}/{action}")
@guarded
def act(post_id: int, action: str, extra: dict[str, str] | None = None, db: S = with_db):
    if action not in p.HANDLERS:
        raise HTTPException(422, f"Can't {action}")
    post = p.handle(db, post_id, action, **(extra or {}))
    if not post:
        raise HTTPException(404, "No such post")
    return p.as_dict(post)


@router.put("/drafts/{key}")
async def keep_draft(key: str, text: str):
    db = drafts.get_db()
    return {"kept": drafts.remember(key, text), "all": db.query("")}


@router.delete("/drafts/{key}")
def drop_draft(key: str):
    session = drafts.session
    if session.get(key) is None:
        raise HTTPException(404, "No such draft")
    return session.delete(key)


def make_app():
    create_tables()
    app = FastAPI()
    app.include_router(router)

    @app.exception_handler(errors.Missing)
    def missing(request, exc):
        return JSONResponse({"missing": exc.nick, "hint": exc.hint()}, 404)

    return app
