from sqlalchemy import select

from blog import crud, models, schemas


def test_create_author(client, session):
    response = client.post("/authors", json={"name": "Grace"})
    assert response.status_code == 201
    assert response.json()["posts"] == []
    assert session.scalars(select(models.Author.name)).all() == ["Grace"]


def test_author_exists(client, author):
    response = client.post("/authors", json={"name": author.name})
    assert response.status_code == 409


def test_create_post_with_tags(client, author):
    response = client.post(
        "/posts",
        json={"title": "Notes", "author_id": author.id, "tags": ["maths", "engines"]},
    )
    assert response.status_code == 201, response.text
    data = response.json()
    assert data["author"]["name"] == "Ada"
    assert [tag["name"] for tag in data["tags"]] == ["engines", "maths"]
    assert data["comments"] == []


def test_tags_are_shared(session, author):
    first = crud.create_post(
        session, schemas.PostCreate(title="One", author_id=author.id, tags=["maths"])
    )
    second = crud.create_post(
        session, schemas.PostCreate(title="Two", author_id=author.id, tags=["maths"])
    )
    [logic] = crud.get_or_create_tags(session, ["logic"])
    links = [{"post_id": post.id, "tag_id": logic.id} for post in (first, second)]
    session.execute(models.post_tags.insert(), links)
    session.commit()
    assert [tag.name for tag in first.tags] == ["logic", "maths"]
    assert first.tags == second.tags
    assert crud.tag_counts(session) == {"maths": 2, "logic": 2}


def test_an_author_is_read_with_the_posts_of_today(client, author):
    assert client.get(f"/authors/{author.id}").json()["posts"] == []
    client.post("/posts", json={"title": "Notes", "author_id": author.id})
    posts = client.get(f"/authors/{author.id}").json()["posts"]
    assert [post["title"] for post in posts] == ["Notes"]


def test_deleting_an_author_deletes_the_posts(client, session, author):
    client.post("/posts", json={"title": "Notes", "author_id": author.id})
    assert crud.count_posts(session) == 1
    assert client.delete(f"/authors/{author.id}").status_code == 204
    assert crud.count_posts(session) == 0


def test_unknown_post(client):
    assert client.get("/posts/7").status_code == 404
