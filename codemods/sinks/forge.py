"""Pull requests: one small protocol, and GitHub over its REST API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from codemods.errors import UserError

_TIMEOUT = 30.0
_VERSION = "2022-11-28"


class ForgeError(UserError):
    """What the forge refused, in its words, without the token."""


@dataclass(frozen=True)
class PullRequest:
    """A pull request as the forge has it."""

    number: int
    url: str
    title: str
    body: str
    base: str


class Forge(Protocol):
    """What looplift asks of a forge."""

    def find(self, head: str) -> PullRequest | None:
        """The open request for the branch ``head``."""

    def create(self, head: str, base: str, title: str, body: str, *, draft: bool) -> PullRequest:
        """Open a request."""

    def update(self, request: PullRequest, *, body: str, base: str) -> PullRequest:
        """Give a request another body and base."""


class GitHub:
    """GitHub and GitHub Enterprise."""

    def __init__(self, api_url: str, owner: str, name: str, token: str) -> None:
        self._pulls = f"{api_url}/repos/{owner}/{name}/pulls"
        self._owner = owner
        self._place = f"{owner}/{name} on {urlsplit(api_url).hostname}"
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "looplift",
            "X-GitHub-Api-Version": _VERSION,
        }

    def find(self, head: str) -> PullRequest | None:
        """The open request for the branch ``head`` of the same repository."""
        query = {"state": "open", "head": f"{self._owner}:{head}", "per_page": "100"}
        found = self._call("GET", self._pulls, params=query)
        if not isinstance(found, list):
            raise ForgeError(f"{self._place}: the answer is not a list of pull requests")
        # A server that does not know the filter answers with all of them.
        own = [item for item in found if item.get("head", {}).get("ref") == head]
        return _request(own[0]) if own else None

    def create(self, head: str, base: str, title: str, body: str, *, draft: bool) -> PullRequest:
        """Open a request; not as a draft where the plan of the repository has none."""
        data = {"title": title, "head": head, "base": base, "body": body, "draft": draft}
        try:
            return _request(self._call("POST", self._pulls, json=data))
        except ForgeError as error:
            if not draft or "draft" not in str(error).lower():
                raise
            return _request(self._call("POST", self._pulls, json=data | {"draft": False}))

    def update(self, request: PullRequest, *, body: str, base: str) -> PullRequest:
        """Give a request another body and base."""
        data = {"body": body, "base": base}
        return _request(self._call("PATCH", f"{self._pulls}/{request.number}", json=data))

    def _call(self, method: str, url: str, **arguments: Any) -> Any:
        try:
            with httpx.Client(headers=self._headers, timeout=_TIMEOUT) as client:
                answer = client.request(method, url, **arguments)
                if answer.status_code in (301, 307, 308):  # a repository that was renamed
                    url = self._same_place(url, answer.headers.get("Location", ""))
                    arguments.pop("params", None)
                    answer = client.request(method, url, **arguments)
                if answer.is_success:
                    return answer.json()
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ForgeError(f"{self._place}: cannot be reached ({reason})") from None
        except ValueError as error:
            raise ForgeError(f"{self._place}: the answer is not JSON") from error
        raise ForgeError(f"{self._place}: {_refusal(answer)}")

    def _same_place(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            raise ForgeError(f"{self._place}: the API redirects elsewhere; not followed")
        return target


def _request(item: Any) -> PullRequest:
    try:
        return PullRequest(
            int(item["number"]),
            str(item["html_url"]),
            str(item["title"]),
            str(item.get("body") or ""),
            str(item["base"]["ref"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ForgeError("the answer of the forge is not a pull request") from error


def _refusal(answer: httpx.Response) -> str:
    """Why a call failed, in one sentence."""
    said = _message(answer)
    match answer.status_code:
        case 401:
            return f"the token was refused ({said})"
        case 403 | 429 if "rate limit" in said.lower() or _exhausted(answer.headers):
            return f"the rate limit is used up; try again later ({said})"
        case 403:
            return f"the token has not the right to do this ({said})"
        case 404:
            return f"is not there, or the token may not see it ({said})"
        case status:
            return f"the API answered {status} ({said})"


def _exhausted(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers


def _message(answer: httpx.Response) -> str:
    try:
        data = answer.json()
        parts = [str(data["message"])]
        parts += [
            str(error.get("message") or f"{error.get('field')}: {error.get('code')}")
            for error in data.get("errors", ())
            if isinstance(error, dict)
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.reason_phrase or "no reason given"
    return "; ".join(parts)
