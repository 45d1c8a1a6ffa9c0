from functools import wraps

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    id: Mapped[int] = mapped_column(primary_key=True)


class Updates:
    """A row is updated by what it was made by: its constructor."""

    def update(self, *args, **kwargs):
        self.__init__(*args, **kwargs)


def related_rows(session: Session, model, names):
    """The rows of those names; what is not there yet is made."""
    found = []
    for name in names:
        row = session.execute(select(model).filter_by(name=name)).scalar_one_or_none()
        found.append(row if row is not None else model(session=session, name=name))
    return found


def fill_columns():
    """Sets columns and relationships from keywords before the constructor runs."""

    def decorator(init):
        @wraps(init)
        def wrapper(self, *args, **kwargs):
            session: Session | None = kwargs.get("session")
            if session is None:
                raise ValueError("a model needs the session that it is made with")
            mapper = self.__mapper__
            for key, value in kwargs.items():
                if key in mapper.columns:
                    setattr(self, key, value)
                elif key in mapper.relationships and value is not None:
                    target = mapper.relationships[key].mapper.class_
                    setattr(self, key, related_rows(session, target, value))
            return init(self, *args, **kwargs)

        return wrapper

    return decorator
