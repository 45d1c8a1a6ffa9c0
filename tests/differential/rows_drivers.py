# ruff: noqa: E501
"""Rows of the table of driver differences: what the change of driver alone would change.

Each runs with psycopg2 as written, and migrated for psycopg 3 and for asyncpg. The two agree with
it, or a finding says that they do not.
"""

from __future__ import annotations

from dataclasses import dataclass

MODELS = """\
from datetime import datetime

from sqlalchemy import Column, DateTime, Integer, String, UniqueConstraint
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Event(Base):
    __tablename__ = "events"

    id = Column(Integer, primary_key=True)
    name = Column(String(30), unique=True)
    at = Column(DateTime)
    seen = Column(DateTime(timezone=True))
    amount = Column(Integer)


def fill(session):
    for number in range(1, 7):
        amount = None if number == 4 else number % 3
        at = datetime(2024, 1 + number % 2, number, 12)
        session.add(Event(id=number, name=f"e{number}", at=at, amount=amount))
"""

HEADER = """\
from datetime import datetime, timezone

import sqlalchemy as sa
from sqlalchemy import case as case_, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Event
"""


@dataclass(frozen=True)
class DriverRow:
    """A row: ``psycopg`` and ``asyncpg`` are the codes of the findings that are expected there.

    Where there is none, the migrated form agrees with the original. Where there is one, it does
    not: a finding that nothing calls for would be noise.
    """

    name: str
    source: str
    psycopg: str = ""
    asyncpg: str = ""
    expected: str = ""


_DAY = "func.date_trunc('day', Event.at)"
_BIG = "case_((Event.amount > 1, 'big'), else_='small')"

ROWS = [
    DriverRow(
        "group by a function that is repeated",
        f"[tuple(r) for r in s.query({_DAY}, func.count(Event.id)).group_by({_DAY}).order_by({_DAY})]",
    ),
    DriverRow(
        "group by a function that is repeated with a label",
        f"[tuple(r) for r in s.query({_DAY}.label('day'), func.count(Event.id)).group_by({_DAY}).order_by('day')]",
    ),
    DriverRow(
        "group by coalesce that is repeated",
        "[tuple(r) for r in s.execute(select(func.coalesce(Event.amount, 0), func.count()).group_by(func.coalesce(Event.amount, 0)).order_by(func.coalesce(Event.amount, 0)))]",
    ),
    DriverRow(
        "group by a case that is repeated",
        f"[tuple(r) for r in s.query({_BIG}, func.count(Event.id)).group_by({_BIG}).order_by({_BIG})]",
    ),
    DriverRow(
        "group by an operator that is repeated",
        "[tuple(r) for r in s.query(Event.amount + 1, func.count(Event.id)).group_by(Event.amount + 1).order_by(func.count(Event.id), Event.amount + 1)]",
    ),
    DriverRow(
        "group by a division that is repeated",
        "[tuple(r) for r in s.query(Event.amount / 2, func.count(Event.id)).group_by(Event.amount / 2).order_by(Event.amount / 2)]",
    ),
    DriverRow(
        "group by an expression with a name",
        f"day = {_DAY}\nreturn [tuple(r) for r in s.query(day, func.count(Event.id)).group_by(day).order_by(day)]",
    ),
    DriverRow(
        "group by an expression with a name and a label",
        f"day = {_DAY}.label('day')\nreturn [tuple(r) for r in s.query(day, func.count(Event.id)).group_by(day).order_by(day)]",
    ),
    DriverRow(
        "group by its label",
        f"[tuple(r) for r in s.query({_DAY}.label('day'), func.count(Event.id)).group_by('day').order_by('day')]",
    ),
    DriverRow(
        "group by a function of a parameter",
        """
def by(s: Session, unit: str):
    query = s.query(func.date_trunc(unit, Event.at), func.count(Event.id))
    query = query.group_by(func.date_trunc(unit, Event.at))
    return [tuple(r) for r in query.order_by(func.date_trunc(unit, Event.at))]


def case(s: Session):
    return by(s, "day"), by(s, "month")
""",
    ),
    DriverRow(
        "group by a text that is made",
        "[tuple(r) for r in s.query(func.to_char(Event.at, 'YYYY-MM'), func.count(Event.id)).group_by(func.to_char(Event.at, 'YYYY-MM')).order_by(func.to_char(Event.at, 'YYYY-MM'))]",
    ),
    DriverRow(
        "distinct and ordered by a function",
        f"[tuple(r) for r in s.query({_DAY}).distinct().order_by({_DAY})]",
    ),
    DriverRow(
        "distinct on a function",
        "[e.id for e in s.query(Event).distinct(func.coalesce(Event.amount, 0)).order_by(func.coalesce(Event.amount, 0), Event.id)]",
    ),
    DriverRow("a string for an integer", "s.query(Event).filter(Event.id == '1').all()"),
    DriverRow("a string for an integer by name", "s.query(Event).filter_by(id='1').all()"),
    DriverRow(
        "strings for integers",
        "s.query(Event).filter(Event.id.in_(['1', '2'])).order_by(Event.id).all()",
    ),
    DriverRow("a string key", "s.get(Event, '1')", asyncpg="LL406"),
    DriverRow(
        "a string for an integer of an update",
        "s.query(Event).filter(Event.id == '1').update({'name': 'x'}, synchronize_session=False)",
    ),
    DriverRow(
        "a string for an integer in text",
        "s.execute(text('select name from events where id = :x'), {'x': '1'}).scalar()",
        asyncpg="LL406",
    ),
    DriverRow(
        "a date as a string in text",
        "s.execute(text('select count(*) from events where at > :x'), {'x': '2024-02-01'}).scalar()",
        asyncpg="LL406",
    ),
    DriverRow(
        "an aware datetime for a naive column",
        "s.add(Event(id=9, name='x', at=datetime(2024, 5, 5, tzinfo=timezone.utc)))\ns.flush()",
        asyncpg="LL406",
    ),
    DriverRow(
        "a string for an integer of a new row",
        "s.add(Event(id=9, name='x', amount='7'))\ns.flush()",
        asyncpg="LL406",
    ),
    DriverRow(
        "in with a tuple in text",
        "[tuple(r) for r in s.execute(text('select id from events where id in :ids order by id'), {'ids': (1, 3)})]",
    ),
    DriverRow(
        "in with a tuple in text that is bound",
        "[tuple(r) for r in s.execute(text('select id from events where id in :ids order by id').bindparams(ids=(1, 3)))]",
    ),
    DriverRow(
        "is null in text",
        "s.execute(text('select count(*) from events where :x is null'), {'x': None}).scalar()",
        psycopg="LL406",
        asyncpg="LL406",
    ),
    DriverRow(
        "is null or equal in text",
        "s.execute(text('select count(*) from events where (:x is null or name = :x)'), {'x': None}).scalar()",
        psycopg="LL406",
        asyncpg="LL406",
    ),
    DriverRow(
        "several statements in one text",
        "s.execute(text('select 1; select 2')).scalar()",
        psycopg="LL406",
        asyncpg="LL406",
    ),
    DriverRow(
        "several statements whose result is not used",
        's.execute(text("update events set amount = 5 where id = 1; update events set amount = 6 where id = 2"))\nreturn None',
        asyncpg="LL406",
    ),
    DriverRow(
        "an interval of a number",
        "s.execute(text(\"select count(*) from events where at > timestamp '2024-03-01' - (:d || ' days')::interval\"), {'d': 40}).scalar()",
        asyncpg="LL406",
    ),
    DriverRow(
        "the driver's own parameters",
        "s.connection().exec_driver_sql('select name from events where id = %s', (1,)).scalar()",
        asyncpg="LL406",
    ),
    DriverRow(
        "the class of an error",
        """
from psycopg2.errors import UniqueViolation


def case(s: Session):
    s.add(Event(id=9, name="e1"))
    try:
        s.flush()
    except IntegrityError as error:
        return isinstance(error.orig, UniqueViolation)
""",
        asyncpg="LL406",
    ),
    DriverRow(
        "the class of an error by its module",
        """
import psycopg2


def case(s: Session):
    s.add(Event(id=9, name="e1"))
    try:
        s.flush()
    except IntegrityError as error:
        return isinstance(error.orig, psycopg2.errors.UniqueViolation)
""",
        asyncpg="LL406",
    ),
    DriverRow(
        "the code of an error",
        """
def case(s: Session):
    s.add(Event(id=9, name="e1"))
    try:
        s.flush()
    except IntegrityError as error:
        return error.orig.pgcode
""",
    ),
    DriverRow(
        "the name of a code",
        """
from psycopg2 import errorcodes


def case(s: Session):
    s.add(Event(id=9, name="e1"))
    try:
        s.flush()
    except IntegrityError as error:
        return error.orig.pgcode == errorcodes.UNIQUE_VIOLATION
""",
    ),
    DriverRow(
        "the diagnostics of an error",
        """
def case(s: Session):
    s.add(Event(id=9, name="e1"))
    try:
        s.flush()
    except IntegrityError as error:
        return error.orig.diag.constraint_name
""",
        asyncpg="LL406",
    ),
    DriverRow(
        "the rows affected by an insert",
        "s.execute(insert(Event).values(id=9, name='x')).rowcount",
        psycopg="LL406",
    ),
    DriverRow(
        "the rows affected by a Core insert",
        "s.execute(Event.__table__.insert(), {'id': 9, 'name': 'x'}).rowcount",
        psycopg="LL406",
    ),
    DriverRow(
        "a function compared with a string",
        "[e.id for e in s.query(Event).filter(func.date(Event.at) == '2024-01-02')]",
    ),
    DriverRow(
        "a naive datetime for an aware column",
        "s.add(Event(id=9, name='x', seen=datetime(2024, 5, 5)))\ns.flush()",
    ),
    DriverRow(
        "a search by words",
        "s.query(Event.id).filter(func.to_tsvector('english', Event.name).op('@@')(func.websearch_to_tsquery('english', 'e1'))).all()",
    ),
]
