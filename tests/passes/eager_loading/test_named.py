"""Collections that are replaced by a name which the code does not show."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from application import source_of
from strict import check

CHANGE = """
class PostChange(BaseModel):
    title: str | None = None
    tags: list[TagOut] | None = None


class TitleChange(BaseModel):
    title: str | None = None


@app.patch("/posts/{{post_id}}", response_model=Out)
def change(post_id: int, change: {model}, db: Db):
    post = db.get(Post, post_id)
{body}
    db.commit()
    return post


@app.get("/posts/{{post_id}}", response_model=PostOut)
def read(post_id: int, db: Db):
    return db.get(Post, post_id)
"""

BODIES = {
    "items": """\
    for key, value in change.model_dump(exclude_unset=True).items():
        setattr(post, key, value)
""",
    "a name": """\
    data = change.model_dump(exclude_unset=True)
    for key, value in data.items():
        setattr(post, key, value)
""",
    "keys": """\
    data = change.model_dump(exclude_unset=True)
    for key in data:
        setattr(post, key, data[key])
""",
}
REQUESTS = [
    ("PATCH", "/posts/1", {"tags": []}),
    ("GET", "/posts/1"),
    ("PATCH", "/posts/2", {"title": "new"}),
    ("GET", "/posts/2"),
]


@pytest.mark.parametrize("name", BODIES)
def test_what_a_dump_can_replace_is_loaded(name: str) -> None:
    source = source_of(CHANGE.format(model="PostChange", body=BODIES[name].rstrip("\n")))
    text = check(source, REQUESTS).after["app.py"].text
    assert "db.get(Post, post_id, options=[selectinload(Post.tags)])\n    " in text


@pytest.mark.parametrize("name", BODIES)
def test_columns_are_set_without_a_load(name: str) -> None:
    source = source_of(CHANGE.format(model="TitleChange", body=BODIES[name].rstrip("\n")))
    text = check(source, REQUESTS[2:]).after["app.py"].text
    assert "    post = db.get(Post, post_id)\n" in text


def test_a_name_that_is_written_out() -> None:
    body = '    setattr(post, "tags", [])'
    text = (
        check(
            source_of(CHANGE.format(model="TitleChange", body=body)),
            [
                ("PATCH", "/posts/1", {}),
                ("GET", "/posts/1"),
            ],
        )
        .after["app.py"]
        .text
    )
    assert "post = db.get(Post, post_id, options=[selectinload(Post.tags)])" in text
