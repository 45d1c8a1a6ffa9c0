import pytest
from sqlalchemy import func, select
from app import schemas, models

pytestmark = pytest.mark.anyio


async def test_get_all_posts(authorized_client, test_posts):
    res = await authorized_client.get("/posts/")

    def validate(post):
        return schemas.PostOut(**post)
    posts_map = map(validate, res.json())
    posts_list = list(posts_map)

    assert len(res.json()) == len(test_posts)
    assert res.status_code == 200
    assert posts_list[0].Post.id == test_posts[0].id


async def test_unauthorized_user_get_all_posts(client, test_posts):
    res = await client.get("/posts/")
    assert res.status_code == 401


async def test_get_one_post(authorized_client, test_posts):
    res = await authorized_client.get(f"/posts/{test_posts[0].id}")
    post = schemas.PostOut(**res.json())
    assert post.Post.id == test_posts[0].id
    assert post.Post.content == test_posts[0].content
    assert post.Post.owner.email == test_posts[0].owner.email


@pytest.mark.parametrize("title, content, published", [
    ("awesome new title", "awesome new content", True),
    ("favorite pizza", "i love pepperoni", False),
])
async def test_create_post(authorized_client, test_user, test_posts, title, content, published):
    res = await authorized_client.post(
        "/posts/", json={"title": title, "content": content, "published": published})

    created_post = schemas.Post(**res.json())
    assert res.status_code == 201
    assert created_post.title == title
    assert created_post.published == published
    assert created_post.owner_id == test_user['id']


async def test_delete_post_success(authorized_client, test_user, test_posts, session):
    res = await authorized_client.delete(
        f"/posts/{test_posts[0].id}")

    assert res.status_code == 204
    assert await session.scalar(select(func.count()).select_from(models.Post)) == 1


async def test_delete_other_user_post(authorized_client, test_user, test_posts):
    res = await authorized_client.delete(
        f"/posts/{test_posts[1].id}")
    assert res.status_code == 403


async def test_vote_twice_post(authorized_client, test_posts, session, test_user):
    session.add(models.Vote(post_id=test_posts[1].id, user_id=test_user['id']))
    await session.commit()
    res = await authorized_client.post(
        "/vote/", json={"post_id": test_posts[1].id, "dir": 1})
    assert res.status_code == 409
