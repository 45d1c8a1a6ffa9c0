"""Pull requests: one small protocol, and GitHub over its REST API."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from codemods.errors import UserError

_TIMEOUT = 30.0
#: Seconds before each further try, where the forge names no other.
_PAUSES = (1.0, 3.0, 9.0)
#: The forge may ask for a longer pause; so long is waited, not longer.
_LONGEST_PAUSE = 60.0
_PASSING = frozenset({500, 502, 503, 504})
_VERSION = "2022-11-28"


class ForgeError(UserError):
    """What the forge refused, in its words, without the token."""


class UncertainError(ForgeError):
    """A call of which nobody knows whether it was carried out."""


class _PassingError(ForgeError):
    """A call that was not carried out; ``pause`` are the seconds that the forge asks for."""

    def __init__(self, message: str, pause: float = 0.0) -> None:
        super().__init__(message)
        self.pause = pause


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
            return self._open(data)
        except ForgeError as error:
            if not draft or "draft" not in str(error).lower():
                raise
            return self._open(data | {"draft": False})

    def update(self, request: PullRequest, *, body: str, base: str) -> PullRequest:
        """Give a request another body and base."""
        data = {"body": body, "base": base}
        return _request(self._call("PATCH", f"{self._pulls}/{request.number}", json=data))

    def _open(self, data: dict[str, Any]) -> PullRequest:
        """Open a request once, also where the answer to the first try is lost."""
        for pause in (*_PAUSES, None):
            try:
                return _request(self._call("POST", self._pulls, json=data))
            except UncertainError:
                if (made := self.find(data["head"])) is not None:
                    return made
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _call(self, method: str, url: str, **arguments: Any) -> Any:
        """Call, and call again after a while where that can help and do no harm."""
        for pause in _PAUSES:
            try:
                return self._once(method, url, **arguments)
            except _PassingError as error:
                if error.pause > _LONGEST_PAUSE:
                    raise
                time.sleep(error.pause or pause)
            except UncertainError:
                if method == "POST":
                    raise
                time.sleep(pause)
        return self._once(method, url, **arguments)

    def _once(self, method: str, url: str, **arguments: Any) -> Any:
        try:
            with httpx.Client(headers=self._headers, timeout=_TIMEOUT) as client:
                answer = client.request(method, url, **arguments)
                if answer.status_code in (301, 307, 308):  # a repository that was renamed
                    url = self._same_place(url, answer.headers.get("Location", ""))
                    arguments.pop("params", None)
                    answer = client.request(method, url, **arguments)
                if answer.is_success:
                    return answer.json()
        except httpx.ConnectError as error:
            raise _PassingError(f"{self._place}: cannot be reached ({_words(error)})") from None
        except httpx.HTTPError as error:
            raise UncertainError(f"{self._place}: cannot be reached ({_words(error)})") from None
        except ValueError as error:
            raise ForgeError(f"{self._place}: the answer is not JSON") from error
        said = f"{self._place}: {_refusal(answer)}"
        if _is_limited(answer):
            raise _PassingError(said, _asked_pause(answer.headers))
        raise UncertainError(said) if answer.status_code in _PASSING else ForgeError(said)

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
        case 403 | 429 if _is_limited(answer):
            return f"the rate limit is used up; try again later ({said})"
        case 403:
            return f"the token has not the right to do this ({said})"
        case 404:
            return f"is not there, or the token may not see it ({said})"
        case status:
            return f"the API answered {status} ({said})"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_limited(answer: httpx.Response) -> bool:
    limited = "rate limit" in _message(answer).lower() or _exhausted(answer.headers)
    return answer.status_code == 429 or (answer.status_code == 403 and limited)


def _asked_pause(headers: Mapping[str, str]) -> float:
    """How long the forge asks to wait; 0 where it does not say."""
    with contextlib.suppress(KeyError, ValueError):
        return max(float(headers["retry-after"]), 0.1)
    with contextlib.suppress(KeyError, ValueError):
        if headers.get("x-ratelimit-remaining") == "0":
            return max(float(headers["x-ratelimit-reset"]) - time.time(), 0.1)
    return 0.0


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
