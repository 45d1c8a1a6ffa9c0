"""What templates read is loaded, and nothing that only looks like it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import check

ROUTE = '''
from jinja2 import Template


@app.get("/page")
def page(db: Db):
    users = db.scalars(select(User).order_by(User.id)).all()
    return Template("""TEMPLATE""").render(GIVEN)
'''

#: The template, what it is given, and the options of the query for users.
CASES = {
    "each name for itself": (
        "{% for u in users %}{{ u.posts|length }}{% endfor %}{{ site.tags }}{{ site.author }}",
        'users=users, site={"tags": "a", "author": "b"}',
        "selectinload(User.posts)",
    ),
    "in loops": (
        "{% for u in users %}{% for p in u.posts if p.title %}{{ p.tags|length }}{% endfor %}"
        "{% endfor %}{{ site.author }}",
        'users=users, site={"author": "b"}',
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "by set, with an index": (
        "{% for u in users %}{% set first = u.posts[0] %}"
        "{% if u.posts %}{{ first.tags|length }}{% endif %}{% endfor %}",
        "users=users",
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "a context that is a dict": (
        "{% for u in users %}{{ u.posts|length }}{% endfor %}{{ site.tags }}",
        '{"users": users, "site": {"tags": "a"}}',
        "selectinload(User.posts)",
    ),
    "within another object": (
        "{% for u in page.rows %}{% for p in u.posts %}{{ p.tags|length }}{% endfor %}{% endfor %}",
        'page={"rows": users}',
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "of one element": (
        "{{ users[0].posts|length }}{{ site.author }}",
        'users=users, site={"author": "b"}',
        "selectinload(User.posts)",
    ),
    "beyond names: what brackets give": (
        "{{ (users|first).posts|length }}",
        "users=users",
        "selectinload(User.posts)",
    ),
    "beyond names: the second name of with": (
        "{% with a = users[0].name, b = users[0].posts %}{{ a }}{{ b[0].tags|length }}"
        "{% endwith %}",
        "users=users",
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "beyond names: a macro": (
        "{% macro line(post) %}{{ post.tags|length }}{% endmacro %}"
        "{% for u in users %}{% for p in u.posts %}{{ line(post=p) }}{% endfor %}{% endfor %}",
        "users=users",
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "beyond names: texts": (
        "{% for u in users %}{{ u.posts|map(attribute='tags')|map('length')|sum }}{% endfor %}",
        "users=users",
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "beyond names: the element before": (
        "{% for u in users %}{% for p in u.posts %}{% if loop.previtem is defined %}"
        "{{ loop.previtem.tags|length }}{% endif %}{% endfor %}"
        "{% endfor %}",
        "users=users",
        "selectinload(User.posts).selectinload(Post.tags)",
    ),
    "beyond names: what an index reads": (
        "{{ users[users[0].posts|length - 2].name }}",
        "users=users",
        "selectinload(User.posts)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_templates_read(name: str) -> None:
    template, given, expected = CASES[name]
    body = ROUTE.replace("TEMPLATE", template).replace("GIVEN", given)
    text = check(source_of(body), [("GET", "/page")]).after["app.py"].text
    query = " ".join(text.partition('"/page"')[2].split())
    assert f"select(User) .options({expected}) .order_by" in query or (
        f"select(User).options({expected}).order_by" in query
    ), text


def test_objects_of_a_class_under_two_names() -> None:
    template = (
        "{% for u in users %}{{ u.posts|length }}{% endfor %}"
        "{% for p in posts %}{{ p.tags|length }}{% endfor %}"
    )
    body = ROUTE.replace("TEMPLATE", template).replace(
        "GIVEN", "users=users, posts=db.scalars(select(Post)).all()"
    )
    text = check(source_of(body), [("GET", "/page")]).after["app.py"].text
    assert "select(User).options(selectinload(User.posts)).order_by" in text
    assert "select(Post).options(selectinload(Post.tags))" in text
