import pytest
from sqlalchemy.orm import selectinload

import crud
from models import Ticket

pytestmark = pytest.mark.anyio


async def test_tickets_are_sorted_by_priority(client, database):
    db = database()
    await crud.create_ticket(db, "later", 5)
    await crud.create_ticket(db, "now", 1)
    await db.close()
    assert [t["subject"] for t in client.get("/tickets").json()] == ["now", "later"]


async def test_comment(client, database):
    ticket = client.post("/tickets", json={"subject": "help"}).json()
    r = client.post(f"/tickets/{ticket['id']}/comments", json={"author": "me", "text": "please"})
    assert r.status_code == 200
    assert r.json()["comments"][0]["text"] == "please"
    db = database()
    assert (
        await crud.get_ticket(db, ticket["id"], options=[selectinload(Ticket.comments)])
    ).comments[0].author == "me"
    await db.close()


def test_unknown(client):
    assert client.get("/tickets/12345").status_code == 404
