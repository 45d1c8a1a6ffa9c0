import crud


def test_tickets_are_sorted_by_priority(client, database):
    db = database()
    crud.create_ticket(db, "later", 5)
    crud.create_ticket(db, "now", 1)
    db.close()
    assert [t["subject"] for t in client.get("/tickets").json()] == ["now", "later"]


def test_comment(client, database):
    ticket = client.post("/tickets", json={"subject": "help"}).json()
    r = client.post(f"/tickets/{ticket['id']}/comments", json={"author": "me", "text": "please"})
    assert r.status_code == 200
    assert r.json()["comments"][0]["text"] == "please"
    db = database()
    assert crud.get_ticket(db, ticket["id"]).comments[0].author == "me"
    db.close()


def test_unknown(client):
    assert client.get("/tickets/12345").status_code == 404
