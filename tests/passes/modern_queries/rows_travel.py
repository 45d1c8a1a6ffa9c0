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
        "a session that is opened where none is given",
        """
def found(s: Session | None = None):
    if s is None:
        s = Session()
    return s.query(Post).order_by(Post.id).all()


def case(s: Session):
    return found(s)
""",
        expected="return s.scalars(select(Post).order_by(Post.id)).all()",
    ),
    Row(
        "a session that is opened where none is given, later",
        """
def found(s: Session | None = None):
    if s is None:
        s = Session()
    q = s.query(Post).order_by(Post.id)
    return q.all()


def case(s: Session):
    return found(s)
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

HELPERS = [
    Row(
        "a filter function",
        """
def only_new(query):
    return query.filter(Post.id > 2)


def case(s: Session):
    return only_new(s.query(Post)).order_by(Post.id).all()
""",
        expected="s.scalars(only_new(select(Post)).order_by(Post.id)).all()",
    ),
    Row(
        "an annotated filter function",
        """
from sqlalchemy.orm import Query


def only_new(query: Query) -> Query:
    return query.filter(Post.id > 2)


def case(s: Session):
    return only_new(s.query(Post)).order_by(Post.id).all()
""",
        expected="def only_new(query: Select) -> Select:",
    ),
    Row(
        "a function that makes a query",
        """
def posts(db: Session):
    return db.query(Post).filter(Post.id > 2)


def case(s: Session):
    return posts(s).order_by(Post.id).all(), posts(db=s).count()
""",
        expected="s.scalars(posts(s).order_by(Post.id)).all()",
    ),
    Row(
        "a function that paginates",
        """
def paginate(query, page, size=2):
    return query.offset(page * size).limit(size).all()


def case(s: Session):
    return paginate(s.query(Post).order_by(Post.id), 1), paginate(s.query(Tag).order_by(Tag.id), page=0)
""",
        expected="def paginate(query, page, size=2, *, s: Session):",
    ),
    Row(
        "a function that paginates and has the session",
        """
def paginate(db: Session, query, page):
    return query.offset(page * 2).limit(2).all()


def case(s: Session):
    return paginate(s, s.query(Post).order_by(Post.id), 1)
""",
        expected="return db.scalars(query.offset(page * 2).limit(2)).all()",
    ),
    Row(
        "a function whose query is sliced elsewhere",
        """
def people(s):
    return s.query(User).order_by(User.id)


def page(query, size):
    return {"items": query.limit(size).all(), "total": query.count()}


def part(s, first, last):
    return people(s)[first:last]


def case(s):
    me = s.get(User, 1)
    whole = page(people(s), 2)
    return me.name, [u.name for u in whole["items"]], whole["total"], len(part(s, 1, 3))
""",
        left="LL216",
    ),
    Row(
        "a function that paginates for two shapes",
        """
def paginate(query, page):
    return query.limit(2).all()


def case(s: Session):
    return paginate(s.query(Post).order_by(Post.id), 1), paginate(s.query(Tag.id).order_by(Tag.id), 0)
""",
        left="LL214",
    ),
    Row(
        "functions that call one another",
        """
def total(query):
    return query.count()


def page(query):
    return total(query), query.order_by(Post.id).limit(2).all()


def case(s: Session):
    return page(s.query(Post).filter(Post.id > 1))
""",
        expected="return total(query, s=s), s.scalars(",
    ),
    Row(
        "a function that is given a list too",
        """
def size(query):
    return len(list(query))


def case(s: Session):
    return size(s.query(Post)), size([1, 2])
""",
        left="LL210",
    ),
    Row(
        "a function that is passed on",
        """
def only_new(query):
    return query.filter(Post.id > 2)


def case(s: Session):
    return [f(s.query(Post)).count() for f in (only_new,)]
""",
        left="LL210",
    ),
    Row(
        "a repository",
        """
class Posts:
    def __init__(self, db: Session):
        self.db = db

    def base(self):
        return self.db.query(Post).order_by(Post.id)

    def new(self):
        return self.base().filter(Post.id > 2)

    def all(self):
        return self.new().all()


def case(s: Session):
    posts = Posts(s)
    return posts.all(), posts.new().first(), posts.base().count()
""",
        expected="posts.db.scalars(posts.new().limit(1)).first()",
    ),
    Row(
        "a property",
        """
class Posts:
    def __init__(self, db: Session):
        self.db = db

    @property
    def query(self):
        return self.db.query(Post).order_by(Post.id)

    def all(self):
        return self.query.filter(Post.id > 2).all()


def case(s: Session):
    return Posts(s).all()
""",
        expected="self.db.scalars(self.query.where(Post.id > 2)).all()",
    ),
    Row(
        "an attribute",
        """
class Search:
    def __init__(self, db: Session):
        self.db = db
        self.found = db.query(Post)

    def by_name(self, name):
        self.found = self.found.filter(Post.name == name)
        return self

    def all(self):
        return self.found.order_by(Post.id).all()


def case(s: Session):
    return Search(s).by_name("n1").all()
""",
        left="LL217",
    ),
    Row(
        "an attribute beside its session",
        """
class Search:
    def __init__(self, db: Session):
        self.db = db
        self.found = self.db.query(Post)

    def by_name(self, name):
        self.found = self.found.filter(Post.name == name)
        return self

    def all(self):
        return self.found.order_by(Post.id).all()


def case(s: Session):
    return Search(s).by_name("n1").all()
""",
        expected="return self.db.scalars(self.found.order_by(Post.id)).all()",
    ),
    Row(
        "a generic repository",
        """
from typing import Generic, TypeVar

M = TypeVar("M", bound=Base)


class Repository(Generic[M]):
    def __init__(self, model: type[M]):
        self.model = model

    def get(self, db: Session, id: int):
        return db.query(self.model).filter(self.model.id == id).first()

    def list(self, db: Session, skip: int = 0, limit: int = 2):
        return db.query(self.model).order_by(self.model.id).offset(skip).limit(limit).all()

    def remove(self, db: Session, id: int):
        return db.query(self.model).filter(self.model.id == id).delete()


class Badges(Repository[Badge]):
    pass


def case(s: Session):
    badges, posts = Badges(Badge), Repository(Post)
    return badges.get(s, 10), posts.list(s), badges.remove(s, 10), badges.get(s, 10)
""",
        expected="select(self.model).where(self.model.id == id).limit(1)",
    ),
    Row(
        "a subquery that travels",
        """
def newest(db: Session):
    return db.query(func.max(Post.id).label("id")).group_by(Post.author_id).subquery()


def case(s: Session):
    sub = newest(s)
    return s.query(Post).join(sub, Post.id == sub.c.id).order_by(Post.id).all()
""",
    ),
    Row(
        "a sort function",
        """
def sort(query, column, descending):
    order = desc(column) if descending else column
    return query.order_by(order)


def case(s: Session):
    query = s.query(Post.id, Post.title)
    return sort(query, Post.id, True).limit(2).all(), sort(query, Post.title, False).first()
""",
    ),
]
