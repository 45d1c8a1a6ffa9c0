# ruff: noqa: E501
"""Rows of the tables *DML* (B2) and *Builders* (B3), one test each."""

from __future__ import annotations

from passes.modern_queries.bench import Row

DML = [
    Row(
        "update of a query that is built",
        """
q = s.query(User)
for bound in (1, 2):
    q = q.filter(User.id > bound)
return q.update({"age": 5}, synchronize_session=False)
""",
        expected='s.execute(q.values({"age": 5}).execution_options(synchronize_session=False))',
    ),
    Row(
        "delete at times filtered, and counted",
        """
q = s.query(Badge)
if s.is_active:
    q = q.filter(Badge.id > 20)
return q.count(), q.delete()
""",
        left="LL210",
    ),
    Row("delete", "s.query(Post).filter(Post.id > 90).delete()"),
    Row(
        "delete some",
        "s.query(Badge).filter(Badge.id > 30).delete()",
        expected="s.execute(delete(Badge).where(Badge.id > 30)).rowcount",
    ),
    Row(
        "delete as a statement",
        "s.query(Badge).filter(Badge.id > 30).delete()\nreturn None",
        expected="    s.execute(delete(Badge).where(Badge.id > 30))\n",
    ),
    Row("delete all", "s.query(Badge).delete()"),
    Row("delete filter_by", "s.query(Badge).filter_by(label='b0', user_id=1).delete()"),
    Row(
        "delete and the session",
        "b = s.get(Badge, 10)\ns.query(Badge).filter(Badge.id == 10).delete()\nreturn b in s, s.get(Badge, 10)",
    ),
    Row("delete fetch", "s.query(Badge).filter(Badge.id > 30).delete(synchronize_session='fetch')"),
    Row(
        "delete False",
        "s.query(Badge).filter(Badge.id > 30).delete(synchronize_session=False)",
        expected=".execution_options(synchronize_session=False)",
    ),
    Row("delete by position", "s.query(Badge).filter(Badge.id > 30).delete(False)"),
    Row(
        "delete in a subquery",
        "s.query(Badge).filter(Badge.user_id.in_(s.query(User.id).filter(User.age > 20))).delete(synchronize_session='fetch')",
    ),
    Row("delete after join", "s.query(Badge).join(Badge.user).delete()", left="LL210"),
    Row("delete after limit", "s.query(Badge).limit(1).delete()", left="LL210"),
    Row("delete after order_by", "s.query(Badge).order_by(Badge.id).delete()", left="LL210"),
    Row(
        "update",
        "s.query(User).filter(User.id < 4).update({'age': 5})",
        expected="update(User).where(User.id < 4).values({'age': 5})",
    ),
    Row(
        "update an expression", "s.query(User).filter(User.id < 4).update({User.age: User.age + 1})"
    ),
    Row(
        "update and the session",
        "u = s.get(User, 2)\nn = s.query(User).filter(User.id < 4).update({'age': User.age + 1})\nreturn n, u.age",
        statements=False,
    ),
    Row(
        "update fetch",
        "u = s.get(User, 2)\nn = s.query(User).filter(User.id < 4).update({User.name: 'x'}, synchronize_session='fetch')\nreturn n, u.name",
    ),
    Row(
        "update False",
        "u = s.get(User, 2)\nn = s.query(User).filter(User.id < 4).update({User.name: 'x'}, synchronize_session=False)\nreturn n, u.name",
    ),
    Row("update by position", "s.query(User).filter(User.id < 4).update({'name': 'x'}, False)"),
    Row(
        "update by keywords",
        "s.query(User).filter(User.id < 4).update(values={'name': 'x'}, synchronize_session='evaluate')",
    ),
    Row("update nothing", "s.query(User).filter_by(name='zz').update({'age': 1})"),
    Row("update all", "s.query(User).update({User.age: 1})"),
    Row(
        "update from a dict",
        "values = {'age': 3, 'name': 'y'}\nreturn s.query(User).filter(User.id == 1).update(values)",
    ),
    Row(
        "update with args",
        "s.query(User).filter(User.id == 1).update({'age': 3}, update_args={'mysql_limit': 1})",
    ),
    Row(
        "update in order",
        "s.query(User).filter(User.id == 1).update([(User.age, 3)], update_args={'preserve_parameter_order': True})",
        left="LL210",
    ),
    Row("update after join", "s.query(User).join(User.posts).update({'age': 1})", left="LL210"),
    Row(
        "rowcount in a condition",
        "if s.query(User).filter(User.id == 1).update({'age': 3}) == 1:\n    return 'one'\nreturn 'none'",
    ),
    Row(
        "update then select one query",
        "q = s.query(User).filter(User.id == 2)\nq.update({'age': 99})\nreturn q.one().age",
        expected="q.whereclause",
    ),
    Row(
        "delete of a built query",
        "q = s.query(Badge)\nq = q.filter(Badge.id > 20)\nfound = len(q.all())\nreturn found, q.filter(Badge.id < 40).delete(synchronize_session=False)",
    ),
    Row(
        "update of a query that is not filtered",
        "q = s.query(Badge)\nreturn q.update({'label': 'x'})",
    ),
    Row(
        "delete of a query that is filtered at times",
        "q = s.query(Badge)\nif s:\n    q = q.filter(Badge.id > 20)\nreturn q.delete()",
        expected="q = delete(Badge)",
    ),
]

FILTERS = [
    Row(
        "filter",
        "s.query(Post).filter(Post.id > 1, Post.title != 'p21').order_by(Post.id).all()",
        expected=".where(Post.id > 1, Post.title != 'p21')",
    ),
    Row(
        "filter twice",
        "s.query(Post).filter(Post.id > 1).filter(Post.id < 4).order_by(Post.id).all()",
    ),
    Row("where", "s.query(Post).where(Post.id > 1).order_by(Post.id).all()"),
    Row("filter nothing", "s.query(Post).filter().order_by(Post.id).all()"),
    Row(
        "filter list",
        "conditions = [Post.id > 1, Post.id < 4]\nreturn s.query(Post).filter(*conditions).order_by(Post.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "filter or",
        "s.query(Post).filter(or_(Post.id == 1, and_(Post.id == 2, Post.published))).order_by(Post.id).all()",
        expected="order_by(Post.id)\n    ).all()",
    ),
    Row(
        "filter like",
        "s.query(Post).filter(Post.title.ilike('P1%'), func.lower(Post.name) == 'n1').all()",
        expected=")\n    ).all()",
    ),
    Row(
        "filter any",
        "s.query(Post).filter(Post.tags.any(Tag.name == 't2')).order_by(Post.id).all()",
        expected="order_by(Post.id)).all()",
    ),
    Row("filter has", "s.query(Post).filter(Post.author.has(name='n1')).order_by(Post.id).all()"),
    Row(
        "filter contains",
        "t = s.get(Tag, 2)\nreturn s.query(Post).filter(Post.tags.contains(t)).order_by(Post.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "filter relationship",
        "u = s.get(User, 2)\nreturn s.query(Post).filter(Post.author == u).order_by(Post.id).all()",
    ),
    Row(
        "filter alias",
        "a = aliased(User)\nreturn s.query(Badge).filter(Badge.user_id == a.id).order_by(Badge.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "filter text",
        "s.query(Post).filter(text('posts.id < :x')).params(x=3).order_by(Post.id).all()",
    ),
    Row("filter None", "s.query(User.id).filter(User.age == None).all()"),
    Row(
        "filter_by",
        "s.query(Post).filter_by(name='n1', published=True).order_by(Post.id).all()",
        expected=".filter_by(name='n1', published=True)",
    ),
    Row(
        "filter_by keywords",
        "wanted = {'name': 'n1'}\nreturn s.query(Post).filter_by(**wanted).order_by(Post.id).all()",
    ),
    Row(
        "filter_by column",
        "s.query(Post.id).filter_by(name='n1').order_by(Post.id).all()",
        expected=".filter_by(name='n1')",
    ),
    Row(
        "filter_by after join",
        "s.query(User).join(User.posts).filter_by(name='n1').order_by(User.id).all()",
        expected=".where(Post.name == 'n1')",
    ),
    Row(
        "filter_by after join of an entity",
        "s.query(User).join(Post).filter_by(name='n1').order_by(User.id).all()",
        expected=".where(Post.name == 'n1')",
    ),
    Row(
        "filter_by after join with condition",
        "s.query(User).join(Post, Post.author_id == User.id).filter_by(name='n1', title='p10').all()",
    ),
    Row(
        "filter_by after join of an alias",
        "a = aliased(Post)\nreturn s.query(User).join(a, a.author_id == User.id).filter_by(name='n1').order_by(User.id).all()",
        expected=".where(a.name == 'n1')",
    ),
    Row(
        "filter_by after join of a wrong name",
        "s.query(User).join(User.posts).filter_by(age=10).all()",
        left="LL213",
    ),
    Row(
        "filter_by before and after join",
        "s.query(User).filter_by(name='n2').join(User.posts).filter_by(title='p20').all()",
    ),
    Row(
        "filter_by after outerjoin",
        "s.query(User).outerjoin(User.posts).filter_by(title='p20').all()",
    ),
    Row(
        "filter_by None after join",
        "s.query(User).outerjoin(User.posts).filter_by(title=None).order_by(User.id).all()",
        expected="Post.title.is_(None)",
    ),
    Row(
        "filter_by a bool after join",
        "s.query(User).join(User.posts).filter_by(published=True).order_by(User.id).all()",
    ),
    Row(
        "filter_by or after join",
        "x = None\nreturn s.query(User).join(User.posts).filter_by(title=x or 'p20').all()",
        expected="Post.title == (x or 'p20')",
    ),
    Row(
        "filter_by keywords after join",
        "wanted = {'name': 'n1'}\nreturn s.query(User).join(User.posts).filter_by(**wanted).order_by(User.id).all()",
        left="LL213?",
    ),
    Row(
        "filter_by two entities",
        "s.query(User, Post).filter(User.id == Post.author_id).filter_by(name='n1').all()",
        expected=".where(User.name == 'n1')",
    ),
    Row(
        "filter_by select_from",
        "s.query(Post.title).select_from(User).join(User.posts).filter_by(title='p20').all()",
    ),
    Row(
        "filter_by select_from alone",
        "s.query(func.count()).select_from(User).filter_by(name='n1').scalar()",
    ),
    Row(
        "filter_by reset_joinpoint",
        "s.query(User).join(User.posts).reset_joinpoint().filter_by(name='n1').all()",
        expected="select(User).join(User.posts).where(User.name == 'n1')",
    ),
]

JOINS = [
    Row("join", "s.query(User.id, Post.id).join(Post).order_by(Post.id).all()"),
    Row(
        "join twice",
        "s.query(Tag.name).select_from(User).join(User.posts).join(Post.tags).distinct().order_by(Tag.name).all()",
    ),
    Row(
        "join isouter",
        "s.query(User).join(User.posts, isouter=True).filter(Post.id == None).order_by(User.id).all()",
    ),
    Row(
        "join full",
        "s.query(User.name, Post.title).join(User.posts, full=True).order_by(User.id, Post.id).all()",
    ),
    Row(
        "join condition",
        "s.query(User).join(Post, Post.author_id == User.id).order_by(User.id).all()",
    ),
    Row("join onto an attribute", "s.query(User).join(Post, User.posts).order_by(User.id).all()"),
    Row(
        "join of_type",
        "a = aliased(Post)\nreturn s.query(User).join(User.posts.of_type(a)).filter(a.id > 1).order_by(User.id).all()",
    ),
    Row(
        "join a subquery",
        "q = s.query(Post.author_id, func.count().label('n')).group_by(Post.author_id).subquery()\nreturn s.query(User.name, q.c.n).outerjoin(q, q.c.author_id == User.id).order_by(User.id).all()",
    ),
    Row(
        "outerjoin",
        "s.query(User.name, Post.title).outerjoin(User.posts).order_by(User.id, Post.id).all()",
    ),
    Row(
        "outerjoin twice",
        "s.query(User).outerjoin(User.posts).outerjoin(Post.tags).order_by(User.id).all()",
    ),
    Row(
        "joinedload",
        "[len(u.posts) for u in s.query(User).options(joinedload(User.posts)).order_by(User.id)]",
    ),
    Row(
        "joinedload to one",
        "[b.user.name for b in s.query(Badge).options(joinedload(Badge.user)).order_by(Badge.id).all()]",
    ),
    Row(
        "joinedload of a post",
        "[p.title for p in s.query(Post).options(joinedload(Post.tags)).order_by(Post.id).all()]",
        expected=".unique().all()",
    ),
    Row(
        "selectinload",
        "[len(p.tags) for p in s.query(Post).options(selectinload(Post.tags)).order_by(Post.id).all()]",
        expected="order_by(Post.id)\n        ).all()",
    ),
    Row(
        "selectinload joinedload",
        "[t.id for t in s.query(Tag).options(selectinload(Tag.posts).joinedload(Post.tags)).order_by(Tag.id).all()]",
    ),
    Row(
        "options in a variable",
        "options = [joinedload(Post.tags)]\nreturn s.query(Post).options(*options).order_by(Post.id).all()",
        expected=".unique().all()",
    ),
    Row(
        "contains_eager",
        "[len(u.posts) for u in s.query(User).join(User.posts).options(contains_eager(User.posts)).order_by(User.id)]",
    ),
    Row("join and distinct", "s.query(Post).join(Post.tags).distinct().order_by(Post.id).all()"),
    Row(
        "join and distinct, ordered by another",
        "s.query(Post).join(Post.tags).distinct().order_by(Post.id, Tag.id).all()",
        engines=("sqlite",),
        since=(2, 0),
    ),
    Row(
        "self join",
        "a = aliased(User)\nreturn s.query(User.id, a.id).join(a, User.boss_id == a.id).order_by(User.id).all()",
    ),
]

SLICES = [
    Row("slice", "s.query(Post).order_by(Post.id)[1:3]", expected=".slice(1, 3)"),
    Row("slice from the start", "s.query(Post).order_by(Post.id)[:2]", expected=".limit(2)"),
    Row("slice to the end", "s.query(Post).order_by(Post.id)[2:]", expected=".offset(2)"),
    Row("slice of everything", "s.query(Post).order_by(Post.id)[:]"),
    Row("slice with a step", "s.query(Post).order_by(Post.id)[0:4:2]"),
    Row("slice of a slice", "s.query(Post).order_by(Post.id).offset(1).limit(4)[1:3]"),
    Row("slice of an offset", "s.query(Post).order_by(Post.id).offset(1)[1:]"),
    Row("slice of a limit", "s.query(Post).order_by(Post.id).limit(4)[:2]"),
    Row("slice of columns", "s.query(Post.id).order_by(Post.id)[1:3]"),
    Row("slice of a join", "s.query(Post).join(Post.tags).order_by(Post.id)[:3]"),
    Row("empty slice", "s.query(Post).order_by(Post.id)[3:1]", left="LL216"),
    Row(
        "slice of variables",
        "a, b = 3, 1\nreturn s.query(Post).order_by(Post.id)[a:b]",
        left="LL216",
    ),
    Row("negative slice", "s.query(Post).order_by(Post.id)[-2:]", left="LL216"),
    Row("index", "s.query(Post).order_by(Post.id)[2]", expected="[0]"),
    Row("index 0", "s.query(Post).order_by(Post.id)[0]", expected=".limit(1)).all()[0]"),
    Row("index beyond", "s.query(Post).order_by(Post.id)[99]"),
    Row("index negative", "s.query(Post).order_by(Post.id)[-1]", left="LL216"),
    Row("index of columns", "s.query(Post.id, Post.title).order_by(Post.id)[1]"),
    Row("slice method", "s.query(Post).order_by(Post.id).slice(1, 3).all()"),
    Row("slice method to None", "s.query(Post).order_by(Post.id).slice(1, None).all()"),
]

BUILDERS = [
    Row("order_by", "s.query(Post).order_by(Post.author_id.desc(), Post.id).all()"),
    Row("suffix_with", "s.query(Post.id).order_by(Post.id).suffix_with('LIMIT 2').all()"),
    Row(
        "with_hint",
        "s.query(Post).with_hint(Post, 'x', 'mysql').order_by(Post.id).all()",
    ),
    Row(
        "with_statement_hint",
        "s.query(Post).with_statement_hint('x', 'mysql').order_by(Post.id).all()",
    ),
    Row("only_return_tuples", "s.query(Post).only_return_tuples(True).all()", left="LL210"),
    Row(
        "instances",
        "list(s.query(Tag).instances(s.connection().execute(sa.select(Tag)))) and 1",
        left="LL210",
    ),
    Row("with_labels", "s.query(Tag).with_labels().order_by(Tag.id).all()", left="LL211"),
    Row("apply_labels", "s.query(Tag).apply_labels().order_by(Tag.id).all()", left="LL211"),
    Row("lazy_loaded_from", "s.query(Post).lazy_loaded_from is None", left="LL210"),
    Row(
        "enable_assertions",
        "s.query(Tag).enable_assertions(False).limit(2).order_by(Tag.id).all()",
        left="LL210",
    ),
    Row(
        "with_transformation",
        "s.query(Tag).with_transformation(lambda q: q.order_by(Tag.id)).all()",
        left="LL210",
    ),
    Row("order_by text", "s.query(Post).order_by(text('id desc')).all()"),
    Row("order_by None", "s.query(func.count(Post.id)).order_by(None).scalar()"),
    Row(
        "order_by of another entity",
        "s.query(Badge).join(Badge.user).order_by(User.id.desc(), Badge.id).all()",
    ),
    Row("limit offset", "s.query(Post).order_by(Post.id).limit(2).offset(1).all()"),
    Row("limit None", "s.query(Post).order_by(Post.id).limit(None).all()"),
    Row("limit then filter", "s.query(Post).limit(1).filter(Post.id == 2).all()", left="LL210"),
    Row("limit then order_by", "s.query(Post).limit(1).order_by(Post.id).all()", left="LL210"),
    Row("limit then join", "s.query(Post).limit(1).join(Post.tags).all()", left="LL210"),
    Row("distinct", "s.query(Post.author_id).distinct().order_by(Post.author_id).all()"),
    Row(
        "distinct ordered by another",
        "s.query(Post.name).distinct().order_by(Post.name, Post.id).all()",
        engines=("sqlite",),
        since=(2, 0),
    ),
    Row(
        "group_by having",
        "s.query(Post.author_id, func.count(Post.id).label('n')).group_by(Post.author_id).having(func.count(Post.id) > 1).order_by(Post.author_id).all()",
    ),
    Row(
        "select_from",
        "s.query(func.count()).select_from(Post).scalar()",
        expected="s.scalar(select(func.count()).select_from(Post))",
    ),
    Row(
        "prefix_with",
        "s.query(Post.author_id).prefix_with('DISTINCT').order_by(Post.author_id).all()",
    ),
    Row(
        "correlate",
        "s.query(User.id, s.query(func.count(Post.id)).filter(Post.author_id == User.id).correlate(User).label('n')).order_by(User.id).all()",
    ),
    Row(
        "label",
        "s.query(User.id, s.query(func.count(Post.id)).filter(Post.author_id == User.id).label('n')).order_by(User.id).all()",
    ),
    Row(
        "scalar_subquery",
        "s.query(User.id, s.query(func.count(Post.id)).filter(Post.author_id == User.id).scalar_subquery()).order_by(User.id).all()",
        fields=False,
    ),
    Row(
        "as_scalar",
        "s.query(User.id, s.query(func.count(Post.id)).filter(Post.author_id == User.id).as_scalar()).order_by(User.id).all()",
        fields=False,
        expected="scalar_subquery()",
    ),
    Row(
        "params",
        "s.query(Post).filter(Post.id < sa.bindparam('x')).params(x=3).order_by(Post.id).all()",
    ),
    Row(
        "params dict",
        "s.query(Post).filter(Post.id < sa.bindparam('x')).params({'x': 3}).order_by(Post.id).all()",
    ),
    Row("with_for_update", "s.query(Post).filter(Post.id == 1).with_for_update().one()"),
    Row(
        "with_for_update of",
        "s.query(Post).filter(Post.id == 1).with_for_update(of=Post, skip_locked=True).one()",
    ),
    Row("execution_options", "s.query(Post).execution_options(foo=1).order_by(Post.id).all()"),
    Row(
        "populate_existing",
        "p = s.get(Post, 1)\ns.execute(sa.update(Post.__table__).values(title='zz'))\nbefore = p.title\ns.query(Post).populate_existing().all()\nreturn before, p.title",
        expected="execution_options(populate_existing=True)",
    ),
    Row(
        "autoflush",
        "s.add(Tag(id=9, name='t9'))\nreturn len(s.query(Tag).autoflush(False).all()), len(s.query(Tag).all())",
        expected="execution_options(autoflush=False)",
    ),
    Row(
        "yield_per",
        "[p.id for p in s.query(Post).order_by(Post.id).yield_per(2)]",
        expected="execution_options(yield_per=2)",
    ),
    Row(
        "yield_per of a join",
        "[p.id for p in s.query(Post).join(Post.tags).order_by(Post.id).yield_per(2)]",
    ),
    Row("yield_per and all", "s.query(Post).order_by(Post.id).yield_per(2).all()"),
    Row("yield_per and list", "list(s.query(Post.id).order_by(Post.id).yield_per(2))"),
    Row("yield_per and first", "s.query(Post).order_by(Post.id).yield_per(2).first()"),
    Row(
        "yield_per of a built query",
        "q = s.query(Post).order_by(Post.id)\nq = q.yield_per(2)\nfound = []\nfor p in q:\n    found.append(p.id)\nreturn found",
    ),
    Row("yield_per of a joined collection", "[u.id for u in s.query(User).yield_per(2)]"),
    Row("enable_eagerloads", "s.query(Post).enable_eagerloads(False).order_by(Post.id).all()"),
    Row(
        "enable_eagerloads with eager loads",
        "s.query(User).enable_eagerloads(False).order_by(User.id).all()",
        left="LL210",
    ),
    Row(
        "with_parent",
        "u = s.get(User, 2)\nreturn s.query(Post).with_parent(u, User.posts).order_by(Post.id).all()",
        expected=".where(with_parent(u, User.posts))",
    ),
    Row(
        "with_parent guessed",
        "u = s.get(User, 2)\nreturn s.query(Post).with_parent(u).order_by(Post.id).all()",
        left="LL210",
    ),
    Row(
        "from_statement",
        "s.query(Post).from_statement(text('select * from posts where id < :x order by id')).params(x=3).all()",
    ),
    Row(
        "from_statement select",
        "s.query(Post).from_statement(sa.select(Post).where(Post.id < 3).order_by(Post.id)).all()",
    ),
    Row("tuples", "s.query(Post).order_by(Post.id).tuples().all()", since=(2, 0)),
    Row(
        "statement",
        "s.execute(s.query(Post.id, Tag.id).join(Post.tags).order_by(Post.id, Tag.id).statement).all()",
    ),
    Row(
        "statement of a filter",
        "s.scalars(s.query(Post).filter(Post.id < 3).order_by(Post.id).statement).all()",
    ),
    Row("session attribute", "s.query(Post).session is s", left="LL210"),
    Row(
        "truth",
        "if s.query(Post).filter(Post.id == 99):\n    return 'true'\nreturn 'false'",
    ),
    Row("no truth", "return 'never' if not s.query(Post).filter(Post.id == 99) else 'always'"),
    Row(
        "truth within and",
        "found = s.query(Post).filter(Post.id == 1)\n"
        "if len('ab') == 2 and found:\n    return found.count()",
    ),
    Row("as text", "str(s.query(Post)) != ''", left="LL210"),
    Row("column_descriptions", "len(s.query(Post).column_descriptions)", left="LL210"),
    Row("unknown method", "s.query(Post).with_session(s).order_by(Post.id).all()", left="LL210"),
]

ENTITIES = [
    Row(
        "with_entities",
        "s.query(Post).filter(Post.id < 3).with_entities(Post.title, Post.name).order_by(Post.id).all()",
        expected=".with_only_columns(Post.title, Post.name)",
    ),
    Row(
        "with_entities count",
        "s.query(Post).filter(Post.id < 3).with_entities(func.count()).scalar()",
    ),
    Row("with_entities count of nothing", "s.query(Post).with_entities(func.count()).scalar()"),
    Row(
        "with_entities count after join",
        "s.query(Post).join(Post.tags).with_entities(func.count()).scalar()",
    ),
    Row(
        "with_entities an entity",
        "s.query(Post.id).join(Post.author).with_entities(User).order_by(User.id).all()",
    ),
    Row(
        "add_columns",
        "s.query(Post).add_columns(Tag.name).join(Post.tags).order_by(Post.id, Tag.id).all()",
    ),
    Row(
        "add_column",
        "s.query(Post).add_column(Tag.name).join(Post.tags).order_by(Post.id, Tag.id).all()",
    ),
    Row(
        "add_entity",
        "s.query(Post).join(Post.tags).add_entity(Tag).order_by(Post.id, Tag.id).all()",
        expected=".add_columns(Tag)",
    ),
    Row(
        "values",
        "list(s.query(Post).order_by(Post.id).values(Post.title, Post.name))",
        left="LL211",
    ),
    Row("value", "s.query(Post).filter(Post.id == 1).value(Post.title)", left="LL211"),
    Row(
        "alias",
        "a = aliased(Post)\nreturn s.query(a).filter(a.id < 3).order_by(a.id).all()",
        expected="s.scalars(select(a).where(a.id < 3).order_by(a.id)).all()",
    ),
    Row(
        "alias of a subquery",
        "a = aliased(Post, s.query(Post).filter(Post.id < 4).subquery())\nreturn s.query(a).order_by(a.id).all()",
    ),
    Row(
        "in a query",
        "s.query(User.id).filter(User.id.in_(s.query(Post.author_id))).order_by(User.id).all()",
        expected="User.id.in_(select(Post.author_id))",
    ),
    Row(
        "in a subquery",
        "s.query(User.id).filter(User.id.in_(s.query(Post.author_id).subquery())).order_by(User.id).all()",
    ),
    Row(
        "not in a query",
        "s.query(User.id).filter(User.id.not_in(s.query(Post.author_id))).order_by(User.id).all()",
    ),
    Row(
        "subquery columns",
        "q = s.query(Post.id, Tag.id).join(Post.tags).subquery()\nreturn list(q.c.keys()), s.query(q).count()",
    ),
    Row(
        "subquery named",
        "q = s.query(Post.id).subquery('x')\nreturn s.query(q.c.id).order_by(q.c.id).all()",
    ),
    Row(
        "subquery by keyword",
        "q = s.query(Post.id).subquery(name='x')\nreturn s.query(q.c.id).order_by(q.c.id).all()",
    ),
    Row(
        "subquery with labels",
        "q = s.query(Post.id).subquery(with_labels=True)\nreturn list(q.c.keys())",
        left="LL210",
    ),
    Row("cte", "q = s.query(Post).cte('x')\nreturn s.query(q.c.title).order_by(q.c.id).all()"),
    Row(
        "cte recursive",
        """
top = s.query(User.id, User.boss_id).filter(User.id == 1).cte(name="top", recursive=True)
below = s.query(User.id, User.boss_id).filter(User.boss_id == top.c.id)
tree = top.union(below)
return s.query(tree.c.id).order_by(tree.c.id).all()
""",
    ),
    Row(
        "union",
        "s.query(Post).filter(Post.id < 2).union(s.query(Post).filter(Post.id > 4)).all()",
        left="LL212?",
    ),
    Row("union of a column", "s.query(Post.name).union(s.query(Tag.name)).all()", left="LL212?"),
    Row(
        "union ordered",
        "s.query(Post).filter(Post.id < 3).union(s.query(Post).filter(Post.id < 5)).order_by(Post.id.desc()).limit(2).all()",
        left="LL212",
    ),
]
