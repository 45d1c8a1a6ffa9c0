from dataclasses import InitVar, dataclass, field
from functools import cached_property

from fastapi import Depends, Header, HTTPException

from .database import AppSession, get_session
from .models import Person
from .repos import AssetRepo, LicenceRepo, MachineRepo, PersonRepo


@dataclass
class Context:
    """Everything a request needs."""

    session: AppSession
    name: InitVar[str | None] = None
    person: Person | None = field(init=False, default=None)

    def __post_init__(self, name):
        if name:
            self.person = Person.by(self.session, name=name)
            if self.person is None:
                raise HTTPException(401, f"Who is {name}?")

    @cached_property
    def assets(self) -> AssetRepo:
        return AssetRepo(self.session)

    @property
    def people(self) -> PersonRepo:
        return PersonRepo(self.session)

    @property
    def mine(self) -> list[str]:
        return [machine.describe() for machine in self.person.machines] if self.person else []


def get_context(session: AppSession = Depends(get_session), x_person: str | None = Header(None)) -> Context:
    return Context(session, x_person)


class RepoOf:
    """A dependency that is made of a class."""

    kinds = {"asset": AssetRepo, "machine": MachineRepo, "licence": LicenceRepo}

    def __init__(self, *, strict: bool = False):
        self.strict = strict

    def __call__(self, kind: str, session: AppSession = Depends(get_session)):
        try:
            repo = self.kinds[kind](session)
        except KeyError:
            raise HTTPException(404, f"No assets of kind {kind}") from None
        if self.strict and not len(repo):
            raise HTTPException(409, f"There is no {kind}")
        return repo
