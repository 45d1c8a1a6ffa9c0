import pytest
from fastapi import HTTPException

from assets.context import Context
from assets.database import Base, engine, make_session
from assets.journals import MemoryJournal
from assets.models import Licence, Machine, Person
from assets.repos import AssetRepo, LicenceRepo, MachineRepo


@pytest.fixture
def session():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with make_session() as session:
        yield session


class Fussy(MachineRepo):
    """An override that only the tests know."""

    def save(self, obj):
        if obj.power is None:
            raise ValueError("no power")
        return super().save(obj)


def test_super_goes_all_the_way(session):
    repo = Fussy(session, MemoryJournal())
    with pytest.raises(ValueError):
        repo.save(Machine(name="x"))
    machine = repo.save(Machine(name="saw", power=900))
    assert repo["saw"] is machine
    assert "saw" in repo and "axe" not in repo
    assert len(repo) == 1 and list(repo) == [machine]
    repo.remove(machine.id)
    assert repo.last_change == "removed saw"
    with pytest.raises(LookupError):
        repo.get(machine.id)


def test_context(session):
    ann = Person.create(session, name="Ann")
    Machine.create(session, name="saw", power=1, owner=ann, kind="machine")
    context = Context(session, "Ann")
    assert context.person is ann
    assert context.mine == ["MACHINE-001 of Ann, 1 W, 0 services"]
    with pytest.raises(HTTPException):
        Context(session, "Bob")


def test_licences(session):
    with pytest.raises(ValueError, match="needs seats"):
        LicenceRepo(session).save(Licence(name="os", seats=0))
    LicenceRepo(session).save(Licence(name="os", seats=2))
    assert AssetRepo(session).last_change == "SAVED <LICENCE OS>"
