# ruff: noqa: E501
"""Rows of the table *Terminals* (B1), one test each."""

from __future__ import annotations

from passes.modern_queries.bench import Row

_JOIN = "s.query(Post).join(Post.tags).order_by(Post.id)"

ROWS = [
    # one entity
    Row(
        "all",
        "s.query(Post).order_by(Post.id).all()",
        expected="s.scalars(select(Post).order_by(Post.id)).all()",
    ),
    Row(
        "all by the column of an object",
        "u = s.get(User, 1)\nreturn s.query(Badge).filter(Badge.user_id == u.id).order_by(Badge.id).all()",
        expected="s.scalars(select(Badge).where(Badge.user_id == u.id).order_by(Badge.id)).all()",
    ),
    Row("all of a join", f"{_JOIN}.all()", expected=".unique().all()"),
    Row(
        "all of a join to one",
        "s.query(Post).join(Post.author).order_by(Post.id).all()",
        expected="s.scalars(select(Post).join(Post.author).order_by(Post.id)).all()",
    ),
    Row(
        "all with a joined collection by default",
        "s.query(User).order_by(User.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "all of an implicit join",
        "s.query(Post).filter(Post.author_id == User.id, User.age > 0, Tag.id > 0).order_by(Post.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "list",
        "list(s.query(Post).order_by(Post.id))",
        expected="s.scalars(select(Post).order_by(Post.id)).all()",
    ),
    Row("list of a join", f"list({_JOIN})"),
    Row(
        "for",
        "return [p.id for p in s.query(Post).order_by(Post.id)]",
        expected="for p in s.scalars(select(Post).order_by(Post.id))]",
    ),
    Row(
        "for over a join",
        f"""
found = []
for p in {_JOIN}:
    found.append(p)
return found
""",
    ),
    Row("star", f"[*{_JOIN}]"),
    Row("in", "s.get(Post, 1) in s.query(Post).filter(Post.id < 3)"),
    Row("set", "set(s.query(Tag.name).all()) == set(s.query(Tag.name))"),
    Row("sorted", "[t.id for t in sorted(s.query(Tag), key=lambda t: -t.id)]"),
    Row(
        "first",
        "s.query(Post).order_by(Post.id).first()",
        expected="s.scalars(select(Post).order_by(Post.id).limit(1)).first()",
    ),
    Row("first of nothing", "s.query(Post).filter(Post.id == 99).first()"),
    Row("first of a join", f"{_JOIN}.first()", expected=".limit(1)).first()"),
    Row("first after limit", "s.query(Post).order_by(Post.id).limit(3).offset(2).first()"),
    Row("first after limit 0", "s.query(Post).order_by(Post.id).limit(0).first()"),
    Row(
        "first with joinedload",
        "[p.id for p in s.query(User).options(joinedload(User.posts)).order_by(User.id.desc()).filter(User.id == 5).first().posts]",
        expected=".unique().first()",
    ),
    Row(
        "first of a statement",
        "s.query(Post).from_statement(text('select * from posts order by id desc')).first()",
    ),
    Row(
        "one",
        "s.query(Post).filter_by(title='p10').one()",
        expected="s.scalars(select(Post).filter_by(title='p10')).one()",
    ),
    Row("one of many", "s.query(Post).one()"),
    Row("one of none", "s.query(Post).filter_by(title='no').one()"),
    Row(
        "one of one that comes twice",
        "s.query(Post).join(Post.tags).filter(Post.title == 'p21').one()",
    ),
    Row("one_or_none", "s.query(Post).filter(Post.id == 1).one_or_none()"),
    Row("one_or_none of many", "s.query(Post).one_or_none()"),
    Row("one_or_none of none", "s.query(Post).filter(Post.id == 99).one_or_none()"),
    Row(
        "one_or_none of one that comes twice",
        "s.query(Post).join(Post.tags).filter(Post.title == 'p21').one_or_none()",
    ),
    Row(
        "scalar of an entity",
        "s.query(Post).filter(Post.id == 1).scalar()",
        expected=".one_or_none()",
    ),
    Row("scalar of entities", "s.query(Post).scalar()"),
    Row("scalar of no entity", "s.query(Post).filter(Post.id == 99).scalar()"),
    Row(
        "scalar of an entity that comes twice",
        "s.query(Post).join(Post.tags).filter(Post.title == 'p21').scalar()",
    ),
    Row("len", "len(s.query(Post).join(Post.tags).all())"),
    # entities and columns
    Row(
        "rows of entities",
        "s.query(User, Post).join(User.posts).order_by(Post.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "rows of two entities", "s.query(Post, Tag).join(Post.tags).order_by(Post.id, Tag.id).all()"
    ),
    Row(
        "rows of an entity and its column",
        "s.query(Post, Post.title).join(Post.tags).order_by(Post.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "rows of an entity and a column of another",
        "s.query(Post, Tag.name).join(Post.tags).order_by(Post.id, Tag.id).all()",
    ),
    Row(
        "for over rows",
        "[(p.id, n) for p, n in s.query(Post, Tag.name).join(Post.tags).order_by(Post.id, Tag.id)]",
    ),
    Row("first of rows", "s.query(Post, Tag).join(Post.tags).order_by(Post.id, Tag.id).first()"),
    Row("one of rows", "s.query(Post, Tag).join(Post.tags).filter(Post.id == 1).one()"),
    Row("one of rows, many", "s.query(Post, Tag).join(Post.tags).one()"),
    Row(
        "one_or_none of rows",
        "s.query(Post, Post.id).join(Post.tags).filter(Post.title == 'p21').one_or_none()",
    ),
    Row(
        "scalar of rows",
        "s.query(Post, Post.id).join(Post.tags).filter(Post.title == 'p21').scalar()",
    ),
    Row(
        "rows of groups",
        "s.query(Post, func.count(Tag.id).label('n')).join(Post.tags).group_by(Post.id).order_by(Post.id).all()",
        expected=".order_by(Post.id)\n    ).all()",
    ),
    Row(
        "rows of an alias",
        "a = aliased(Post)\nreturn s.query(a, Post).filter(a.id == Post.id).order_by(a.id).all()",
    ),
    # columns
    Row(
        "columns",
        "s.query(Post.id, Post.title).order_by(Post.id).all()",
        expected="s.execute(select(Post.id, Post.title).order_by(Post.id)).all()",
    ),
    Row(
        "columns of a join",
        "s.query(Post.title).join(Post.tags).order_by(Post.id).all()",
        expected="order_by(Post.id)).all()",
    ),
    Row("one column", "[name for (name,) in s.query(Tag.name).order_by(Tag.id)]"),
    Row("first column", "s.query(Post.title).order_by(Post.id).first()"),
    Row("first column of none", "s.query(Post.title).filter(Post.id == 99).first()"),
    Row("one row of columns", "s.query(Post.id, Post.title).filter(Post.id == 2).one()"),
    Row("one_or_none of columns", "s.query(Post.id).filter(Post.id > 50).one_or_none()"),
    Row(
        "one_or_none of columns, twice",
        "s.query(Post.title).join(Post.tags).filter(Post.title == 'p21').one_or_none()",
    ),
    Row(
        "scalar",
        "s.query(Post.title).filter(Post.id == 2).scalar()",
        expected=".scalar_one_or_none()",
    ),
    Row("scalar of two columns", "s.query(Post.title, Post.id).filter(Post.id == 2).scalar()"),
    Row("scalar of many", "s.query(Post.title).scalar()"),
    Row("scalar of none", "s.query(Post.title).filter(Post.id == 99).scalar()"),
    Row(
        "scalar of an aggregate",
        "s.query(func.max(Post.id)).scalar()",
        expected="s.scalar(select(func.max(Post.id)))",
    ),
    Row(
        "scalar of an aggregate, filtered",
        "s.query(func.count(Post.id)).filter(Post.id > 2).scalar()",
        expected="s.scalar(",
    ),
    Row("scalar of a sum of nothing", "s.query(func.sum(Post.id)).filter(Post.id > 99).scalar()"),
    Row(
        "scalar of coalesce of sum",
        "s.query(func.coalesce(func.sum(Post.id), 0)).filter(Post.id > 99).scalar()",
        expected="s.scalar(",
    ),
    Row(
        "scalar of grouped aggregates",
        "s.query(func.count(Post.id)).group_by(Post.author_id).scalar()",
        expected=".scalar_one_or_none()",
    ),
    Row(
        "scalar of a window",
        "s.query(func.count(Post.id).over()).scalar()",
        expected=".scalar_one_or_none()",
    ),
    Row("first of an aggregate", "s.query(func.count(Post.id)).first()", fields=False),
    Row("one of an aggregate", "s.query(func.max(Post.id), func.min(Post.id)).one()", fields=False),
    Row(
        "labels",
        "[(r.n, r.name) for r in s.query(Tag.name, func.count(Post.id).label('n')).join(Tag.posts).group_by(Tag.name).order_by(Tag.name).all()]",
    ),
    Row(
        "two columns of one name",
        "s.query(Post.id, Tag.id).join(Post.tags).order_by(Post.id, Tag.id).all()",
        expected="LABEL_STYLE_NONE",
    ),
    Row(
        "two columns of one name, by name",
        "[r.name for r in s.query(User.name, Post.name).join(User.posts).order_by(Post.id)]",
    ),
    Row(
        "two labels of one name",
        "s.query(User.name.label('x'), Post.title.label('x')).join(User.posts).order_by(Post.id).first()",
    ),
    Row("the same column twice", "[tuple(r) for r in s.query(Post.id, Post.id).order_by(Post.id)]"),
    Row(
        "a cast beside its column",
        "s.query(cast(Post.id, sa.String), Post.id).first()",
        left="LL215",
    ),
    Row(
        "columns of an alias",
        "a = aliased(Post)\nreturn s.query(a.id, a.title).order_by(a.id).all()",
    ),
    Row(
        "columns of a table",
        "s.query(post_tags.c.post_id, post_tags.c.tag_id).order_by(post_tags.c.post_id, post_tags.c.tag_id).all()",
    ),
    Row("a table", "s.query(post_tags).order_by(post_tags.c.post_id, post_tags.c.tag_id).all()"),
    Row(
        "columns in a list",
        "columns = [Post.id, Post.title]\nreturn s.query(*columns).order_by(Post.id).all()",
    ),
    Row(
        "columns in a list that grows",
        "columns = [Post.id]\nif s:\n    columns.append(Post.title)\nreturn s.query(*columns).order_by(Post.id).all()",
    ),
    Row(
        "asdict of labels",
        "[r._asdict() for r in s.query(Post.id, Post.title.label('t')).order_by(Post.id)]",
    ),
    Row(
        "asdict without labels",
        "[r._asdict() for r in s.query(Post.author_id, func.count(Post.id)).group_by(Post.author_id).order_by(Post.author_id)]",
        left="LL215",
    ),
    Row("literal", "s.query(literal(1)).scalar()", expected="s.scalar("),
    Row("an expression", "[r[0] for r in s.query(Post.id + 1).order_by(Post.id)]"),
    Row("case", "[r[0] for r in s.query(case_((Post.id > 2, 'a'), else_='b')).order_by(Post.id)]"),
    Row(
        "distinct function",
        "s.query(distinct(Post.author_id)).order_by(Post.author_id).all()",
        fields=False,
    ),
    # count
    Row(
        "count",
        "s.query(Post).count()",
        expected="s.scalar(select(func.count()).select_from(Post))",
    ),
    Row(
        "count filtered",
        "s.query(Post).filter(Post.id > 2).filter_by(published=True).count()",
        expected="s.scalar(",
    ),
    Row("count of none", "s.query(Post).filter(Post.id > 99).count()"),
    Row("count of a join", "s.query(Post).join(Post.tags).count()"),
    Row(
        "count of an outer join", "s.query(User).outerjoin(User.posts).filter(User.id < 4).count()"
    ),
    Row("count of an inferred join", "s.query(User).join(Post).filter(Post.published).count()"),
    Row(
        "count of a join with filter_by",
        "s.query(User).join(User.posts).filter_by(name='n1').count()",
    ),
    Row("count of an implicit join", "s.query(Post).filter(Post.author_id == User.id).count()"),
    Row(
        "count distinct", "s.query(Post).join(Post.tags).distinct().count()", expected=".subquery()"
    ),
    Row("count limit", "s.query(Post).limit(2).count()"),
    Row("count limit offset order", "s.query(Post).order_by(Post.id).offset(2).limit(3).count()"),
    Row("count order_by", "s.query(Post).order_by(Post.id).count()"),
    Row("count of groups", "s.query(Post.author_id).group_by(Post.author_id).count()"),
    Row("count of a column", "s.query(Post.author_id).count()"),
    Row("count of distinct columns", "s.query(Post.author_id).distinct().count()"),
    Row("count of two columns of one name", "s.query(Post.id, Tag.id).join(Post.tags).count()"),
    Row("count of two entities", "s.query(User, Post).join(User.posts).count()"),
    Row("count with joinedload", "s.query(User).options(joinedload(User.posts)).count()"),
    Row(
        "count is not len",
        "s.query(Post).join(Post.tags).count() - len(s.query(Post).join(Post.tags).all())",
    ),
    # get
    Row("get", "s.query(Post).get(2)", expected="s.get(Post, 2)"),
    Row("get nothing", "s.query(Post).get(99)"),
    Row("get by a keyword", "s.query(Post).get(ident=2)"),
    Row("get a tuple", "s.query(Post).get((2,))"),
    Row(
        "get with options",
        "[t.id for t in s.query(Post).options(selectinload(Post.tags)).get(3).tags]",
        expected="options=[selectinload(Post.tags)]",
    ),
    Row(
        "get with options, twice",
        "s.query(Post).options(selectinload(Post.tags)).options(joinedload(Post.author)).get(3)",
    ),
    Row(
        "get for update", "s.query(Post).with_for_update().get(3)", expected="with_for_update=True"
    ),
    Row(
        "get for update nowait",
        "s.query(Post).with_for_update(nowait=True).get(3)",
        expected='with_for_update={"nowait": True}',
    ),
    Row(
        "get and populate",
        "p = s.get(Post, 3)\ns.execute(sa.update(Post.__table__).values(title='zz'))\nreturn s.query(Post).populate_existing().get(3).title, p.title",
        expected="populate_existing=True",
    ),
    Row("get after filter", "s.query(Post).filter(Post.id > 3).get(3)", left="LL210"),
    Row("get again", "p = s.query(Post).get(2)\nreturn p is s.query(Post).get(2)"),
    # exists
    Row(
        "exists",
        "s.query(s.query(Post).filter(Post.id == 1).exists()).scalar()",
        expected="s.scalar(select(select(Post).where(Post.id == 1).exists()))",
    ),
    Row("exists not", "s.query(s.query(Post).filter(Post.id == 99).exists()).scalar()"),
    Row(
        "exists function",
        "s.query(exists().where(Post.id == 1)).scalar()",
        expected="s.scalar(select(exists().where(Post.id == 1)))",
    ),
    Row(
        "exists as a filter",
        "s.query(literal(True)).filter(s.query(Post).filter(Post.id == 1).exists()).scalar()",
    ),
    Row(
        "exists as a filter, not",
        "s.query(literal(True)).filter(s.query(Post).filter(Post.id == 99).exists()).scalar()",
    ),
    Row("exists of a row", "s.query(Post.id).filter(Post.id == 1).first() is not None"),
    Row(
        "correlated exists",
        "s.query(User.id).filter(s.query(Post).filter(Post.author_id == User.id).exists()).order_by(User.id).all()",
    ),
    Row(
        "correlated not exists",
        "s.query(User.id).filter(~s.query(Post).filter(Post.author_id == User.id).exists()).order_by(User.id).all()",
    ),
]
