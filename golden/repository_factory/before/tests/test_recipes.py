import random

import pytest

from pantry.schemas import RecipeIn, TagIn


@pytest.fixture
def dinner(repos):
    tags = repos.tags.create_many([TagIn(name="fast"), TagIn(name="old")])
    repo = random.choice([repos.recipes])
    recipe = repo.create(RecipeIn(title="Pancakes", tags=[tags[0].name, "sweet"]))
    yield recipe
    assert repo.get_one(recipe.id) is None


def test_a_recipe_is_read_changed_and_removed(client, dinner):
    answer = client.get(f"/recipes/{dinner.id}")
    assert answer.json()["tags"] == ["fast", "sweet"]
    changed = client.put(
        f"/recipes/{dinner.id}", json={"title": "Crepes", "tags": ["thin"], "cook_name": "Ann"}
    )
    assert changed.status_code == 200
    assert changed.json()["title"] == "Crepes"
    assert changed.json()["tags"] == ["thin"]
    assert client.get("/tags/unused").json()[0]["name"] == "fast"
    assert client.delete(f"/recipes/{dinner.id}").json()["title"] == "Crepes"


def test_a_cook_is_made_with_the_recipe(client, repos):
    made = client.post("/recipes", json={"title": "Soup", "cook_name": "Bob", "tags": ["hot"]})
    assert made.status_code == 201
    cook = repos.cooks.get_one("Bob", key="name")
    assert cook is not None
    assert made.json()["cook"] == {"id": cook.id, "name": "Bob"}
    assert [found.title for found in repos.recipes.tagged("hot")] == ["Soup"]
