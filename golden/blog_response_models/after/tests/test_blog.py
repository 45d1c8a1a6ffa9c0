import pytest
from sqlalchemy import select

from blog import crud, models, schemas

pytestmark = pytest.mark.anyio


async def test_create_author(client, session):
    response = await client.post("/authors", json={"name": "Grace"})
    assert response.status_code == 201
    assert response.json()["posts"] == []
    assert (await session.scalars(select(models.Author.name))).all() == ["Grace"]


async def test_author_exists(client, author):
    response = await client.post("/authors", json={"name": author.name})
    assert response.status_code == 409


async def test_create_post_with_tags(client, author):
    response = await client.post(
        "/posts",
        json={"title": "Notes", "author_id": author.id, "tags": ["maths", "engines"]},
    )
    assert response.status_code == 201, response.text
    data = response.json()
    assert data["author"]["name"] == "Ada"
    assert [tag["name"] for tag in data["tags"]] == ["engines", "maths"]
    assert data["comments"] == []


async def test_tags_are_shared(session, author):
    first = await crud.create_post(
        session, schemas.PostCreate(title="One", author_id=author.id, tags=["maths"])
    )
    second = await crud.create_post(
        session, schemas.PostCreate(title="Two", author_id=author.id, tags=["maths"])
    )
    [logic] = await crud.get_or_create_tags(session, ["logic"])
    links = [{"post_id": post.id, "tag_id": logic.id} for post in (first, second)]
    await session.execute(models.post_tags.insert(), links)
    await session.commit()
    await session.refresh(first, ["tags"])
    assert [tag.name for tag in first.tags] == ["logic", "maths"]
    await session.refresh(second, ["tags"])
    assert first.tags == second.tags
    assert await crud.tag_counts(session) == {"maths": 2, "logic": 2}


async def test_an_author_is_read_with_the_posts_of_today(client, author):
    assert (await client.get(f"/authors/{author.id}")).json()["posts"] == []
    await client.post("/posts", json={"title": "Notes", "author_id": author.id})
    posts = (await client.get(f"/authors/{author.id}")).json()["posts"]
    assert [post["title"] for post in posts] == ["Notes"]


async def test_deleting_an_author_deletes_the_posts(client, session, author):
    await client.post("/posts", json={"title": "Notes", "author_id": author.id})
    assert await crud.count_posts(session) == 1
    assert (await client.delete(f"/authors/{author.id}")).status_code == 204
    assert await crud.count_posts(session) == 0


async def test_unknown_post(client):
    assert (await client.get("/posts/7")).status_code == 404
