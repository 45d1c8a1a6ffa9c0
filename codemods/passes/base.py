"""What a pass is: a function from a code base to a code base, and its own documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codemods.config import Options
from codemods.edits.actions import FileEdits, Origin
from codemods.findings import Code, Finding, Level

if TYPE_CHECKING:
    from codemods.facts import Program
    from codemods.facts.census import DatabaseCall


#: The treatment of a decision that is for a person, beside the code.
NOTE = "note"


@dataclass(frozen=True)
class Outcome:
    """What a pass decided, all of it before any edit.

    ``edits`` are for Python modules, ``texts`` are whole new texts for other files (manifests)
    and for modules that the pass creates. ``withheld`` counts the edits that a higher level
    (``--unsafe-fixes``) would make. ``decisions`` are the lines of the printed plan. ``blocks``
    says why passes that need this one must not run: what the user had left would break by them.
    ``outside`` are files out of PATH that would have to be edited for what is left. ``origins`` say
    of each text what asked for it.
    """

    edits: Mapping[str, FileEdits] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    withheld: int = 0
    blocks: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """One function, boundary or piece of configuration, what becomes of it and because of whom.

    ``treatment`` is a word of ``codemods.findings.Treatment``, or ``NOTE`` for what a person has
    to know or do beside the code; ``reasons`` the chain of causes, nearest first; ``sites`` the
    number of database calls that it covers.
    """

    path: str
    line: int
    symbol: str
    treatment: str
    action: str
    reasons: tuple[str, ...] = ()
    sites: int = 0


@dataclass(frozen=True)
class Pass:
    """A pass: its name, its place in the order, its codes, its page and its function.

    ``documentation`` is Markdown with the sections *What it does*, *Why is this bad*, *Example*,
    *Use instead*, *Fix safety* and *References*; the rule pages are made from it. ``needs`` names
    passes that have to run before. ``plan`` reads facts and decides; it edits nothing. ``subject``
    is the first line of its commit, in the imperative and at most 72 characters. ``heeds`` names
    passes whose findings ``plan`` gets as ``options.left``, as far as they leave something.
    ``prepares`` names the next pass, where this one is only there for what that one changes: if
    it makes nothing native, nothing is prepared. ``census`` counts all that the pass is there for
    in the source as it was, by means of its own: what its decisions don't name is left.
    """

    name: str
    order: int
    summary: str
    level: Level
    codes: tuple[Code, ...]
    documentation: str
    plan: Callable[[Program, Options], Outcome]
    needs: tuple[str, ...] = ()
    subject: str = ""
    heeds: tuple[str, ...] = ()
    prepares: str = ""
    census: Callable[[Program], Sequence[DatabaseCall]] | None = None
