"""Calls of a forge's API: tried again where that can help, and never twice where it would harm."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from codemods.errors import UserError

_TIMEOUT = 30.0
#: Seconds before each further try, where the forge names no other.
PAUSES = (1.0, 3.0, 9.0)
#: The forge may ask for a longer pause; so long is waited, not longer.
_LONGEST_PAUSE = 60.0
_PASSING = frozenset({500, 502, 503, 504})
_LEFT = ("x-ratelimit-remaining", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "ratelimit-reset")


class ForgeError(UserError):
    """What the forge refused, in its words, without the token."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class UncertainError(ForgeError):
    """A call of which nobody knows whether it was carried out."""


class _PassingError(ForgeError):
    """A call that was not carried out; ``pause`` are the seconds that the forge asks for."""

    def __init__(self, message: str, pause: float = 0.0) -> None:
        super().__init__(message)
        self.pause = pause


@dataclass(frozen=True)
class Call:
    """A call of an API: ``path`` is below the address of the API, and quoted already."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None

    def url(self, api_url: str) -> str:
        """The whole address."""
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"{api_url}{self.path}{query}"


class Client:
    """Sends calls to one API. ``place`` says which repository they are about."""

    def __init__(self, api_url: str, place: str, headers: Mapping[str, str]) -> None:
        self._api_url = api_url
        self._place = f"{place} on {urlsplit(api_url).hostname}"
        self._headers = {"User-Agent": "looplift", "Accept": "application/json", **headers}

    def send(self, call: Call) -> Any:
        """Call, and call again after a while where that can help and do no harm."""
        for pause in PAUSES:
            try:
                return self._once(call)
            except _PassingError as error:
                if error.pause > _LONGEST_PAUSE:
                    raise
                time.sleep(error.pause or pause)
            except UncertainError:
                if call.method == "POST":
                    raise
                time.sleep(pause)
        return self._once(call)

    def _once(self, call: Call) -> Any:
        url = call.url(self._api_url)
        try:
            with httpx.Client(headers=self._headers, timeout=_TIMEOUT) as client:
                answer = client.request(call.method, url, json=call.data)
                if answer.status_code in (301, 307, 308):  # a repository that was renamed
                    url = self._same_place(url, answer.headers.get("Location", ""))
                    answer = client.request(call.method, url, json=call.data)
                if answer.is_success:
                    return answer.json() if answer.content else None
        except httpx.ConnectError as error:
            raise _PassingError(f"{self._place}: cannot be reached ({_words(error)})") from None
        except httpx.HTTPError as error:
            raise UncertainError(f"{self._place}: cannot be reached ({_words(error)})") from None
        except ValueError as error:
            raise ForgeError(f"{self._place}: the answer is not JSON") from error
        said = f"{self._place}: {_refusal(answer)}"
        if _is_limited(answer):
            raise _PassingError(said, _asked_pause(answer.headers))
        if answer.status_code in _PASSING:
            raise UncertainError(said, answer.status_code)
        raise ForgeError(said, answer.status_code)

    def _same_place(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            raise ForgeError(f"{self._place}: the API redirects elsewhere; not followed")
        return target


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
    for left, reset in zip(_LEFT, _RESET, strict=True):
        with contextlib.suppress(KeyError, ValueError):
            if headers.get(left) == "0":
                return max(float(headers[reset]) - time.time(), 0.1)
    return 0.0


def _exhausted(headers: Mapping[str, str]) -> bool:
    return any(headers.get(name) == "0" for name in _LEFT) or "retry-after" in headers


def _message(answer: httpx.Response) -> str:
    """What the forge says, in whatever form it says it."""
    try:
        data = answer.json()
    except ValueError:
        data = None
    parts = list(dict.fromkeys(_texts(data)))
    return "; ".join(parts[:4]) or answer.reason_phrase or "no reason given"


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for item in data:
            yield from _texts(item)
    elif isinstance(data, dict):
        if "field" in data and "code" in data and "message" not in data:
            yield f"{data['field']}: {data['code']}"
            return
        for key in ("message", "error", "errors", "detail", "base", "error_description"):
            yield from _texts(data.get(key))
