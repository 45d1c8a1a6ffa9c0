"""The same story on every forge: opened, updated, run again, closed, reopened, two at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import fakes
import pytest
from fakes import git
from forges import FakeBitbucket, FakeGitea, FakeGitLab
from servers import TOKEN, FakeGitHub, GitServer, Trouble, serve
from worlds import bare_repository, opened

BRANCH = "looplift/async-migration"
FAKES = {
    "github": (FakeGitHub, "GITHUB", "x-access-token"),
    "gitlab": (FakeGitLab, "GITLAB", "oauth2"),
    "gitea": (FakeGitea, "GITEA", "x-access-token"),
    "bitbucket": (FakeBitbucket, "BITBUCKET", "x-token-auth"),
}
#: How each names the parts of a request.
FIELDS = {
    "github": ("body", "open", "closed"),
    "gitlab": ("description", "opened", "closed"),
    "gitea": ("body", "open", "closed"),
    "bitbucket": ("description", "OPEN", "DECLINED"),
}


@pytest.fixture(scope="module", params=list(FAKES))
def served(request, tmp_path_factory):
    """A git server and the API of one kind of forge."""
    fake, prefix, user = FAKES[request.param]
    git_server, api = GitServer(tmp_path_factory.mktemp("served"), user=user), fake()
    with serve(git_server.handler()) as git_server.url, serve(api.handler()) as api.url:
        yield request.param, prefix, git_server, api


@pytest.fixture
def forge(served, tmp_path, monkeypatch, capfdbinary):
    """The world around that forge."""
    kind, prefix, git_server, api = served
    variables = {f"{prefix}_TOKEN": TOKEN, f"{prefix}_API_URL": api.url}
    with opened(git_server, api, tmp_path, monkeypatch, capfdbinary, variables) as world:
        world.kind, world.prefix = kind, prefix
        world.body, world.open, world.closed = FIELDS[kind]
        yield world


def more(world: SimpleNamespace) -> None:
    """New work on the base."""
    (world.clone / "b.py").write_text("old_one\n")
    fakes.commit(world.clone, "more")
    git(world.clone, "push", "-q", str(world.bare), "main")


def test_the_whole_story(forge):
    first = forge.pr()
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith(f"Pushed 2 commits to {BRANCH}, opened the pull request: https://")
    (pull,) = forge.api.pulls
    assert "Replace old_two by new_two" in git(forge.bare, "log", "--format=%s", BRANCH)
    assert "looplift: fake-first, fake-second" in pull["title"]
    assert pull["draft"] is True
    assert "## Left to do" in pull[forge.body]
    assert "| fake-first | 2 |" in pull[forge.body]
    again = forge.pr()
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith(f"{BRANCH} is up to date: https://")
    pull[forge.body] = "Mine.\n\n" + pull[forge.body]
    more(forge)
    updated = forge.pr()
    assert (updated.code, updated.err) == (0, "")
    assert updated.out.startswith(f"Pushed 2 commits to {BRANCH}, updated the pull request")
    assert len(forge.api.pulls) == 1
    assert pull[forge.body].startswith("Mine.\n\n")
    assert "| fake-first | 3 |" in pull[forge.body]
    assert pull[forge.body].count("looplift: start") == 1
    assert forge.pr().out.startswith(f"{BRANCH} is up to date")


def test_closed_and_reopened(forge):
    forge.pr()
    pull = forge.api.pulls[0]
    pull["state"] = forge.closed
    second = forge.pr()
    assert second.out.startswith("Opened the pull request")
    assert len(forge.api.pulls) == 2
    forge.api.pulls[1]["state"] = forge.closed
    pull["state"] = forge.open
    more(forge)
    assert "updated the pull request" in forge.pr().out
    assert len(forge.api.pulls) == 2
    assert "| fake-first | 3 |" in pull[forge.body]


def test_two_runs_at_once(forge):
    """One request and one series, whoever comes first; the next run finds all as it should be."""
    others = []
    for name in ("one", "two"):
        other = forge.root / name
        git(forge.root, "clone", "-q", str(forge.clone), str(other))
        git(other, "config", "user.name", name)
        git(other, "config", "user.email", f"{name}@example.org")
        url = git(forge.clone, "remote", "get-url", "origin").strip()
        git(other, "remote", "set-url", "origin", url)
        command = [sys.executable, str(Path(__file__).with_name("run_fake.py")), "pr"]
        others.append(
            subprocess.Popen(
                command, cwd=other, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
    said = [(one.communicate(timeout=120)[0], one.returncode) for one in others]
    assert any(code == 0 for _, code in said), said
    for text, code in said:
        assert TOKEN not in text
        assert code == 0 or len(text.splitlines()) == 1, text
    assert len(forge.api.pulls) == 1
    assert len(git(forge.bare, "log", "--format=%s", f"main..{BRANCH}").splitlines()) == 2
    assert forge.pr().code == 0
    assert len(forge.api.pulls) == 1


def test_somebody_opened_it_meanwhile(forge, monkeypatch):
    """The request appears between the look and the opening: it is taken, and brought up to date."""
    from codemods.sinks.forge import Requests

    find, seen = Requests.find, []

    def blind(self, head):
        seen.append(head)
        return find(self, head) if len(seen) != 2 else None

    forge.pr()
    forge.api.pulls[0][forge.body] = ""
    seen.append("first")
    monkeypatch.setattr(Requests, "find", blind)
    result = forge.pr()
    assert (result.code, result.err) == (0, "")
    assert len(forge.api.pulls) == 1
    assert "## Left to do" in forge.api.pulls[0][forge.body]


def test_a_base_that_is_not_there(forge):
    result = forge.pr("--base", "nowhere")
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert forge.api.pulls == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble(401, f"bad {TOKEN}"), "the token was refused"),
        (Trouble(429, "s", {"ratelimit-remaining": "0", "ratelimit-reset": "99999999999"}), "rate"),
    ],
)
def test_refusals_are_one_sentence_without_the_token(forge, trouble, said):
    forge.api.troubles["POST"] = [trouble]
    result = forge.pr()
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert said in result.err
    assert forge.pr().code == 0
    assert len(forge.api.pulls) == 1


def test_an_answer_that_is_lost(forge):
    forge.api.troubles["POST"] = [Trouble(502, done=True)]
    assert forge.pr().code == 0
    assert len(forge.api.pulls) == 1


def test_a_host_that_only_the_repository_names(forge, monkeypatch):
    monkeypatch.delenv(f"{forge.prefix}_API_URL")
    result = forge.pr()
    assert result.code == 2
    assert "only the repository's configuration names it" in result.err
    assert forge.git.authorizations == forge.api.calls == []


def test_the_option_names_the_host_and_the_forge(forge, monkeypatch):
    monkeypatch.delenv(f"{forge.prefix}_API_URL")
    assert forge.pr("--forge", forge.kind, "--api-url", forge.api.url).code == 0
    assert "is not a forge that looplift knows" in forge.pr("--forge", "cvs").err


def test_a_dry_run_shows_every_step(forge, monkeypatch):
    monkeypatch.delenv(f"{forge.prefix}_TOKEN")
    result = forge.pr("--dry-run", "--label", "async")
    assert result.code == 0
    steps = result.out[result.out.index("Steps:\n") :]
    assert f"git push --force-with-lease origin <2 commits>:refs/heads/{BRANCH}\n" in steps
    assert f"GET {forge.api.url}/" in steps
    assert f"POST {forge.api.url}/" in steps
    assert forge.git.authorizations == forge.api.calls == []


def test_labels(forge):
    result = forge.pr("--label", "async", "--label", "bot")
    assert result.code == 0
    if forge.kind == "bitbucket":
        assert result.err == "warning: the request has no labels: the forge has no labels\n"
    else:
        assert forge.api.pulls[0]["labels"] == ["async", "bot"]
    forge.api.pulls[0]["labels"] = []
    assert forge.pr("--label", "async").code == 0
    assert forge.api.pulls[0]["labels"] == []  # somebody took it away


def test_a_fork(forge):
    """The branch goes to the fork, the request to where it was forked from."""
    fork = bare_repository(forge.git.folder / "bob" / "shop.git")
    git(forge.clone, "push", "-q", str(fork), "main")
    git(forge.clone, "remote", "rename", "origin", "upstream")
    git(forge.clone, "remote", "add", "origin", f"{forge.git.url}/bob/shop.git")
    options = ("--upstream", "upstream")
    result = forge.pr(*options)
    assert (result.code, result.err) == (0, "")
    assert git(fork, "branch", "--list", BRANCH).strip() == BRANCH
    assert git(forge.bare, "branch", "--list", BRANCH) == ""
    (pull,) = forge.api.pulls
    assert "bob" in str(pull) or pull.get("source_project_id") == 2
    assert forge.pr(*options).out.startswith(f"{BRANCH} is up to date")
    assert len(forge.api.pulls) == 1


def test_rights_are_missing(forge):
    forge.git.troubles["git-receive-pack"] = [Trouble(403)] * 3
    result = forge.pr()
    forge.git.troubles.clear()
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert "to go by way of a fork, name its remote by --remote and this one" in result.err


@pytest.mark.parametrize(
    ("served", "said"),
    [
        ("github", "error: GH006: Protected branch update failed for refs/heads/x"),
        ("gitlab", "GitLab: You are not allowed to force push code to a protected branch here."),
        ("gitea", "Gitea: Not allowed to push to protected branch x"),
    ],
    indirect=["served"],
)
def test_a_protected_branch(forge, said):
    hook = forge.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    hook.chmod(0o755)
    result = forge.pr()
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    assert f"the branch `{BRANCH}` at `origin` is protected; --branch takes" in result.err


@pytest.mark.parametrize("served", ["gitlab"], indirect=True)
class TestGitLab:
    """What only GitLab has."""

    def test_reviewers(self, forge):
        owners = forge.clone / ".gitlab" / "CODEOWNERS"
        owners.parent.mkdir()
        owners.write_text("* @nobody\n[Python]\n*.py @grace @group/team @linus\n")
        fakes.commit(forge.clone, "owners")
        git(forge.clone, "push", "-q", str(forge.bare), "main")
        assert forge.pr().code == 0
        assert forge.api.pulls[0]["reviewers"] == [{"id": 41}, {"id": 42}]
        forge.api.pulls.clear()
        assert forge.pr("--no-reviewers").code == 0
        assert forge.api.pulls[0]["reviewers"] == []

    def test_not_a_fork(self, forge):
        eve = bare_repository(forge.git.folder / "eve" / "shop.git")
        git(forge.clone, "push", "-q", str(eve), "main")
        git(forge.clone, "remote", "add", "eve", f"{forge.git.url}/eve/shop.git")
        result = forge.pr("--remote", "eve", "--upstream", "origin")
        assert result.code == 2
        assert "eve/shop is not a fork of ada/shop" in result.err

    def test_groups_in_groups(self, forge):
        nested = forge.git.folder / "group" / "sub" / "shop.git"
        bare_repository(nested)
        git(forge.clone, "push", "-q", str(nested), "main")
        git(forge.clone, "remote", "set-url", "origin", f"{forge.git.url}/group/sub/shop.git")
        assert forge.pr().code == 0
        assert ("POST", "/projects/group%2Fsub%2Fshop/merge_requests") in forge.api.calls


@pytest.mark.parametrize("served", ["gitea"], indirect=True)
class TestGitea:
    """What only Gitea has."""

    def test_the_request_is_found_among_many(self, forge):
        forge.pr()
        data = {"title": "x", "body": "", "base": "main"}
        for number in range(120):
            forge.api.add(f"other-{number}", "ada/shop", data)
        forge.api.add(BRANCH, "eve/shop", data)
        assert forge.pr().out.startswith(f"{BRANCH} is up to date")
        assert len(forge.api.pulls) == 122


@pytest.mark.parametrize("served", ["bitbucket"], indirect=True)
class TestBitbucket:
    """What only Bitbucket has."""

    def test_an_update_keeps_the_reviewers(self, forge):
        forge.pr()
        assert "<!--" not in forge.api.pulls[0]["description"]
        more(forge)
        forge.pr()
        assert [one["uuid"] for one in forge.api.pulls[0]["reviewers"]] == ["{d-e-f}"]


class TestToken:
    """Where the token may come from."""

    def program(self, forge: SimpleNamespace, name: str, text: str) -> None:
        folder = forge.root / "secrets" / "bin"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    @pytest.fixture(autouse=True)
    def without(self, forge, monkeypatch):
        monkeypatch.delenv(f"{forge.prefix}_TOKEN")
        path = f"{forge.root / 'secrets' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        monkeypatch.setenv("PATH", path)

    def test_none(self, forge):
        result = forge.pr()
        assert result.code == 2
        assert f"a token is needed to open a pull request: set {forge.prefix}_TOKEN" in result.err

    def test_the_credential_helper_of_the_user(self, forge, monkeypatch):
        self.program(
            forge,
            "git-credential-mine",
            f'test "$1" = get && cat > {forge.root}/asked && echo password={TOKEN}',
        )
        config = forge.root / "secrets" / "gitconfig"
        config.write_text("[credential]\n\thelper = mine\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        git(forge.clone, "config", "credential.helper", f"!touch {forge.root}/stolen; false")
        # The helper of a user knows who it is about.
        self.program(
            forge,
            "git-credential-mine",
            f'test "$1" = get && cat > {forge.root}/asked && '
            f"echo username={FAKES[forge.kind][2]} && echo password={TOKEN}",
        )
        assert forge.pr().code == 0
        host = forge.git.url.removeprefix("http://")
        assert f"host={host}" in (forge.root / "asked").read_text()
        assert not (forge.root / "stolen").exists()

    @pytest.mark.parametrize("served", ["github", "gitlab"], indirect=True)
    def test_the_client_of_the_forge(self, forge):
        clients = {
            "github": ("gh", "auth token --hostname"),
            "gitlab": ("glab", "config get token"),
        }
        name, words = clients[forge.kind]
        self.program(
            forge, name, f'case "$*" in "{words}"*127.0.0.1) echo {TOKEN};; *) exit 1;; esac'
        )
        assert forge.pr().code == 0
        assert len(forge.api.pulls) == 1
