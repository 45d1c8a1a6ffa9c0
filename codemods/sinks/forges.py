"""The forges that looplift talks to, by their kind."""

from __future__ import annotations

from codemods.sinks.bitbucket import Bitbucket
from codemods.sinks.forge import Forge, Place
from codemods.sinks.github import Gitea, GitHub
from codemods.sinks.gitlab import GitLab
from codemods.sinks.hosts import BITBUCKET, GITEA, GITHUB, GITLAB, Kind


def forge_of(kind: Kind, place: Place) -> Forge:
    """How to talk to a forge about a repository."""
    if kind is GITLAB:
        return GitLab(place)
    if kind is BITBUCKET:
        return Bitbucket(place)
    return {GITHUB: GitHub, GITEA: Gitea}[kind](place)
