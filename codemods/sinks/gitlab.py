"""Merge requests of GitLab, on gitlab.com and elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote

from codemods.errors import UserError
from codemods.sinks.calls import Call, ForgeError
from codemods.sinks.forge import Draft, Place, PullRequest

_DRAFT = "Draft: "


@dataclass(frozen=True)
class GitLab:
    """GitLab. A branch in a fork needs the numbers of both projects."""

    place: Place
    source_id: int = 0
    target_id: int = 0
    page_size: int = 0

    @property
    def _project(self) -> str:
        return f"/projects/{quote(str(self.place), safe='')}"

    @property
    def _source(self) -> str:
        place = self.place
        if not place.is_fork:
            return self._project
        return f"/projects/{quote(f'{place.source_owner}/{place.source_name}', safe='')}"

    def headers(self, user: str, token: str) -> Mapping[str, str]:
        """The headers of every call."""
        return {"Authorization": f"Bearer {token}"}

    def preparing(self) -> Call | None:
        """The fork, which names what it was forked from."""
        return Call("GET", self._source) if self.place.is_fork else None

    def prepared(self, answer: Any) -> Self:
        """With the numbers of both projects."""
        parent = answer.get("forked_from_project") or {}
        if str(parent.get("path_with_namespace", "")).lower() != str(self.place).lower():
            raise UserError(
                f"{self.place.source_owner}/{self.place.source_name} is not a fork of {self.place}"
            )
        return replace(self, source_id=int(answer["id"]), target_id=int(parent["id"]))

    def finding(self, head: str, page: int) -> Call:
        """The open requests for branches of that name."""
        query = {"state": "opened", "source_branch": head, "per_page": "100"}
        return Call("GET", f"{self._project}/merge_requests", query)

    def items(self, answer: Any) -> Sequence[Any]:
        """The requests in the answer."""
        if not isinstance(answer, list):
            raise TypeError("not a list of merge requests")
        return answer

    def is_from(self, item: Any, head: str) -> bool:
        """Whether a request is for ``head`` in the project that is pushed to."""
        source = self.source_id or item["target_project_id"]
        return bool(item["source_branch"] == head and item["source_project_id"] == source)

    def creating(self, draft: Draft) -> Call:
        """Open a request."""
        data: dict[str, Any] = {
            "source_branch": draft.head,
            "target_branch": draft.base,
            "title": f"{_DRAFT if draft.draft else ''}{draft.title}",
            "description": draft.body,
        }
        if self.place.is_fork:
            data["target_project_id"] = self.target_id
        return Call("POST", f"{self._source}/merge_requests", data=data)

    def plainer(self, draft: Draft, error: ForgeError) -> Draft | None:
        """None: a draft is like any other request."""
        return None

    def request(self, item: Any) -> PullRequest:
        """What the forge says of a request."""
        return PullRequest(
            int(item["iid"]),
            str(item["web_url"]),
            str(item["title"]),
            str(item.get("description") or ""),
            str(item["target_branch"]),
        )

    def updating(self, request: PullRequest, *, body: str, base: str) -> Call:
        """Give a request another body and base."""
        return self._put(request, {"description": body, "target_branch": base})

    def labelling(self, request: PullRequest, labels: Sequence[str]) -> Call | None:
        """Add labels; what is there stays."""
        return self._put(request, {"add_labels": list(labels)})

    def looking_up(self, people: Sequence[str]) -> Sequence[Call]:
        """The numbers of the people; groups cannot review."""
        return [Call("GET", "/users", {"username": name.removeprefix("@")}) for name in people]

    def asking(self, request: PullRequest, answers: Sequence[Any]) -> Call | None:
        """Ask those who were found."""
        found = [int(answer[0]["id"]) for answer in answers if answer]
        return self._put(request, {"reviewer_ids": found}) if found else None

    def _put(self, request: PullRequest, data: Mapping[str, Any]) -> Call:
        return Call("PUT", f"{self._project}/merge_requests/{request.number}", data=data)
