"""The forges that looplift knows: their hosts, where their APIs are, who may have which token."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of forge.

    ``hosts`` are the public ones, ``default_api`` is theirs. On another host the API ends in
    ``suffix``. ``addresses`` are variables of the environment that name an API, ``tokens`` and
    ``own_tokens`` (for hosts of one's own) those that hold a token, ``client`` the command of the
    forge's own client that prints one. ``user`` goes with a token to the git server.
    """

    name: str
    title: str
    hosts: frozenset[str]
    default_api: str
    suffix: str
    addresses: tuple[str, ...]
    tokens: tuple[str, ...]
    own_tokens: tuple[str, ...]
    client: tuple[str, ...]
    user: str


GITHUB = Kind(
    "github",
    "GitHub",
    frozenset({"github.com", "www.github.com", "ssh.github.com"}),
    "https://api.github.com",
    "/api/v3",
    ("GITHUB_API_URL",),
    ("GITHUB_TOKEN", "GH_TOKEN"),
    ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    ("gh", "auth", "token", "--hostname"),
    "x-access-token",
)
GITLAB = Kind(
    "gitlab",
    "GitLab",
    frozenset({"gitlab.com", "www.gitlab.com", "altssh.gitlab.com"}),
    "https://gitlab.com/api/v4",
    "/api/v4",
    ("GITLAB_API_URL", "CI_API_V4_URL"),
    ("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"),
    (),
    ("glab", "config", "get", "token", "--host"),
    "oauth2",
)
GITEA = Kind(
    "gitea",
    "Gitea or Forgejo",
    frozenset({"codeberg.org", "gitea.com"}),
    "",
    "/api/v1",
    ("GITEA_API_URL", "FORGEJO_API_URL"),
    ("GITEA_TOKEN", "FORGEJO_TOKEN"),
    (),
    (),
    "x-access-token",
)
BITBUCKET = Kind(
    "bitbucket",
    "Bitbucket",
    frozenset({"bitbucket.org", "www.bitbucket.org", "altssh.bitbucket.org"}),
    "https://api.bitbucket.org/2.0",
    "/2.0",
    ("BITBUCKET_API_URL",),
    ("BITBUCKET_TOKEN",),
    (),
    (),
    "x-token-auth",
)
KINDS = (GITHUB, GITLAB, GITEA, BITBUCKET)

#: Every variable that may hold a token: none of them is for the commands that looplift runs.
SECRETS = tuple(dict.fromkeys(name for kind in KINDS for name in kind.tokens + kind.own_tokens))


def kind_of_host(host: str) -> Kind | None:
    """The kind of a public host."""
    return next((kind for kind in KINDS if host in kind.hosts), None)


def kind_of_api(path: str) -> Kind | None:
    """The kind of the forge whose API is at this path of its host."""
    found = [kind for kind in KINDS if path.rstrip("/").endswith(kind.suffix)]
    return found[0] if found else None


def public_api(kind: Kind, host: str) -> str:
    """The API of a public host."""
    return kind.default_api or f"https://{host}{kind.suffix}"
