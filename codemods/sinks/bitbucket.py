"""Pull requests of Bitbucket Cloud."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from codemods.patches.messages import END, START
from codemods.sinks.calls import Call, ForgeError
from codemods.sinks.forge import Draft, Place, PullRequest
from codemods.sinks.hosts import BITBUCKET

#: Bitbucket's Markdown shows HTML comments, but not definitions of links.
_MARKS = {START: "[//]: # (looplift: start)", END: "[//]: # (looplift: end)"}


@dataclass(frozen=True)
class Bitbucket:
    """Bitbucket Cloud. It has no labels, and asks default reviewers and code owners by itself."""

    place: Place
    page_size: int = 0

    @property
    def _pulls(self) -> str:
        return f"/repositories/{self.place}/pullrequests"

    @property
    def _source(self) -> str:
        return f"{self.place.head_owner}/{self.place.source_name or self.place.name}"

    def headers(self, user: str, token: str) -> Mapping[str, str]:
        """The headers of every call: a token of its own, or one that belongs to a user."""
        if user in ("", BITBUCKET.user):
            return {"Authorization": f"Bearer {token}"}
        basic = base64.b64encode(f"{user}:{token}".encode()).decode()
        return {"Authorization": f"Basic {basic}"}

    def preparing(self) -> Call | None:
        """Nothing."""
        return None

    def prepared(self, answer: Any) -> Self:
        """The same."""
        return self

    def finding(self, head: str, page: int) -> Call:
        """The open requests for branches of that name."""
        name = head.replace("\\", "\\\\").replace('"', '\\"')
        query = f'source.branch.name = "{name}" AND state = "OPEN"'
        return Call(
            "GET", self._pulls, {"q": query, "pagelen": "50", "fields": "+values.reviewers"}
        )

    def items(self, answer: Any) -> Sequence[Any]:
        """The requests in the answer."""
        found = answer["values"]
        if not isinstance(found, list):
            raise TypeError("not a list of pull requests")
        return found

    def is_from(self, item: Any, head: str) -> bool:
        """Whether a request is for ``head`` in the repository that is pushed to."""
        source = item["source"]
        repository = (source.get("repository") or {}).get("full_name", "")
        return bool(source["branch"]["name"] == head and repository.lower() == self._source.lower())

    def creating(self, draft: Draft) -> Call:
        """Open a request."""
        data: dict[str, Any] = {
            "title": draft.title,
            "description": _outgoing(draft.body),
            "source": {"branch": {"name": draft.head}},
            "destination": {"branch": {"name": draft.base}},
            "draft": draft.draft,
        }
        if self.place.is_fork:
            data["source"]["repository"] = {"full_name": self._source}
        return Call("POST", self._pulls, data=data)

    def plainer(self, draft: Draft, error: ForgeError) -> Draft | None:
        """None: every repository has drafts."""
        return None

    def request(self, item: Any) -> PullRequest:
        """What the forge says of a request."""
        return PullRequest(
            int(item["id"]),
            str(item["links"]["html"]["href"]),
            str(item["title"]),
            _incoming(str(item.get("description") or "")),
            str(item["destination"]["branch"]["name"]),
            {"reviewers": [{"uuid": one["uuid"]} for one in item.get("reviewers") or ()]},
        )

    def updating(self, request: PullRequest, *, body: str, base: str) -> Call:
        """Give a request another body and base; what is not repeated would be lost."""
        data = {
            "title": request.title,
            "description": _outgoing(body),
            "destination": {"branch": {"name": base}},
            **request.kept,
        }
        return Call("PUT", f"{self._pulls}/{request.number}", data=data)

    def labelling(self, request: PullRequest, labels: Sequence[str]) -> Call | None:
        """None."""
        return None

    def looking_up(self, people: Sequence[str]) -> Sequence[Call]:
        """Nobody: code owners are asked already."""
        return ()

    def asking(self, request: PullRequest, answers: Sequence[Any]) -> Call | None:
        """Nobody."""
        return None


def _outgoing(body: str) -> str:
    for mark, own in _MARKS.items():
        body = body.replace(mark, own)
    return body


def _incoming(body: str) -> str:
    for mark, own in _MARKS.items():
        body = body.replace(own, mark)
    return body
