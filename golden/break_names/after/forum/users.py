from sqlalchemy import func, select

from . import DB, User
from . import posts  # posts imports users as well


def find_by_id(db, value):
    return db.get(User, int(value)) if value.isdigit() else None


def find_by_nick(db, value):
    return db.scalars(select(User).where(User.nick == value)).one_or_none()


def find(db, by, value):
    finder = globals()[f"find_by_{by}"]
    return finder(db, value)


def create(db, nick):
    add, save = db.add, db.commit
    user = User(nick=nick)
    add(user)
    save()
    return user


def with_posts(db, user):
    return {"nick": user.nick, "posts": [posts.as_dict(post) for post in user.posts], "likes": posts.likes_of(db, user)}


def count(db=None):
    own = db is None
    db = db or DB()
    try:
        return db.scalar(select(func.count()).select_from(User))
    finally:
        if own:
            db.close()
