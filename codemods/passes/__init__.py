"""The passes. Each module (or package) here that has a ``PASS`` is one; nothing lists them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from codemods.passes.base import Outcome, Pass

__all__ = ["Outcome", "Pass", "all_passes"]


@cache
def all_passes() -> tuple[Pass, ...]:
    """Every pass, in the order in which they are applied."""
    found = []
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if isinstance(rule := getattr(module, "PASS", None), Pass):
            found.append(rule)
    return tuple(sorted(found, key=lambda rule: (rule.order, rule.name)))
