# ruff: noqa: E501
"""Rows of queries that travel: over names, branches, loops and functions."""

from __future__ import annotations

from passes.modern_queries.bench import Row

ROWS = [
    Row(
        "a name",
        "q = s.query(Post).filter(Post.id > 1)\nreturn q.order_by(Post.id).all()",
        expected="return s.scalars(q.order_by(Post.id)).all()",
    ),
    Row(
        "a branch",
        """
q = s.query(Post)
if s.is_active:
    q = q.filter(Post.id > 1)
else:
    q = q.filter(Post.id < 1)
return q.order_by(Post.id).all(), q.count()
""",
    ),
    Row(
        "a loop",
        """
q = s.query(Post)
for bound in (1, 2):
    q = q.filter(Post.id > bound)
return q.order_by(Post.id).all()
""",
    ),
    Row(
        "a loop that joins",
        """
q = s.query(Post)
for name in ("t1", "t2"):
    q = q.filter(Post.tags.any(Tag.name == name))
    q = q.join(Post.tags) if name == "t1" else q
return q.order_by(Post.id).all()
""",
    ),
    Row(
        "one name for two queries",
        """
q = s.query(Post).filter(Post.id > 2)
posts = q.order_by(Post.id).all()
q = s.query(Tag.name).order_by(Tag.id)
return posts, q.all()
""",
    ),
    Row(
        "a name that becomes the list",
        """
posts = s.query(Post).filter(Post.id > 2)
posts = posts.order_by(Post.id).all()
return [p.id for p in posts]
""",
    ),
    Row(
        "a name that is None at times",
        """
q = None
if s.is_active:
    q = s.query(Post)
return q.order_by(Post.id).all()
""",
        left="LL210",
    ),
    Row(
        "return early",
        """
q = s.query(Post).order_by(Post.id)
if not s.is_active:
    return q.first()
return q.limit(2).all()
""",
    ),
    Row(
        "two entities by a branch",
        """
if s.is_active:
    q = s.query(Post).order_by(Post.id)
else:
    q = s.query(Tag).order_by(Tag.id)
return q.all()
""",
    ),
    Row(
        "two shapes by a branch",
        """
if s.is_active:
    q = s.query(Post).order_by(Post.id)
else:
    q = s.query(Tag.id).order_by(Tag.id)
return q.all()
""",
        left="LL214",
    ),
    Row(
        "filter_by after a join at times",
        """
q = s.query(User)
if s.is_active:
    q = q.join(User.posts)
return q.filter_by(name="n1").all()
""",
        left="LL213",
    ),
    Row(
        "a walrus",
        "if (q := s.query(Post).filter(Post.id > 2)) is not None:\n    return q.order_by(Post.id).all()",
    ),
    Row(
        "a conditional expression",
        "q = s.query(Post).filter(Post.id > 2) if s.is_active else s.query(Post)\nreturn q.order_by(Post.id).all()",
    ),
    Row(
        "iterated",
        "q = s.query(Post).order_by(Post.id)\nreturn [p.id for p in q]",
        expected="for p in s.scalars(q)]",
    ),
    Row(
        "iterated twice",
        "q = s.query(Post).order_by(Post.id)\nfound = [p.id for p in q]\nfor p in q:\n    found.append(p.title)\nreturn found",
    ),
    Row(
        "a closure",
        """
q = s.query(Post).order_by(Post.id)

def page(number):
    return q.limit(2).offset(number * 2).all()

return page(0), page(1)
""",
    ),
    Row(
        "pagination",
        """
q = s.query(Post).filter(Post.id > 1)
total = q.count()
items = q.order_by(Post.id).offset(1).limit(2).all()
return total, items
""",
    ),
    Row(
        "try",
        """
q = s.query(Post)
try:
    q = q.filter(Post.id > 1)
finally:
    q = q.order_by(Post.id)
return q.all()
""",
    ),
    Row(
        "in a list",
        "qs = [s.query(Post), s.query(Tag)]\nreturn [len(q.all()) for q in qs]",
        left="LL210",
    ),
    Row(
        "another session's name",
        """
q = s.query(Post).order_by(Post.id)
s = None
return q.all()
""",
        left="LL217",
    ),
    Row(
        "a session made by a call",
        """
def make(s: Session) -> Session:
    return s


def case(s: Session):
    return make(s).query(Post).order_by(Post.id).all()
""",
        expected="make(s).scalars(",
    ),
    Row(
        "a session made by a call, later",
        """
def make(s: Session) -> Session:
    return s


def case(s: Session):
    q = make(s).query(Post).order_by(Post.id)
    return q.all()
""",
        left="LL217",
    ),
    Row(
        "a method",
        """
class Posts:
    def __init__(self, db: Session):
        self.db = db

    def all(self):
        q = self.db.query(Post)
        return q.order_by(Post.id).all()


def case(s: Session):
    return Posts(s).all()
""",
        expected="self.db.scalars(q.order_by(Post.id)).all()",
    ),
    Row(
        "names in the way",
        """
def select(s: Session):
    return s.query(Post).order_by(Post.id).all()


def case(s: Session, func=None):
    return select(s), s.query(Post).count()
""",
        expected="sql_select",
    ),
    Row(
        "a generic model",
        """
def find(s: Session, model: type[Base], id: int):
    return s.query(model).filter(model.id == id).first()


def case(s: Session):
    return find(s, Post, 2), find(s, User, 3), find(s, Tag, 99)
""",
    ),
    Row(
        "a model from callers",
        """
def every(s: Session, model):
    return s.query(model).order_by(model.id).all()


def case(s: Session):
    return every(s, Post), every(s, User)
""",
    ),
]
