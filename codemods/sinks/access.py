"""Where a pull request goes, and who may see the token.

The token goes to github.com's API and git server, or to a host that the user named outside of the
repository (``--api-url``, ``GITHUB_API_URL``). A host that only the repository's own configuration
names never sees it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from codemods.errors import UserError
from codemods.sinks.git import Git, GitError, redacted

DEFAULT_API = "https://api.github.com"

_GITHUB_HOSTS = frozenset({"github.com", "www.github.com", "ssh.github.com"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SCP = re.compile(r"^(?:[^@/\s]+@)?([^:/\s]+):(?!//)(.+)$")
_NAME = re.compile(r"(?!\.+$)[\w.-]+", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]+")
#: Settings of the repository that would bend the connection that carries the token.
_BENDING = re.compile(
    r"(http\.(.*\.)?(ssl\w*|proxy\w*|curloptresolve|followredirects)|remote\..*\.proxy\w*)"
)


class Remote(NamedTuple):
    """The parts of a remote's URL; ``host`` is "" for a folder."""

    scheme: str
    host: str
    port: str
    owner: str
    name: str


@dataclass(frozen=True)
class Access:
    """A repository on a forge, and how to reach it."""

    api_url: str
    owner: str
    name: str
    token: str = field(repr=False)
    #: Variables for git commands that talk to the remote; they hold the token.
    git_environment: Mapping[str, str] = field(repr=False)


def find_access(git: Git, remote: str, api_url: str | None, environ: Mapping[str, str]) -> Access:
    """The repository behind ``remote``. Raises ``UserError`` with the reason of a refusal."""
    urls = remote_urls(git, remote)
    place = parse_remote(urls[-1])
    named = api_url or environ.get("GITHUB_API_URL") or ""
    if not named and place.host not in _GITHUB_HOSTS:
        raise UserError(
            f"the remote `{remote}` is at {place.host or redacted(urls[-1])}, which is not "
            "github.com, and only the repository's configuration names it; to send the token "
            "there, name its API by --api-url or GITHUB_API_URL"
        )
    api = _api(named or DEFAULT_API)
    if not all(map(_NAME.fullmatch, (place.owner, place.name))):
        raise UserError(f"the remote `{remote}` ({redacted(urls[-1])}) names no owner/repository")
    token = find_token(environ)
    trusted = [url for url in map(parse_remote, urls) if _trusted(url, named)]
    if trusted:
        _refuse_bent_connections(git)
    return Access(api, place.owner, place.name, token, _environment(trusted, token, environ))


def find_token(environ: Mapping[str, str]) -> str:
    """The token, from the environment only."""
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        if token := environ.get(name, "").strip():
            if not _TOKEN.fullmatch(token):
                raise UserError(f"{name} does not hold a token: it has blanks or odd characters")
            return token
    raise UserError("a token is needed to open a pull request: set GITHUB_TOKEN")


def remote_urls(git: Git, remote: str) -> list[str]:
    """The URLs from which git fetches and to which it pushes."""
    if remote.startswith("-"):
        raise UserError(f"`{remote}` is not the name of a remote")
    try:
        fetch = git.run("remote", "get-url", "--all", "--", remote).splitlines()
        push = git.run("remote", "get-url", "--push", "--all", "--", remote).splitlines()
    except GitError as error:
        known = ", ".join(git.lookup("remote").splitlines()) or "none"
        raise UserError(f"there is no remote `{remote}` (there is: {known})") from error
    return fetch + push


def parse_remote(url: str) -> Remote:
    """The parts of ``https://host/owner/name.git``, ``git@host:owner/name`` or a folder."""
    match = _SCP.match(url)
    if "://" in url:
        parts = urlsplit(url)
        scheme, host, path = parts.scheme.lower(), (parts.hostname or "").lower(), parts.path
        port = f":{parts.port}" if parts.port else ""
    elif match:
        scheme, host, port, path = "ssh", match[1].lower(), "", match[2]
    else:
        scheme, host, port, path = "file", "", "", url
    *_, owner, name = ["", "", *path.strip("/").split("/")]
    return Remote(scheme, host, port, owner, name.removesuffix(".git"))


def _api(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"`{redacted(url)}` is not the address of an API (https://...)")
    if parts.username or parts.password:
        raise UserError("the address of the API must not hold a user or password")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UserError(f"{url}: the token is not sent without encryption; use https")
    return url.rstrip("/")


def _trusted(url: Remote, named: str) -> bool:
    """Whether git may send the token to ``url``."""
    if url.scheme == "http" and url.host not in _LOOPBACK:
        return False
    if url.scheme not in ("http", "https"):
        return False
    api_host = (urlsplit(named).hostname or "").lower()
    return url.host in _GITHUB_HOSTS or (bool(api_host) and url.host in _git_hosts(api_host))


def _git_hosts(api_host: str) -> tuple[str, ...]:
    return api_host, api_host.removeprefix("api.")


def _refuse_bent_connections(git: Git) -> None:
    for name in git.local_settings():
        if _BENDING.fullmatch(name):
            raise UserError(
                f"the repository's own configuration sets `{name}`, which bends the connection "
                "that would carry the token; set it in your own configuration or unset it"
            )


def _environment(trusted: list[Remote], token: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Git's configuration through the environment: a header for the trusted hosts only."""
    if not trusted:
        return {}
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    settings = [("credential.helper", ""), *_headers(trusted, f"Authorization: Basic {basic}")]
    first = int(environ.get("GIT_CONFIG_COUNT", "") or 0)
    found = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, first):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _headers(trusted: list[Remote], header: str) -> Iterator[tuple[str, str]]:
    for scheme, host, port in sorted({(url.scheme, url.host, url.port) for url in trusted}):
        key = f"http.{scheme}://{host}{port}/.extraHeader"
        yield key, ""  # forget what others, such as a checkout action, have set
        yield key, header
