from app import crud
from app.schemas import ItemCreate, ItemUpdate, UserCreate


def test_create_and_update_item(db) -> None:
    user = crud.user.create(db, obj_in=UserCreate(email=" Eve@Example.org "))
    assert user.email == "eve@example.org"
    item = crud.item.create_with_owner(
        db, obj_in=ItemCreate(title="Foo", tags=["b", "a", "b"]), owner_id=user.id
    )
    assert [t.name for t in item.tags] == ["a", "b"]
    item2 = crud.item.update(db, db_obj=item, obj_in=ItemUpdate(title="Bar", tags=["c"]))
    assert item2 is item
    assert item2.owner is user
    assert crud.item.count(db) == 1
    assert crud.item.remove(db, id=item.id).title == "Bar"
    assert crud.item.get(db, item.id) is None
    assert crud.item.remove(db, id=item.id) is None


def test_an_item_of_somebody_who_is_stored(db) -> None:
    owner_id = crud.user.create(db, obj_in=UserCreate(email="kim@example.org")).id
    item = crud.item.create_with_owner(db, obj_in=ItemCreate(title="Lent"), owner_id=owner_id)
    assert item.owner.email == "kim@example.org"
    crud.item.remove(db, id=item.id)


def test_items_need_a_user(client) -> None:
    assert client.get("/items/").status_code == 422
    assert client.get("/items/", headers={"x-user": "nobody"}).status_code == 401


def test_read_item(client, db) -> None:
    admin = {"x-user": "admin@example.org"}
    r = client.post("/items/", json={"title": "T", "tags": ["x"]}, headers=admin)
    assert r.status_code == 200
    created = r.json()
    assert created["owner"]["full_name"] == "Admin"
    stored = crud.item.get(db, created["id"])
    assert stored and stored.owner.email == "admin@example.org"
    r = client.get(f"/items/{stored.id}", headers=admin)
    assert r.json() == created
