"""Which modules can be part of one process: objects of one can come to stand in the other.

A script beside an application, which imports nothing of it, never gets one of its objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from codemods.facts.connected import imported
from codemods.facts.modules import Module, Modules
from codemods.source.tests import is_test_path

#: What imports modules that no statement names.
_IMPORTERS = (
    "import_module __import__ autodiscover_tasks entry_points iter_modules walk_packages run_path "
    "run_module spec_from_file_location load_module exec_module"
).split()


class Meetings:
    """The modules that are imported together, by the imports of a code base."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules

    def possible(self, one: Module, other: Module) -> bool:
        """Whether something imports both modules, be it one of them; pytest imports all tests."""
        return one is other or any(
            (one in reached and other in reached) or not self._by_name.isdisjoint(reached)
            for reached in self._together
        )

    @cached_property
    def _by_name(self) -> frozenset[Module]:
        return frozenset(self.modules.mentioning(_IMPORTERS))

    @cached_property
    def _together(self) -> list[set[Module]]:
        """All that is imported with the tests, and with each module that no other one imports."""
        links = {module: [*self._links(module)] for module in self.modules}
        covered: set[Module] = set()
        found: list[set[Module]] = []
        inner = {t for module, targets in links.items() for t in targets if t is not module}
        tests = [module for module in self.modules if is_test_path(module.path)]
        tops = [[module] for module in self.modules if module not in inner]
        for group in (tests, *tops):
            found.append(_reached(group, links))
            covered |= found[-1]
        # Modules that import one another in a circle, and that nothing else imports.
        for module in self.modules:
            if module not in covered:
                found.append(_reached([module], links))
                covered |= found[-1]
        return found

    def _links(self, module: Module) -> Iterator[Module]:
        """What a module imports, with the packages that are imported before."""
        for target in (module, *imported(module, self.modules)):
            yield target
            folder = target.folder
            while folder:
                package = self.modules.get(f"{folder}/__init__.py")
                if package is not None:
                    yield package
                folder = folder.rpartition("/")[0]


def _reached(modules: list[Module], links: dict[Module, list[Module]]) -> set[Module]:
    found: set[Module] = set()
    waiting = [*modules]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(links[module])
    return found
