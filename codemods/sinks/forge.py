"""Pull requests over one small protocol: what differs between the forges, and what does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

from codemods.sinks.calls import PAUSES, Call, Client, ForgeError, UncertainError

_A = TypeVar("_A")
_T = TypeVar("_T")

#: So many pages of open requests are looked through, where the forge has no filter.
_MOST_PAGES = 40
#: What forges answer where the request is there already.
_CONFLICTS = frozenset({400, 409, 422})


@dataclass(frozen=True)
class Place:
    """A repository that gets the request, and the one that the branch is pushed to."""

    owner: str
    name: str
    source_owner: str = ""
    source_name: str = ""

    @property
    def is_fork(self) -> bool:
        """Whether the branch is in another repository."""
        return bool(self.source_owner) and (self.source_owner, self.source_name) != (
            self.owner,
            self.name,
        )

    @property
    def head_owner(self) -> str:
        """Who owns the repository of the branch."""
        return self.source_owner or self.owner

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True)
class Draft:
    """A request to open."""

    head: str
    base: str
    title: str
    body: str
    draft: bool = False


@dataclass(frozen=True)
class PullRequest:
    """A pull request as the forge has it; ``kept`` is what an update has to repeat."""

    number: int
    url: str
    title: str
    body: str
    base: str
    kept: Mapping[str, Any] = field(default_factory=dict)


class Forge(Protocol):
    """What differs between forges: which calls there are, and how to read the answers.

    Nothing here talks to anybody, so a dry run can show the calls.
    """

    @property
    def page_size(self) -> int:
        """How many requests a page holds, where the forge cannot filter by branch; else 0."""

    def headers(self, user: str, token: str) -> Mapping[str, str]:
        """The headers of every call."""

    def preparing(self) -> Call | None:
        """What has to be known before; None for nothing."""

    def prepared(self, answer: Any) -> Self:
        """The forge with what was learned."""

    def finding(self, head: str, page: int) -> Call:
        """The open requests for the branch ``head``, or a page of all."""

    def items(self, answer: Any) -> Sequence[Any]:
        """The requests in the answer."""

    def is_from(self, item: Any, head: str) -> bool:
        """Whether a request is the one for ``head``."""

    def creating(self, draft: Draft) -> Call:
        """Open a request."""

    def plainer(self, draft: Draft, error: ForgeError) -> Draft | None:
        """The request to try instead of one that was refused, None for none."""

    def request(self, item: Any) -> PullRequest:
        """What the forge says of a request."""

    def updating(self, request: PullRequest, *, body: str, base: str) -> Call:
        """Give a request another body and base."""

    def labelling(self, request: PullRequest, labels: Sequence[str]) -> Call | None:
        """Give a request labels; None where the forge has none."""

    def looking_up(self, people: Sequence[str]) -> Sequence[Call]:
        """Who the people are; nothing where the forge asks code owners by itself."""

    def asking(self, request: PullRequest, answers: Sequence[Any]) -> Call | None:
        """Ask them for a review; None for nobody."""


class Requests:
    """Finds, opens and updates requests: the part that all forges share."""

    def __init__(self, forge: Forge, client: Client) -> None:
        self._forge = forge
        self._client = client
        self._ready = False

    def find(self, head: str) -> PullRequest | None:
        """The open request for the branch ``head``."""
        self._prepare()
        forge = self._forge
        for page in range(1, _MOST_PAGES + 1):
            items = _read(forge.items, self._client.send(forge.finding(head, page)))
            for item in items:
                if _read(lambda one: forge.is_from(one, head), item):
                    return _read(forge.request, item)
            if not forge.page_size or len(items) < forge.page_size:
                break
        return None

    def create(self, draft: Draft) -> tuple[PullRequest, bool]:
        """Open a request; whether it was this call that did.

        Where somebody opened it at the same time, theirs is taken.
        """
        self._prepare()
        try:
            return self._open(draft), True
        except ForgeError as error:
            if error.status in _CONFLICTS and (made := self.find(draft.head)) is not None:
                return made, False
            plainer = self._forge.plainer(draft, error)
            if plainer is None:
                raise
        return self._open(plainer), True

    def update(self, request: PullRequest, *, body: str, base: str) -> PullRequest:
        """Give a request another body and base."""
        call = self._forge.updating(request, body=body, base=base)
        return _read(self._forge.request, self._client.send(call))

    def label(self, request: PullRequest, labels: Sequence[str]) -> str:
        """Label a request; why not, "" where it was done."""
        try:
            call = self._forge.labelling(request, labels)
            if call is None:
                return "the forge has no labels"
            self._client.send(call)
        except ForgeError as error:
            return str(error)
        return ""

    def ask(self, request: PullRequest, people: Sequence[str]) -> str:
        """Ask people for a review; why not, "" where it was done or the forge does it itself."""
        forge = self._forge
        try:
            answers = [self._client.send(call) for call in forge.looking_up(people)]
            if (call := _read(lambda found: forge.asking(request, found), answers)) is not None:
                self._client.send(call)
        except ForgeError as error:
            return str(error)
        return ""

    def _prepare(self) -> None:
        if not self._ready and (call := self._forge.preparing()) is not None:
            self._forge = _read(self._forge.prepared, self._client.send(call))
        self._ready = True

    def _open(self, draft: Draft) -> PullRequest:
        """Open a request once, also where the answer to the first try is lost."""
        call = self._forge.creating(draft)
        for pause in (*PAUSES, None):
            try:
                return _read(self._forge.request, self._client.send(call))
            except UncertainError:
                if (made := self.find(draft.head)) is not None:
                    return made
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")


def planned(forge: Forge, draft: Draft, labels: Sequence[str], people: Sequence[str]) -> list[Call]:
    """The calls of a first run, for a dry run. What only answers tell is not in them."""
    stand_in = PullRequest(0, "", draft.title, "", draft.base)
    calls = [forge.preparing(), forge.finding(draft.head, 1), forge.creating(draft)]
    if labels:
        calls.append(forge.labelling(stand_in, labels))
    calls += forge.looking_up(people)
    return [call for call in calls if call is not None]


def _read(reader: Callable[[_A], _T], answer: _A) -> _T:
    try:
        return reader(answer)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ForgeError("the answer of the forge is not what its API promises") from error
