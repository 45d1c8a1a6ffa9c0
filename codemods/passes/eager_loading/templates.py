"""What Jinja templates read of the objects that are handed to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from codemods.facts import Program
from codemods.facts.syntax import Class
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.ways import Path, Touch
from codemods.plan.jinja import Jinja, Reading

if TYPE_CHECKING:
    from codemods.passes.eager_loading.touches import Touches

_DEPTH = 3


class Templates(Jinja):
    """The templates of a code base, and the relationships that they read."""

    def __init__(self, program: Program, touches: Touches) -> None:
        super().__init__(program)
        self.touches = touches

    def reads(self) -> Iterator[Touch]:
        """What each template that is rendered reads of the mapped instances in its context."""
        for call, module in self.rendered():
            reading = self.read_by(call, module)
            given = list(self.keyed(call, module))
            keys = {key for key, _ in given}
            for key, value in given:
                values = self.program.infer(value, module)
                for entity in sorted(mapped_in(values, self.program), key=str):
                    found = self._read_of(entity, reading, key, keys)
                    for path in sorted(found):
                        yield Touch(value, module, entity, path, value, reading.name, escapes=True)

    def _read_of(
        self, entity: Class, reading: Reading, key: str, keys: Collection[str]
    ) -> set[Path]:
        """What a template reads of instances that it gets by a name.

        By what its names stand for, where those tell all of it; else each word can be read of all.
        """
        exact = reading.names.is_exact
        found: set[Path] = set() if exact else self._paths(entity, set(reading.words), 0)
        for chain in reading.names.of(key, keys) if exact else reading.names.chains():
            found |= self._along(entity, chain)
        return found

    def _paths(self, entity: Class, words: set[str], depth: int) -> set[Path]:
        """The relationships by the words of the template, as far as they lead."""
        found: set[Path] = set()
        for word in words:
            for path in self.touches.paths_of(entity, word):
                found.add(path)
                target = self.touches.target(entity, path)
                if target is not None and depth < _DEPTH:
                    below = words - {word, *path}
                    found |= {(*path, *rest) for rest in self._paths(target, below, depth + 1)}
        return found

    def _along(self, entity: Class, chain: Path) -> set[Path]:
        """The relationships of attributes that are read one of the other: cycles too."""
        if not chain:
            return set()
        found: set[Path] = set()
        for path in self.touches.paths_of(entity, chain[0]):
            found.add(path)
            target = self.touches.target(entity, path)
            if target is not None:
                found |= {(*path, *rest) for rest in self._along(target, chain[1:])}
        return found
