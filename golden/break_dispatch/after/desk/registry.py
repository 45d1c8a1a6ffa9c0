"""Three kinds of plugins: functions under a name, classes by their base, hooks in a list."""
from typing import Callable

COMMANDS: dict[str, Callable] = {}
HOOKS: dict[str, list[Callable]] = {"created": []}


def command(name=None):
    def register(function):
        COMMANDS[name or function.__name__] = function
        return function

    return register


def hook(event):
    def register(function):
        HOOKS.setdefault(event, []).append(function)
        return function

    return register


def fire(event, *args, **kwargs):
    return [function(*args, **kwargs) for function in HOOKS[event]]


class Importer:
    kinds: dict[str, type["Importer"]] = {}

    def __init_subclass__(cls, kind, **kwargs):
        super().__init_subclass__(**kwargs)
        Importer.kinds[kind] = cls

    async def bring_in(self, db, text):
        raise NotImplementedError
