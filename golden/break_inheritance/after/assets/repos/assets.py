from ..database import AppSession
from ..journals import DatabaseJournal, LoudJournal
from ..models import Asset, Licence, Machine, Service
from .base import BaseRepo, Journaled, SoftDelete


class AssetRepo(Journaled, SoftDelete, BaseRepo[Asset]):
    model = Asset
    journal_class = DatabaseJournal

    def __init__(self, session: AppSession, journal=None):
        super().__init__(session)
        self.journal = journal or self.journal_class(session)
        # asked once, shown by the API
        self.total_at_start = self.model.total(session, self.model)

    def order(self):
        return Asset.code, Asset.id

    @property
    def last_change(self):
        return self.journal.last()

    def describe_all(self) -> list[str]:
        return [asset.describe() for asset in self]


class MachineRepo(AssetRepo):
    model = Machine

    def service(self, pk: int, note: str) -> Machine:
        machine = self.get(pk)
        machine.services.append(Service(note=note))
        return self.save(machine)


class LicenceRepo(AssetRepo):
    model = Licence
    journal_class = LoudJournal

    def page(self, start=0, size=10):
        return [licence for licence in super().page(start, size) if licence.seats]
