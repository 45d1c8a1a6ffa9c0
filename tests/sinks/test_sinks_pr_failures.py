"""``looplift pr`` when servers fail: one sentence, no token, and the next run completes it."""

from __future__ import annotations

import subprocess

import pytest
from fakes import git
from servers import TOKEN, Trouble

BRANCH = "looplift/async-migration"
LIMIT = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}


@pytest.fixture
def pauses(world):
    """How long was waited (nothing waits in these tests)."""
    return world.pauses


def completed(world) -> None:
    """The servers are well again: a further run does what is missing, once."""
    world.api.troubles.clear()
    world.git.troubles.clear()
    result = world.pr()
    assert (result.code, result.err) == (0, "")
    assert len(world.api.pulls) == 1
    assert len(git(world.bare, "log", "--format=%s", f"main..{BRANCH}").splitlines()) == 2
    assert world.pr().out.startswith(f"{BRANCH} is up to date")


@pytest.mark.parametrize(
    ("method", "troubles", "waited"),
    [
        ("GET", [Trouble(500, "Oops")], [1.0]),
        ("GET", [Trouble(502), Trouble(503), Trouble(504)], [1.0, 3.0, 9.0]),
        ("GET", [Trouble()], [1.0]),
        ("GET", [Trouble(429, "Too many", {"retry-after": "7"})], [7.0]),
        ("GET", [Trouble(403, "secondary rate limit")], [1.0]),
        ("POST", [Trouble(429, "Too many", {"retry-after": "2"})], [2.0]),
        ("POST", [Trouble(502)], [1.0]),
        ("POST", [Trouble()], [1.0]),
        ("POST", [Trouble(502, done=True)], []),
        ("POST", [Trouble(done=True)], []),
        ("POST", [Trouble(503), Trouble(done=True)], [1.0]),
    ],
)
def test_what_passes_is_waited_for(world, pauses, method, troubles, waited):
    world.api.troubles[method] = list(troubles)
    result = world.pr()
    assert (result.code, result.err) == (0, "")
    assert len(world.api.pulls) == 1
    assert pauses == waited
    completed(world)


def test_an_update_is_tried_again(world, pauses):
    world.pr()
    world.api.pulls[0]["base"] = {"ref": "old"}
    world.api.troubles["PATCH"] = [Trouble(502, done=True), Trouble()]
    result = world.pr()
    assert (result.code, result.err) == (0, "")
    assert "updated the pull request" in result.out.lower()
    assert pauses == [1.0, 3.0]


@pytest.mark.parametrize(
    ("method", "troubles", "said"),
    [
        ("GET", [Trouble(401, f"Bad {TOKEN[:4]}")], "the token was refused (Bad ghp_)"),
        ("GET", [Trouble(403, "Resource not accessible")], "has not the right to do this"),
        ("GET", [Trouble(404, "Not Found")], "is not there, or the token may not see it"),
        ("GET", [Trouble(500, "Oops")] * 4, "the API answered 500 (Oops)"),
        ("GET", [Trouble()] * 4, "cannot be reached"),
        ("GET", [Trouble(403, "limit", LIMIT)], "the rate limit is used up"),
        ("GET", [Trouble(429, "slow", {"retry-after": "3600"})], "the rate limit is used up"),
        ("GET", [Trouble(429, "slow")] * 4, "the rate limit is used up"),
        ("POST", [Trouble(401, "Bad credentials")], "the token was refused"),
        ("POST", [Trouble(403, "Resource not accessible")], "has not the right to do this"),
        ("POST", [Trouble(404, "Not Found")], "is not there, or the token may not see it"),
        ("POST", [Trouble(422, "Validation Failed")], "the API answered 422 (Validation Failed)"),
        ("POST", [Trouble(503)] * 4, "the API answered 503"),
        ("POST", [Trouble()] * 4, "cannot be reached"),
        ("POST", [Trouble(429, "slow", {"retry-after": "61"})], "the rate limit is used up"),
    ],
)
def test_the_api_fails(world, pauses, method, troubles, said):
    world.api.troubles[method] = list(troubles)
    result = world.pr()
    assert result.code == 2
    assert result.out == ""
    assert len(result.err.splitlines()) == 1
    assert said in result.err
    assert "Traceback" not in result.err
    assert sum(pauses) < 60
    completed(world)


@pytest.mark.parametrize(
    ("method", "trouble", "said"),
    [
        ("GET", Trouble(200, data=b"<html>Sign in</html>"), "the answer is not JSON"),
        ("POST", Trouble(200, data=b""), "is not what its API promises"),
        ("GET", Trouble(200, data=b"null"), "is not what its API promises"),
        ("POST", Trouble(200, data=b'[{"number": "x"}]'), "is not what its API promises"),
        ("POST", Trouble(200, "half of it", half=True), "cannot be reached"),
    ],
)
def test_the_api_answers_something_else(world, method, trouble, said):
    """A proxy that wants a login, a forge that is half there."""
    world.api.troubles[method] = [trouble] * 4
    result = world.pr()
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert said in result.err
    completed(world)


@pytest.mark.parametrize(
    ("part", "trouble"),
    [
        ("git-upload-pack", Trouble(500)),
        ("git-upload-pack", Trouble()),
        ("git-upload-pack", Trouble(404)),
        ("git-upload-pack", Trouble(half=True)),
        ("git-receive-pack", Trouble(401)),
        ("git-receive-pack", Trouble(403)),
        ("git-receive-pack", Trouble(503)),
        ("git-receive-pack", Trouble()),
        ("info/refs?service=git-receive-pack", Trouble(half=True)),
        ("/shop.git/git-receive-pack", Trouble(half=True)),
        ("/shop.git/git-receive-pack", Trouble()),
    ],
)
def test_the_git_server_fails(world, part, trouble):
    world.git.troubles[part] = [trouble] * 3
    result = world.pr()
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("looplift: error: git ")
    assert len(result.err.splitlines()) == 1
    assert world.api.pulls == []
    completed(world)


def test_a_hook_that_refuses(world):
    hook = world.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no branches today' >&2\nexit 1\n")
    hook.chmod(0o755)
    result = world.pr()
    assert result.code == 2
    assert "no branches today" in result.err
    hook.unlink()
    completed(world)


def test_the_push_is_done_but_the_answer_is_lost(world, monkeypatch):
    """The next run finds its own commits there and only opens the request."""
    world.pr()
    world.api.pulls.clear()
    result = world.pr()
    assert result.code == 0
    assert result.out.startswith("Opened the pull request")
    assert len(world.api.pulls) == 1


def test_a_branch_that_went_another_way_is_kept_unless_forced(world, tmp_path):
    world.pr()
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "-q", str(world.bare), str(other)], check=True)
    git(other, "config", "user.name", "Bo")
    git(other, "config", "user.email", "bo@example.org")
    git(other, "checkout", "-q", BRANCH)
    (other / "mine.txt").write_text("mine\n")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "Mine")
    git(other, "push", "-q", "origin", BRANCH)
    (world.clone / "b.py").write_text("old_one\n")
    git(world.clone, "add", "-A")
    git(world.clone, "commit", "-qm", "more")
    git(world.clone, "push", "-q", str(world.bare), "main")
    result = world.pr()
    assert result.code == 2
    assert "by Bo: Mine" in result.err
    assert "mine.txt" in git(world.bare, "ls-tree", "--name-only", BRANCH)
    assert world.pr("--force").code == 0
    assert "mine.txt" not in git(world.bare, "ls-tree", "--name-only", BRANCH)
    assert len(world.api.pulls) == 1


def test_the_body_says_how_to_go_back(world):
    world.pr()
    body = world.api.pulls[0]["body"]
    for part in ("| pass | files | lines |", "## Bridged", "## Left to do", "- [ ] ", "git revert"):
        assert part in body
