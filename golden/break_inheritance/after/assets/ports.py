"""What the rest of the application relies on."""

from abc import ABC, abstractmethod
from typing import Iterator, Protocol, TypeVar, runtime_checkable

T = TypeVar("T", covariant=True)


@runtime_checkable
class Repository(Protocol[T]):
    def get(self, pk: int) -> T: ...

    def page(self, start: int = 0, size: int = 10) -> list[T]: ...

    def remove(self, pk: int) -> None: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[T]: ...


class Journal(ABC):
    @abstractmethod
    def write(self, text: str) -> None: ...

    @abstractmethod
    def tail(self, n: int) -> list[str]: ...

    def last(self) -> str | None:
        return next(iter(self.tail(1)), None)
