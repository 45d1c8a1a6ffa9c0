"""What the routes share: no FastAPI here."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import immediateload, selectinload

from .models import Act, Festival, Genre, Slot, Stage


class NotFound(Exception):
    pass


async def festival(db: AsyncSession, name: str) -> Festival:
    found = (
        await db.scalars(
            select(Festival)
            .options(
                selectinload(Festival.stages)
                .selectinload(Stage.slots)
                .selectinload(Slot.act)
                .selectinload(Act.genres)
            )
            .where(Festival.name == name)
            .limit(1)
        )
    ).first()
    if found is None:
        raise NotFound(f"No festival {name}")
    return found


async def genres_of(db: AsyncSession, names: list[str]) -> list[Genre]:
    known = {
        genre.name: genre
        for genre in await db.scalars(select(Genre).where(Genre.name.in_(names)))
    }
    return [known.get(name) or Genre(name=name) for name in names]


def poster(found: Festival) -> str:
    """The poster in plain text: every act once, with what it plays."""
    acts = {slot.act for stage in found.stages for slot in stage.slots}
    lines = [f"{act.name} ({', '.join(act.genre_names)})" for act in acts]
    return "\n".join([found.name.upper(), *sorted(lines)])


async def clashes(db: AsyncSession) -> list[tuple[Slot, Slot]]:
    """Slots of one act at the same time."""
    slots = (
        await db.scalars(
            select(Slot)
            .options(
                selectinload(Slot.act),
                selectinload(Slot.stage).selectinload(Stage.festival),
            )
            .order_by(Slot.starts, Slot.id)
        )
    ).all()
    return [
        (one, other)
        for index, one in enumerate(slots)
        for other in slots[index + 1 :]
        if one.act is other.act and one.starts == other.starts
    ]


async def add_genre(db: AsyncSession, act: Act, name: str) -> None:
    if name not in act.genre_names:
        act.genres.extend(await genres_of(db, [name]))
        await db.commit()


async def move(db: AsyncSession, slot: Slot, stage: Stage) -> Slot:
    if stage.festival_id != slot.stage.festival_id:
        raise ValueError(f"{stage.festival.name} is not {slot.stage.festival.name}")
    slot.stage = stage
    await db.commit()
    await db.get(
        Slot,
        slot.id,
        options=[immediateload(Slot.act).selectinload(Act.genres)],
        populate_existing=True,
    )
    return slot


def invoice(slot: Slot) -> dict[str, str]:
    return {"to": slot.act.name, "for": str(slot)}
