from abc import ABC, abstractmethod
from typing import ClassVar, Generic, Iterator, TypeVar

from sqlalchemy import Select, func, select

from ..database import AppSession, Base
from ..ports import Journal

M = TypeVar("M", bound=Base)


class BaseRepo(ABC, Generic[M]):
    model: ClassVar[type[Base]]

    def __init__(self, session: AppSession):
        self.session = session

    @abstractmethod
    def order(self): ...

    def select(self) -> Select:
        return select(self.model).order_by(*self.order())

    def get(self, pk: int) -> M:
        return self.session.get_or_404(self.model, pk)

    def page(self, start: int = 0, size: int = 10) -> list[M]:
        return list(self.session.scalars(self.select().offset(start).limit(size)))

    def save(self, obj: M) -> M:
        return obj.save(self.session)

    def remove(self, pk: int) -> None:
        self.session.delete(self.get(pk))
        self.session.commit()

    def __len__(self) -> int:
        return self.session.scalar(select(func.count()).select_from(self.select().order_by(None).subquery()))

    def __iter__(self) -> Iterator[M]:
        yield from self.session.scalars(self.select())

    def __contains__(self, name: str) -> bool:
        return any(obj.name == name for obj in self)

    def __getitem__(self, name: str) -> M:
        found = self.session.scalars(self.select().where(self.model.name == name)).first()
        if found is None:
            raise KeyError(name)
        return found


class Journaled:
    """Mixin: writes down what is saved and removed."""

    journal: Journal

    def save(self, obj):
        saved = super().save(obj)
        self.journal.write(f"saved {saved!r}")
        self.session.commit()
        return saved

    def remove(self, pk):
        name = self.get(pk).name
        super().remove(pk)
        self.journal.write(f"removed {name}")
        self.session.commit()


class SoftDelete:
    """Mixin: rows stay, and are hidden."""

    def select(self):
        return super().select().where(self.model.removed.is_(False))

    def get(self, pk):
        found = super().get(pk)
        if found.removed:
            raise LookupError(f"{found.name} was removed")
        return found

    def remove(self, pk):
        self.get(pk).removed = True
        self.session.commit()
