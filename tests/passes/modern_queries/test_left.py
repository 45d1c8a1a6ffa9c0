# ruff: noqa: E501
"""What is left: untouched, with a finding that says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from passes.modern_queries.bench import MODELS, converted, left, module_source

from codemods.config import Options
from codemods.passes.modern_queries import PASS
from codemods.pipeline import migrate
from codemods.source import CodeBase
from codemods.source.text import SourceFile

LEFT = {
    "a method that is not known": ("s.query(Post).merge_result([])", "LL210"),
    "a removed method": ("s.query(Post).from_self().all()", "LL211"),
    "a join by name": ("s.query(Post).join('tags').all()", "LL211"),
    "a join with a removed argument": ("s.query(Post).join(Post.tags, aliased=True).all()", "LL211"),
    "a selection that is not known": ("def case(s: Session, what):\n    return s.query(what).all()", "LL214"),
    "starred entities": ("def case(s: Session, *what):\n    return s.query(*what).all()", "LL214"),
    "a statement of two sessions": (
        "def case(a: Session, b: Session):\n"
        "    q = a.query(Post) if a else b.query(Post)\n"
        "    return q.all()",
        "LL217",
    ),
    "text": ("f'{s.query(Post)}'", "LL210"),
    "a stranger's function": ("import pandas\n\ndef case(s: Session):\n    return pandas.read_sql(s.query(Post), s)", "LL210"),
    "yielded": ("def case(s: Session):\n    yield s.query(Post)", "LL210"),
    "a lambda": ("f = lambda: s.query(Post)\nreturn f().all()", "LL210"),
    "operators": ("q = s.query(Post)\nq += 1\nreturn q", "LL210"),
    "a class attribute": ("class Posts:\n    found = Session().query(Post)\n\ndef case(s: Session):\n    return 1", "LL210"),
    "a method that is overridden": (
        "class A:\n"
        "    def base(self, s: Session):\n"
        "        return s.query(Post)\n\n"
        "class B(A):\n"
        "    def base(self, s: Session):\n"
        "        return s.query(Post).filter(Post.id > 1)\n\n"
        "def case(s: Session):\n"
        "    return A().base(s).all()",
        "LL210",
    ),
    "filter_by of an alias elsewhere": (
        "def named(query):\n"
        "    return query.filter_by(name='n1')\n\n"
        "def case(s: Session):\n"
        "    a = aliased(Post)\n"
        "    return named(s.query(User).join(a, a.author_id == User.id)).all()",
        "LL213",
    ),
    "filter_by of an alias of the same name": (
        "a = aliased(Post)\n\n"
        "def named(query):\n"
        "    return query.filter_by(name='n1')\n\n"
        "def case(s: Session):\n"
        "    a = aliased(Post)\n"
        "    return named(s.query(User).join(a, a.author_id == User.id)).all()",
        "LL213",
    ),
    "a decorated function": (
        "import functools\n\n"
        "@functools.lru_cache\n"
        "def base(s: Session):\n"
        "    return s.query(Post)\n\n"
        "def case(s: Session):\n"
        "    return base(s).all()",
        "LL210",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    source, code = LEFT[name]
    before = module_source(source)
    after, findings = converted(before)
    assert after == before
    assert left(findings) == {code}
    assert all(finding.reasons for finding in findings)


UNTOUCHED = {
    "a query of something else": "class Api:\n    def query(self, what):\n        return what\n\n\ndef case(s: Session):\n    return Api().query(Post)",
    "fastapi's Query": "from fastapi import Query\n\n\ndef case(q: str = Query(None)):\n    return q",
    "a statement": "s.scalars(sa.select(Post)).all()",
    "a relationship": "s.get(Post, 1).tags",
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_untouched(name: str) -> None:
    before = module_source(UNTOUCHED[name])
    assert converted(before) == (before, ())


CUSTOMS = {
    "a query class that overrides": (
        "from sqlalchemy.orm import Query, sessionmaker\n\n\n"
        "class Living(Query):\n"
        "    def get(self, key):\n"
        "        return None\n\n\n"
        "make = sessionmaker(query_cls=Living)\n",
        "LL218",
    ),
    "an event of queries": (
        "from sqlalchemy import event\n"
        "from sqlalchemy.orm import Query\n\n\n"
        "@event.listens_for(Query, 'before_compile', retval=True)\n"
        "def only_living(query):\n"
        "    return query\n",
        "LL218",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CUSTOMS)
def test_customs(name: str) -> None:
    other, code = CUSTOMS[name]
    before = module_source("s.query(Post).all()")
    files = {
        "cases.py": SourceFile("cases.py", before),
        "models.py": SourceFile("models.py", MODELS),
        "other.py": SourceFile("other.py", other),
    }
    migration = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1))
    assert migration.after["cases.py"].text == before
    assert code in left(migration.findings)


def test_a_query_class_that_adds() -> None:
    other = (
        "from sqlalchemy.orm import Query, sessionmaker\n\n\n"
        "class Paged(Query):\n"
        "    def page(self, number):\n"
        "        return self.limit(10).offset(number * 10)\n\n\n"
        "make = sessionmaker(query_cls=Paged)\n"
    )
    source = module_source("s.query(Post).all(), s.query(Tag).page(1).all()")
    files = {
        "cases.py": SourceFile("cases.py", source),
        "models.py": SourceFile("models.py", MODELS),
        "other.py": SourceFile("other.py", other),
    }
    after = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1)).after
    assert "s.scalars(select(Post)).all(), s.query(Tag).page(1).all()" in after["cases.py"].text


def test_only_the_target_is_edited() -> None:
    files = {
        "app/cases.py": SourceFile("app/cases.py", module_source("s.query(Post).all()")),
        "lib/cases.py": SourceFile("lib/cases.py", module_source("s.query(Post).all()")),
        "models.py": SourceFile("models.py", MODELS),
    }
    migration = migrate(CodeBase(Path("/nowhere"), files, "app"), [PASS], Options(jobs=1))
    assert migration.changed == ("app/cases.py",)
    assert {finding.path for finding in migration.findings} == {"app/cases.py"}
