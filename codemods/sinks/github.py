"""Pull requests of GitHub, and those of Gitea and Forgejo, which are much alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from codemods.sinks.calls import Call, ForgeError
from codemods.sinks.forge import Draft, Place, PullRequest

_VERSION = "2022-11-28"
#: Gitea takes a request whose title begins so for a draft.
_WORK_IN_PROGRESS = "WIP: "


@dataclass(frozen=True)
class GitHub:
    """GitHub and GitHub Enterprise. They ask code owners for a review by themselves."""

    place: Place
    page_size: int = 0

    @property
    def _pulls(self) -> str:
        return f"/repos/{self.place}/pulls"

    def headers(self, user: str, token: str) -> Mapping[str, str]:
        """The headers of every call."""
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": _VERSION,
        }

    def preparing(self) -> Call | None:
        """Nothing."""
        return None

    def prepared(self, answer: Any) -> Self:
        """The same."""
        return self

    def finding(self, head: str, page: int) -> Call:
        """The open requests for the branch ``head``."""
        query = {"state": "open", "head": f"{self.place.head_owner}:{head}", "per_page": "100"}
        return Call("GET", self._pulls, query)

    def items(self, answer: Any) -> Sequence[Any]:
        """The requests in the answer."""
        if not isinstance(answer, list):
            raise TypeError("not a list of pull requests")
        return answer

    def is_from(self, item: Any, head: str) -> bool:
        """Whether a request is for ``head``: a server without the filter answers with all."""
        return bool(item["head"]["ref"] == head)

    def creating(self, draft: Draft) -> Call:
        """Open a request."""
        owner = f"{self.place.head_owner}:" if self.place.is_fork else ""
        data: dict[str, Any] = {
            "title": draft.title,
            "head": f"{owner}{draft.head}",
            "base": draft.base,
            "body": draft.body,
            "draft": draft.draft,
        }
        if self.place.is_fork and self.place.source_owner == self.place.owner:
            data["head_repo"] = self.place.source_name
        return Call("POST", self._pulls, data=data)

    def plainer(self, draft: Draft, error: ForgeError) -> Draft | None:
        """Not as a draft where the plan of the repository has none."""
        return (
            replace(draft, draft=False) if draft.draft and "draft" in str(error).lower() else None
        )

    def request(self, item: Any) -> PullRequest:
        """What the forge says of a request."""
        return PullRequest(
            int(item["number"]),
            str(item["html_url"]),
            str(item["title"]),
            str(item.get("body") or ""),
            str(item["base"]["ref"]),
        )

    def updating(self, request: PullRequest, *, body: str, base: str) -> Call:
        """Give a request another body and base."""
        return Call("PATCH", f"{self._pulls}/{request.number}", data={"body": body, "base": base})

    def labelling(self, request: PullRequest, labels: Sequence[str]) -> Call | None:
        """Add labels; what is there stays."""
        path = f"/repos/{self.place}/issues/{request.number}/labels"
        return Call("POST", path, data={"labels": list(labels)})

    def looking_up(self, people: Sequence[str]) -> Sequence[Call]:
        """Nobody: code owners are asked already."""
        return ()

    def asking(self, request: PullRequest, answers: Sequence[Any]) -> Call | None:
        """Nobody."""
        return None


@dataclass(frozen=True)
class Gitea(GitHub):
    """Gitea and Forgejo (Codeberg). They cannot filter by branch, and drafts are known by title."""

    page_size: int = 50

    def headers(self, user: str, token: str) -> Mapping[str, str]:
        """The headers of every call."""
        return {"Authorization": f"token {token}"}

    def finding(self, head: str, page: int) -> Call:
        """A page of the open requests."""
        query = {"state": "open", "page": str(page), "limit": str(self.page_size)}
        return Call("GET", self._pulls, query)

    def is_from(self, item: Any, head: str) -> bool:
        """Whether a request is for ``head`` in the repository that is pushed to."""
        source = item["head"]
        repository = source.get("repo") or {}  # None where the fork was deleted
        wanted = f"{self.place.head_owner}/{self.place.source_name or self.place.name}".lower()
        return bool(
            source["ref"] == head and str(repository.get("full_name", "")).lower() == wanted
        )

    def creating(self, draft: Draft) -> Call:
        """Open a request."""
        owner = f"{self.place.head_owner}:" if self.place.is_fork else ""
        data = {
            "title": f"{_WORK_IN_PROGRESS if draft.draft else ''}{draft.title}",
            "head": f"{owner}{draft.head}",
            "base": draft.base,
            "body": draft.body,
        }
        return Call("POST", self._pulls, data=data)

    def plainer(self, draft: Draft, error: ForgeError) -> Draft | None:
        """None: a draft is like any other request."""
        return None
