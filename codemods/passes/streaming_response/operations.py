"""What the plan knows of a path operation before anything is written."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from codemods.facts.syntax import Function
from codemods.passes.streaming_response.files import File
from codemods.passes.streaming_response.items import Items
from codemods.passes.streaming_response.own import Own
from codemods.passes.streaming_response.reads import Read
from codemods.passes.streaming_response.routes import Answer
from codemods.passes.streaming_response.texts import Text


@dataclass(frozen=True)
class Source:
    """Where the list of a return comes from: a read, or the returns of a function called there.

    ``items`` says what is made of each row, where the list holds not the rows themselves.
    """

    value: ast.expr
    read: Read | None = None
    call: ast.Call | None = None
    function: Function | None = None
    inner: tuple[Source, ...] = ()
    items: Items | None = None

    @property
    def kind(self) -> str:
        """What the function behind it gives: the method that makes it."""
        if self.read is None:
            return self.inner[0].kind
        return "mappings" if "mappings" in self.read.chain else self.read.method

    @property
    def all(self) -> list[Source]:
        """It and what is behind it."""
        return [self, *(found for inner in self.inner for found in inner.all)]


@dataclass
class Operation:
    """A path operation that returns unbounded lists, and what keeps it from streaming them.

    ``owns`` has the sessions of their own, by source, where that of the request ends too early.
    """

    function: Function
    sources: list[Source] = field(default_factory=list)
    answer: Answer | None = None
    provider: Function | None = None
    owns: dict[ast.expr, Own] = field(default_factory=dict)
    reason: str = ""
    silenced: str = ""
    place: ast.expr | None = None


@dataclass
class Export:
    """A response whose content is whole in memory, and what keeps it from being streamed."""

    call: ast.Call
    function: Function
    text: Text | None = None
    file: File | None = None
    provider: Function | None = None
    own: Own | None = None
    reason: str = ""
    silenced: str = ""
