from festival.models import Act, Festival, Slot
from festival.services import add_genre, clashes, festival, poster


def test_poster(summer):
    assert poster(summer) == "SUMMER\nOwls (folk, jazz)"


def test_headliners(session, summer):
    found = festival(session, "Summer")
    assert found.headliners == ["Owls"]
    assert found.genres() == {"folk", "jazz"}


def test_add_genre(session, summer):
    act = session.query(Act).one()
    add_genre(session, act, "blues")
    assert act.genre_names == ["blues", "folk", "jazz"]


def test_clashes(session, summer):
    slot = session.query(Slot).one()
    session.add(Slot(starts=slot.starts, act=slot.act, stage=summer.stages[0]))
    session.commit()
    assert [str(one) for pair in clashes(session) for one in pair] == [
        "Owls at Main, Summer",
        "Owls at Barn, Summer",
    ]


def test_read(client, summer):
    body = client.get("/festivals/Summer").json()
    assert body["fees"] == "100.00"
    assert [stage["name"] for stage in body["stages"]] == ["Barn", "Main"]


def test_programme(client, summer):
    assert "<li>Owls: folk, jazz</li>" in client.get("/festivals/Summer/programme").text


def test_remove(client, session, summer):
    assert client.delete("/festivals/Summer").status_code == 204
    assert session.query(Festival).count() == 0
