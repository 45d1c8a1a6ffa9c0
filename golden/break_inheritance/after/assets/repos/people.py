from ..models import Person
from .base import BaseRepo


class PersonRepo(BaseRepo[Person]):
    model = Person

    def order(self):
        return (Person.name,)

    def remove(self, pk):
        if self.get(pk).asset_count:
            raise ValueError(f"{self.get(pk).name} owns {self.get(pk).asset_count} assets")
        super().remove(pk)
