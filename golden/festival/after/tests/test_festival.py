import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import immediateload, selectinload

from festival.models import Act, Festival, Slot, Stage
from festival.services import add_genre, clashes, festival, poster

pytestmark = pytest.mark.anyio


async def test_poster(summer, session):
    (
        await session.execute(
            select(Festival)
            .options(
                selectinload(Festival.stages)
                .selectinload(Stage.slots)
                .selectinload(Slot.act)
                .selectinload(Act.genres)
            )
            .where(Festival.id == summer.id)
        )
    ).scalar_one()
    assert poster(summer) == "SUMMER\nOwls (folk, jazz)"


async def test_headliners(session, summer):
    found = await festival(session, "Summer")
    (
        await session.execute(
            select(Festival)
            .options(
                selectinload(Festival.stages)
                .selectinload(Stage.slots)
                .selectinload(Slot.act)
                .selectinload(Act.genres)
            )
            .where(Festival.id == found.id)
        )
    ).scalar_one()
    assert found.headliners == ["Owls"]
    assert found.genres() == {"folk", "jazz"}


async def test_add_genre(session, summer):
    act = (await session.scalars(select(Act).options(selectinload(Act.genres)))).one()
    await add_genre(session, act, "blues")
    await session.refresh(act, ["genres"])
    assert act.genre_names == ["blues", "folk", "jazz"]


async def test_clashes(session, summer):
    slot = (await session.scalars(select(Slot).options(immediateload(Slot.act)))).one()
    await session.refresh(summer, ["stages"])
    session.add(Slot(starts=slot.starts, act=slot.act, stage=summer.stages[0]))
    await session.commit()
    assert [str(one) for pair in await clashes(session) for one in pair] == [
        "Owls at Main, Summer",
        "Owls at Barn, Summer",
    ]


def test_read(client, summer):
    body = client.get("/festivals/Summer").json()
    assert body["fees"] == "100.00"
    assert [stage["name"] for stage in body["stages"]] == ["Barn", "Main"]


def test_programme(client, summer):
    assert "<li>Owls: folk, jazz</li>" in client.get("/festivals/Summer/programme").text


async def test_remove(client, session, summer):
    assert client.delete("/festivals/Summer").status_code == 204
    assert await session.scalar(select(func.count()).select_from(Festival)) == 0
