"""Finds functions by name, so that the modules need not import each other."""
import importlib
from functools import lru_cache

ACTIONS = {
    "close": ("desk.actions", "close_ticket"),
    "reopen": ("desk.actions", "reopen_ticket"),
    "bump": ("desk.actions", "bump"),
}
CHECKS = ["has_title", "is_urgent"]


@lru_cache(maxsize=None)
def find(module, name):
    return getattr(importlib.import_module(module), name)


def action(kind):
    module, name = ACTIONS[kind]
    return find(module, name)


def report(kind):
    return importlib.import_module(f"desk.reports.{kind}")


def run_all(module, names, *args):
    return {name: getattr(module, name)(*args) for name in names}


def members(module, prefix):
    return {name[len(prefix):]: value for name, value in vars(module).items() if name.startswith(prefix)}
