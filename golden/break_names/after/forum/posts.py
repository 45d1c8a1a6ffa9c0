from __future__ import annotations

from functools import partial

from sqlalchemy import func as f
from sqlalchemy import select as pick

from . import Like, Post, S
from . import users as _users


def as_dict(post):
    return {"id": post.id, "title": post.title, "state": post.state, "by": post.author.nick, "likes": [x.user.nick for x in post.likes]}


def listing(db: S, state=None, *, order=Post.id):
    query = pick(Post).order_by(order)
    if state:
        query = query.where(Post.state == state)
    return db.scalars(query).all()


drafts = partial(listing, state="draft")
published = partial(listing, state="public", order=Post.title)


def write(db: S, nick: str, title: str):
    author = _users.find(db, "nick", nick)
    if author is None:
        from .errors import Missing  # errors imports posts

        raise Missing(nick)
    db.add(post := Post(title=title, author=author))
    db.commit()
    return post


def publish(db, post):
    post.state = "public"
    db.commit()
    return post


def hide(db, post):
    post.state = "hidden"
    db.commit()
    return post


def change(db, post, field, value):
    setattr(post, field, value)
    db.commit()
    return post


def like(db, post, nick):
    user = _users.find_by_nick(db, nick)
    if user in [x.user for x in post.likes]:
        raise ValueError(f"{nick} likes it already")
    post.likes.append(Like(user=user))
    db.commit()
    return post


def likes_of(db, user):
    return db.scalar(pick(f.count(Like.id)).where(Like.user_id == user.id))


def noop(db, post):
    return post


HANDLERS = {
    "publish": publish,
    "hide": hide,
    "rename": partial(change, field="title"),
    "like": like,
    "touch": noop,
    "upper": lambda db, post: change(db, post, "title", post.title.upper()),
}


def handle(db, post_id, action, **extra):
    post = db.get(Post, post_id)
    if post is None:
        return None
    return HANDLERS[action](db, post, **extra)


def each(db, ids, what):
    load = partial(db.get, Post)
    return [what(post) for post in map(load, ids) if post]


def purge(db, is_old):
    gone = list(filter(is_old, listing(db, "hidden")))
    for post in gone:
        db.delete(post)
    db.commit()
    return len(gone)
