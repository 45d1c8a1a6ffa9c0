"""A clone of a served repository, an API, and a way to call ``looplift pr``."""

from __future__ import annotations

import pytest
from servers import TOKEN, FakeGitHub, GitServer, serve
from worlds import opened


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """One git server and one API for the module."""
    git_server, api = GitServer(tmp_path_factory.mktemp("served")), FakeGitHub()
    with serve(git_server.handler()) as git_server.url, serve(api.handler()) as api.url:
        yield git_server, api


@pytest.fixture
def world(servers, tmp_path, monkeypatch, capfdbinary):
    """A clone of a served repository, an empty API, and a way to call ``looplift pr``."""
    git_server, api = servers
    variables = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": api.url}
    with opened(git_server, api, tmp_path, monkeypatch, capfdbinary, variables) as found:
        yield found
