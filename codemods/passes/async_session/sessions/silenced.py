"""What the user asks to leave as it is: such functions stay sync."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codemods.config import Options
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.sessions.sites import Site
from codemods.plan.climb import Cause
from codemods.suppression import Silence, comments

RULE = "async-session"
CALL, BRIDGED = "LL401", "LL402"
#: Findings of the pass before, without whose edits a session has nobody who closes it.
_OPENED = ("LL101", "LL102", "LL103")


def silenced(program: Program, options: Options, sites: Iterable[Site]) -> dict[Function, Cause]:
    """The functions that have to stay sync, since the user wants something in them left alone."""
    found: dict[Function, Cause] = {}
    own = Silence(program.codebase, options, RULE)
    for site in sites:
        if site.function is not None and (why := _site(own, site)):
            found.setdefault(site.function, _cause(why))
    for path in program.codebase.frozen:
        if (module := program.modules.get(path)) is not None:
            cause = _cause(f"{path} asks to be left alone")
            found |= dict.fromkeys(module.functions.values(), cause)
    for module in program.modules if options.held else ():
        for one in module.functions.values():
            if why := _held(options, module, one):
                found.setdefault(one, _cause(why))
    before = Silence(program.codebase, options, "session-dependency")
    for module, line in _lines(program):
        function = innermost(module, line)
        if function is not None and (why := before.why(module.path, line, *_OPENED)):
            found.setdefault(function, _cause(why))
    return found


def _held(options: Options, module: Module, function: Function) -> str:
    """Why a function is held, "" where it is not."""
    line = function.definition.lineno
    if any(held.covers(RULE, module.path, line) for held in options.held):
        return f"the command of --verify fails with what becomes of {function.name}"
    return ""


def asked(program: Program, options: Options, site: Site) -> bool:
    """Whether the user asks to leave a site."""
    return bool(_site(Silence(program.codebase, options, RULE), site))


def _site(silence: Silence, site: Site) -> str:
    return silence.why(site.module.path, site.line, CALL, BRIDGED)


def _cause(why: str) -> Cause:
    return Cause(f"is to be left: {why}")


def _lines(program: Program) -> Iterator[tuple[Module, int]]:
    """The lines with comments that silence something."""
    for module in program.modules:
        for comment in comments(program.codebase[module.path]):
            yield module, comment.first


def innermost(module: Module, line: int) -> Function | None:
    """The innermost function that a line is in."""
    around = [
        function
        for function in module.functions.values()
        if function.definition.lineno <= line <= (function.definition.end_lineno or line)
    ]
    return max(around, key=lambda function: function.definition.lineno, default=None)
