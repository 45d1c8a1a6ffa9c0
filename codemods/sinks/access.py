"""Where a request goes, and who may see the token.

The token goes to a public forge's API and git server, or to a host that the user named outside of
the repository: by ``--api-url``, by a variable of the environment, or by logging in there with the
forge's own client. A host that only the repository's own configuration names never sees it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from codemods.errors import UserError
from codemods.sinks.credentials import Credentials, client_token, find_credentials
from codemods.sinks.forge import Place
from codemods.sinks.git import Git, GitError, redacted
from codemods.sinks.hosts import GITHUB, GITLAB, KINDS, Kind, kind_of_api, kind_of_host, public_api

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SCP = re.compile(r"^(?:[^@/\s]+@)?([^:/\s]+):(?!//)(.+)$")
_NAME = re.compile(r"(?!\.+$)[\w.-]+", re.ASCII)
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
class Wanted:
    """What the user says of it: the remote to push to, the one that gets the request, the API."""

    remote: str = "origin"
    upstream: str | None = None
    api_url: str | None = None
    forge: str | None = None


@dataclass(frozen=True)
class Target:
    """A repository on a forge; ``named`` is its API where the user named it."""

    kind: Kind
    api_url: str
    place: Place
    named: str
    urls: tuple[Remote, ...]

    @property
    def host(self) -> str:
        """The host that the token is for."""
        return self.urls[-1].host


@dataclass(frozen=True)
class Access:
    """A repository on a forge, and how to reach it."""

    target: Target
    user: str
    token: str = field(repr=False)
    #: Variables for git commands that talk to the remote; they hold the token.
    git_environment: Mapping[str, str] = field(repr=False)

    @property
    def api_url(self) -> str:
        """The address of the API."""
        return self.target.api_url

    def scrubbed(self, text: str) -> str:
        """A text of somebody else's without the token, whoever put it there."""
        for secret in (self.token, _basic(self.user, self.token)):
            text = text.replace(secret, "***")
        return text


def find_access(git: Git, wanted: Wanted, environ: Mapping[str, str]) -> Access:
    """The repository behind a remote. Raises ``UserError`` with the reason of a refusal."""
    target = find_target(git, wanted, environ)
    trusted = [url for url in target.urls if _trusted(url, target)]
    found = find_credentials(target.kind, _own_host(target, trusted), environ)
    if trusted:
        _refuse_bent_connections(git)
    return Access(target, found.user, found.token, _environment(trusted, found, environ))


def find_target(git: Git, wanted: Wanted, environ: Mapping[str, str]) -> Target:
    """The forge and the repository behind a remote, without a token."""
    urls = remote_urls(git, wanted.remote)
    pushed = parse_remote(urls[-1])
    name = wanted.upstream or wanted.remote
    goal_url = remote_urls(git, name)[0] if wanted.upstream else urls[-1]
    goal = parse_remote(goal_url)
    kind, named = _kind(goal, wanted, environ)
    if kind is None:
        where = goal.host or redacted(goal_url)
        raise UserError(
            f"the remote `{name}` is at {where}, which is not github.com (or another public "
            "forge), and only the repository's configuration names it; to send the token "
            "there, name its API by --api-url (and --forge) or GITHUB_API_URL"
        )
    for url, remote, shown in ((goal, name, goal_url), (pushed, wanted.remote, urls[-1])):
        if not _is_name(kind, url):
            raise UserError(f"the remote `{remote}` ({redacted(shown)}) names no owner/repository")
    if wanted.upstream and goal.host != pushed.host:
        raise UserError(
            f"`{wanted.remote}` is at {pushed.host} and `{name}` at {goal.host}: a fork and its "
            "upstream are on the same host"
        )
    source = (pushed.owner, pushed.name) if wanted.upstream else ("", "")
    place = Place(goal.owner, goal.name, *source)
    api = _api(named or public_api(kind, goal.host))
    return Target(kind, api, place, named, tuple(map(parse_remote, urls)))


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
    """The parts of ``https://host/owner/name.git``, ``git@host:owner/name`` or a folder.

    The owner on a host may have several parts, as the groups of GitLab have.
    """
    match = _SCP.match(url)
    if "://" in url:
        parts = urlsplit(url)
        scheme, host, path = parts.scheme.lower(), (parts.hostname or "").lower(), parts.path
        port = f":{parts.port}" if parts.port else ""
    elif match:
        scheme, host, port, path = "ssh", match[1].lower(), "", match[2]
    else:
        scheme, host, port, path = "file", "", "", url
    *owner, name = ["", *path.strip("/").split("/")]
    joined = "/".join(owner[1:] if host else owner[-1:])
    return Remote(scheme, host, port, joined, name.removesuffix(".git"))


def _kind(place: Remote, wanted: Wanted, environ: Mapping[str, str]) -> tuple[Kind | None, str]:
    """The kind of the forge, and the API that the user named ("" on a public host)."""
    chosen = next((kind for kind in KINDS if kind.name == wanted.forge), None)
    if wanted.forge and chosen is None:
        known = ", ".join(kind.name for kind in KINDS)
        raise UserError(f"`{wanted.forge}` is not a forge that looplift knows ({known})")
    public = kind_of_host(place.host)
    if wanted.api_url:
        return chosen or public or kind_of_api(urlsplit(wanted.api_url).path) or GITHUB, (
            wanted.api_url
        )
    if public is not None:
        return chosen or public, _address(chosen or public, environ)
    known_kinds = (chosen,) if chosen else KINDS
    named = [(kind, url) for kind in known_kinds if (url := _address(kind, environ))]
    for kind, url in named:
        if place.host in _git_hosts((urlsplit(url).hostname or "").lower()):
            return kind, url
    for kind in (GITHUB, GITLAB):
        if kind in known_kinds and place.host and client_token(kind, place.host, environ):
            return kind, f"https://{place.host}{kind.suffix}"
    return named[0] if named else (None, "")


def _address(kind: Kind, environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in kind.addresses if environ.get(name)), "")


def _is_name(kind: Kind, url: Remote) -> bool:
    owners = url.owner.split("/")
    return (len(owners) == 1 or kind is GITLAB) and all(map(_NAME.fullmatch, (*owners, url.name)))


def _api(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"`{redacted(url)}` is not the address of an API (https://...)")
    if parts.username or parts.password:
        raise UserError("the address of the API must not hold a user or password")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UserError(f"{url}: the token is not sent without encryption; use https")
    return url.rstrip("/")


def _trusted(url: Remote, target: Target) -> bool:
    """Whether git may send the token to ``url``."""
    if url.scheme == "http" and url.host not in _LOOPBACK:
        return False
    if url.scheme not in ("http", "https"):
        return False
    api_host = (urlsplit(target.named).hostname or "").lower()
    return url.host in target.kind.hosts or (bool(api_host) and url.host in _git_hosts(api_host))


def _own_host(target: Target, trusted: list[Remote]) -> Remote:
    """The host whose credentials are looked for: the git server's, or that of the API."""
    if trusted:
        return trusted[-1]
    parts = urlsplit(target.api_url)
    host = (parts.hostname or "").removeprefix("api.")
    return Remote(parts.scheme, host, f":{parts.port}" if parts.port else "", "", "")


def _git_hosts(api_host: str) -> tuple[str, ...]:
    return api_host, api_host.removeprefix("api.")


def _refuse_bent_connections(git: Git) -> None:
    for name in git.local_settings():
        if _BENDING.fullmatch(name):
            raise UserError(
                f"the repository's own configuration sets `{name}`, which bends the connection "
                "that would carry the token; set it in your own configuration or unset it"
            )


def _basic(user: str, token: str) -> str:
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def _environment(
    trusted: list[Remote], found: Credentials, environ: Mapping[str, str]
) -> dict[str, str]:
    """Git's configuration through the environment: a header for the trusted hosts only."""
    if not trusted:
        return {}
    header = f"Authorization: Basic {_basic(found.user, found.token)}"
    settings = [("credential.helper", ""), *_headers(trusted, header)]
    first = int(environ.get("GIT_CONFIG_COUNT", "") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, first):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables


def _headers(trusted: list[Remote], header: str) -> Iterator[tuple[str, str]]:
    for scheme, host, port in sorted({(url.scheme, url.host, url.port) for url in trusted}):
        key = f"http.{scheme}://{host}{port}/.extraHeader"
        yield key, ""  # forget what others, such as a checkout action, have set
        yield key, header
