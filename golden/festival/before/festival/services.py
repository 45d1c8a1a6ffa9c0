"""What the routes share: no FastAPI here."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import Act, Festival, Genre, Slot, Stage


class NotFound(Exception):
    pass


def festival(db: Session, name: str) -> Festival:
    found = db.query(Festival).filter(Festival.name == name).first()
    if found is None:
        raise NotFound(f"No festival {name}")
    return found


def genres_of(db: Session, names: list[str]) -> list[Genre]:
    known = {genre.name: genre for genre in db.query(Genre).filter(Genre.name.in_(names))}
    return [known.get(name) or Genre(name=name) for name in names]


def poster(found: Festival) -> str:
    """The poster in plain text: every act once, with what it plays."""
    acts = {slot.act for stage in found.stages for slot in stage.slots}
    lines = [f"{act.name} ({', '.join(act.genre_names)})" for act in acts]
    return "\n".join([found.name.upper(), *sorted(lines)])


def clashes(db: Session) -> list[tuple[Slot, Slot]]:
    """Slots of one act at the same time."""
    slots = db.scalars(select(Slot).order_by(Slot.starts, Slot.id)).all()
    return [
        (one, other)
        for index, one in enumerate(slots)
        for other in slots[index + 1 :]
        if one.act is other.act and one.starts == other.starts
    ]


def add_genre(db: Session, act: Act, name: str) -> None:
    if name not in act.genre_names:
        act.genres.extend(genres_of(db, [name]))
        db.commit()


def move(db: Session, slot: Slot, stage: Stage) -> Slot:
    if stage.festival_id != slot.stage.festival_id:
        raise ValueError(f"{stage.festival.name} is not {slot.stage.festival.name}")
    slot.stage = stage
    db.commit()
    return slot


def invoice(slot: Slot) -> dict[str, str]:
    return {"to": slot.act.name, "for": str(slot)}
