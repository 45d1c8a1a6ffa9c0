"""Imports applications from their texts: one before and one after, both as the package ``app``."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import types
from collections.abc import Mapping, Sequence
from functools import lru_cache


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of one application in its texts."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def _path(self, name: str) -> str:
        path = name.replace(".", "/")
        return next((p for p in (f"{path}.py", f"{path}/__init__.py") if p in self.files), "")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        found = self._path(fullname)
        if not found:
            return None
        return importlib.machinery.ModuleSpec(
            fullname, self, is_package=found.endswith("__init__.py")
        )

    def exec_module(self, module: types.ModuleType) -> None:
        path = self._path(module.__name__)
        exec(compile(self.files[path], path, "exec", dont_inherit=True), module.__dict__)


def load(
    files: Mapping[str, str], *names: str, url: str = "sqlite://"
) -> dict[str, types.ModuleType]:
    """The modules ``names`` of an application, imported anew; equal models are shared."""
    _forget()
    finder = _Finder(files)
    sys.meta_path.insert(0, finder)
    os.environ["DATABASE_URL"] = url
    try:
        sys.modules["app.models"] = _models(files["app/models.py"])
        return {name: importlib.import_module(name) for name in names}
    finally:
        sys.meta_path.remove(finder)
        _forget()


@lru_cache(maxsize=32)
def _models(text: str) -> types.ModuleType:
    """The models with this text: mapping them takes longer than all the rest."""
    module = types.ModuleType("app.models")
    sys.modules["app.models"] = module
    exec(compile(text, "app/models.py", "exec", dont_inherit=True), module.__dict__)
    return module


def models(files: Mapping[str, str]) -> types.ModuleType:
    """The models of an application."""
    return _models(files["app/models.py"])


def _forget() -> None:
    for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
        del sys.modules[name]
