"""The token: from the environment, the forge's own client, or git's credential helper."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from codemods.errors import UserError
from codemods.sinks.git import Git, GitError
from codemods.sinks.hosts import SECRETS, Kind

_TOKEN = re.compile(r"[\x21-\x7e]+")
_PATIENCE = 30


class Host(Protocol):
    """Where the token is for."""

    @property
    def scheme(self) -> str:
        """``https``, or ``http`` on loopback."""

    @property
    def host(self) -> str:
        """The host, without a port."""

    @property
    def port(self) -> str:
        """``:8443``, "" for the usual one."""


@dataclass(frozen=True)
class Credentials:
    """A token, and the user that goes with it to the git server."""

    user: str
    token: str = field(repr=False)


def find_credentials(kind: Kind, place: Host, environ: Mapping[str, str]) -> Credentials:
    """The first token that is found; raises ``UserError`` where there is none."""
    own = () if place.host in kind.hosts else kind.own_tokens
    for name in (*own, *kind.tokens):
        if token := environ.get(name, "").strip():
            return Credentials(kind.user, _checked(token, name))
    if token := client_token(kind, place.host, environ):
        return Credentials(kind.user, _checked(token, f"`{kind.client[0]}`"))
    if found := _helper(place):
        return Credentials(
            found.user or kind.user, _checked(found.token, "git's credential helper")
        )
    client = f", log in by `{kind.client[0]}`" if kind.client else ""
    raise UserError(
        f"a token is needed to open a pull request: set {kind.tokens[0]}{client}, or let git's "
        f"credential helper know {place.host}"
    )


def client_token(kind: Kind, host: str, environ: Mapping[str, str]) -> str:
    """The token that the forge's own client has for a host; "" for none, or without a client.

    It runs outside of the repository, and prints to a pipe.
    """
    if not kind.client:
        return ""
    environment = {name: value for name, value in environ.items() if name not in SECRETS}
    with tempfile.TemporaryDirectory(prefix="looplift-") as folder:
        try:
            done = subprocess.run(
                [*kind.client, host],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
    said = done.stdout.decode("ascii", "replace").strip()
    return said if done.returncode == 0 and _TOKEN.fullmatch(said) else ""


def _helper(place: Host) -> Credentials | None:
    """What the helpers of the user's own configuration know; those of the repository don't run."""
    question = f"protocol={place.scheme}\nhost={place.host}{place.port}\n\n"
    with tempfile.TemporaryDirectory(prefix="looplift-") as folder:
        quiet = {"GIT_CEILING_DIRECTORIES": str(Path(folder).parent), "GIT_ASKPASS": ""}
        try:
            answer = Git(Path(folder)).run("credential", "fill", data=question.encode(), env=quiet)
        except GitError:
            return None
    known = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    token = known.get("password", "")
    return Credentials(known.get("username", ""), token) if token else None


def _checked(token: str, source: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise UserError(f"{source} does not hold a token: it has blanks or odd characters")
    return token
