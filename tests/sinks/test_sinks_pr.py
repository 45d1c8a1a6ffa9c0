"""``looplift pr`` against a git server over HTTP and a stateful fake of GitHub."""

from __future__ import annotations

import contextlib
import json
import stat
from pathlib import Path

import fakes
import pytest
from fakes import git
from servers import TOKEN

from cli.main import run

BRANCH = "looplift/async-migration"


def log(world, branch=BRANCH):
    return git(world.bare, "log", "--format=%s", f"main..{branch}").splitlines()


def test_branch_commits_push_and_request(world):
    result = world.pr()
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"Pushed 2 commits to {BRANCH}, opened the pull request: "
        "https://github.com/ada/shop/pull/1\n"
    )
    assert log(world) == [
        "Replace old_two by new_two",
        "Replace old_one by new_one",
    ]
    assert git(world.bare, "show", f"{BRANCH}:a.py") == "new_one\nnew_two\n"
    assert git(world.bare, "show", f"{BRANCH}~:a.py") == "new_one\nold_two\n"
    assert git(world.bare, "ls-tree", BRANCH, "run.sh.py").startswith("100755 ")
    assert git(world.bare, "log", "-1", "--format=%an <%ae>", BRANCH) == (
        "Ada Author <ada@example.org>\n"
    )
    assert git(world.clone, "rev-parse", BRANCH) == git(world.bare, "rev-parse", BRANCH)
    (pull,) = world.api.pulls
    assert pull["head"]["ref"] == BRANCH
    assert pull["base"]["ref"] == "main"
    assert pull["draft"] is True  # something is left
    assert "- [ ] `run.sh.py:3`: `old_two` blocks" in pull["body"]


def test_the_message_of_a_commit(world):
    world.pr()
    message = git(world.bare, "log", "-1", "--format=%B", BRANCH)
    tree = git(world.bare, "rev-parse", f"{BRANCH}^{{tree}}").strip()
    assert message.rstrip("\n") == (
        "Replace old_two by new_two\n\n"
        "Replaces `old_two`.\n\n"
        "Because `old_two` blocks the loop, and everybody waits.\n\n"
        "Changes 1 file (safe):\n- LL911 The word `old_two` (1)\n\n"
        "Because of others:\n- f becomes new: called by `main` in a.py:1\n\n"
        "Left as it was:\n- run.sh.py:3: `old_two` blocks (called by `main` in run.sh.py:1; a\n"
        "  route)\n\n"
        "To check, run the test suite. What is left is listed by\n"
        "`looplift check --select fake-second`.\n\n"
        f"Looplift: fake-second {tree}"
    )


def test_the_second_run_adds_nothing(world):
    world.pr()
    tip, calls = git(world.bare, "rev-parse", BRANCH), len(world.api.calls)
    result = world.pr()
    assert result.code == 0
    assert result.out == f"{BRANCH} is up to date: https://github.com/ada/shop/pull/1\n"
    assert git(world.bare, "rev-parse", BRANCH) == tip
    assert len(world.api.pulls) == 1
    assert [method for method, _ in world.api.calls[calls:]] == ["GET"]


def test_new_work_on_main_replaces_the_commits(world):
    world.pr()
    (world.clone / "b.py").write_text("old_one\n")
    fakes.commit(world.clone, "more")
    git(world.clone, "push", "-q", str(world.bare), "main")
    result = world.pr()
    assert result.out.startswith(f"Pushed 2 commits to {BRANCH}, updated the pull request")
    assert len(log(world)) == 2
    assert git(world.bare, "show", f"{BRANCH}:b.py") == "new_one\n"
    assert len(world.api.pulls) == 1
    assert "| fake-first | 3 |" in world.api.pulls[0]["body"]


def test_words_around_the_body_stay(world):
    world.pr()
    pull = world.api.pulls[0]
    pull["body"] = "Mind the gap.\r\n\r\n" + pull["body"] + "\r\n\r\nThanks!"
    pull["title"] = "My title"
    (world.clone / "b.py").write_text("old_one\n")
    fakes.commit(world.clone, "more")
    git(world.clone, "push", "-q", str(world.bare), "main")
    world.pr()
    assert pull["body"].startswith("Mind the gap.\n\n<!-- looplift: start -->")
    assert pull["body"].endswith("<!-- looplift: end -->\n\nThanks!")
    assert pull["body"].count("looplift: start") == 1
    assert pull["title"] == "My title"


def test_a_request_that_was_closed_is_opened_again(world):
    world.pr()
    world.api.pulls[0]["state"] = "closed"
    result = world.pr()
    assert result.out == "Opened the pull request: https://github.com/ada/shop/pull/2\n"


def test_an_interrupted_run_is_completed(world):
    world.api.refusal = (502, "Bad gateway", {})
    assert world.pr().code == 2
    world.api.refusal = None
    assert world.pr().out.startswith("Opened the pull request")
    assert len(log(world)) == 2


def test_dry_run_prints_and_touches_nothing(world, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN")
    result = world.pr("--dry-run")
    assert result.code == 0
    assert result.out.startswith(f"Branch: {BRANCH}\nBase: main\nRemote: origin\nCommits:\n")
    assert "  Replace old_two by new_two\n" in result.out
    assert "Draft request: looplift: fake-first, fake-second\n" in result.out
    assert "## Left to do" in result.out
    assert world.git.authorizations == world.api.calls == []
    assert git(world.clone, "branch", "--list") == "* main\n"


def test_json(world):
    dry = json.loads(world.pr("--dry-run", "--output-format", "json").out)
    assert dry["branch"] == BRANCH
    assert len(dry["commits"]) == 2
    done = json.loads(world.pr("--output-format", "json").out)
    assert (done["pushed"], done["opened"], done["updated"]) == (True, True, False)


def test_nothing_to_change(world):
    result = world.pr("--select", "fake-unsafe")
    assert (result.code, result.out) == (0, "Nothing to change.\n")
    assert world.api.calls == []


def other_commit(world):
    """Somebody else pushes to the branch."""
    other = world.root / "other"
    git(world.root, "clone", "-q", "-b", BRANCH, str(world.bare), str(other))
    git(other, "config", "user.name", "Bob")
    git(other, "config", "user.email", "bob@example.org")
    (other / "a.py").write_text("bob was here\n")
    return fakes.commit(other, "Mend it"), other


def test_other_peoples_commits_are_not_overwritten(world):
    world.pr()
    sha, other = other_commit(world)
    git(other, "push", "-q", "origin", BRANCH)
    result = world.pr()
    assert result.code == 2
    assert result.err == (
        f"looplift: error: the branch `{BRANCH}` at `origin` has commits that looplift did not "
        f"make ({sha[:10]} by Bob: Mend it); --force overwrites them, --branch takes another "
        "name\n"
    )
    assert git(world.bare, "rev-parse", BRANCH).strip() == sha
    assert world.pr("--branch", "lift").code == 0
    assert world.pr("--force").code == 0
    assert git(world.bare, "show", f"{BRANCH}:a.py") == "new_one\nnew_two\n"


def test_an_amended_commit_of_ours_is_somebody_elses(world):
    world.pr()
    _, other = other_commit(world)
    git(other, "reset", "-q", "--soft", "HEAD~")
    git(other, "commit", "-q", "--amend", "--no-edit")
    git(other, "push", "-q", "-f", "origin", BRANCH)
    assert "has commits that looplift did not make" in world.pr().err


def test_a_push_at_the_same_time_is_not_overwritten(world, monkeypatch):
    from codemods.sinks import pullrequest

    world.pr()
    (world.clone / "b.py").write_text("old_one\n")
    fakes.commit(world.clone, "more")
    git(world.clone, "push", "-q", str(world.bare), "main")
    real = pullrequest.build_commits

    def build(*arguments):
        _, other = other_commit(world)
        git(other, "push", "-q", "origin", BRANCH)
        return real(*arguments)

    monkeypatch.setattr(pullrequest, "build_commits", build)
    result = world.pr()
    assert result.code == 2
    assert "was changed by somebody else meanwhile; run again" in result.err
    assert git(world.bare, "show", f"{BRANCH}:a.py") == "bob was here\n"


def test_a_local_branch_with_own_work_stays(world):
    git(world.clone, "branch", BRANCH)
    git(world.clone, "switch", "-q", BRANCH)
    mine = fakes.commit(world.clone, "mine")
    git(world.clone, "switch", "-q", "main")
    assert world.pr().code == 0
    assert git(world.clone, "rev-parse", BRANCH).strip() == mine
    assert len(log(world)) == 2


def test_draft(world):
    world.pr("--no-draft")
    assert world.api.pulls[0]["draft"] is False


def test_a_repository_without_drafts(world):
    world.api.drafts = False
    assert world.pr("--draft").code == 0
    assert world.api.pulls[0]["draft"] is False


def test_another_base(world):
    world.api.bases = ("main", "develop")
    git(world.bare, "branch", "develop", "main")
    world.pr("--base", "develop")
    assert world.api.pulls[0]["base"]["ref"] == "develop"
    world.pr()
    assert world.api.pulls[0]["base"]["ref"] == "main"


def test_a_base_that_the_forge_refuses(world):
    git(world.bare, "branch", "nowhere", "main")
    assert "Validation Failed; base: invalid" in world.pr("--base", "nowhere").err


def test_git_conversions_apply(world):
    (world.clone / ".gitattributes").write_text("*.py text eol=crlf\n")
    fakes.commit(world.clone, "attributes")
    git(world.clone, "push", "-q", str(world.bare), "main")
    (world.clone / "a.py").unlink()
    git(world.clone, "checkout", "-q", "--", "a.py")
    assert (world.clone / "a.py").read_bytes() == b"old_one\r\nold_two\r\n"
    assert world.pr().code == 0
    assert git(world.bare, "cat-file", "blob", f"{BRANCH}:a.py") == "new_one\nnew_two\n"


def test_a_new_file_and_an_odd_name(world):
    name = 'sub dir/od"d\nname\u00e9.py'
    (world.clone / "sub dir").mkdir()
    (world.clone / name).write_text("old_one # make_file\n")
    fakes.commit(world.clone, "odd")
    git(world.clone, "push", "-q", str(world.bare), "main")
    assert world.pr().code == 0
    assert (
        git(world.bare, "cat-file", "blob", f"{BRANCH}:made/helper.py") == "# made by fake-first\n"
    )
    assert "new_one" in git(world.bare, "cat-file", "blob", f"{BRANCH}:{name}")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((401, "Bad credentials", {}), "the token was refused (Bad credentials)"),
        ((403, "Resource not accessible", {}), "the token has not the right to do this"),
        ((403, "API rate limit exceeded", {}), "the rate limit is used up"),
        ((429, "slow down", {"Retry-After": "60"}), "the rate limit is used up"),
        ((404, "Not Found", {}), "is not there, or the token may not see it"),
        ((500, "oops", {}), "the API answered 500 (oops)"),
        ((302, "elsewhere", {"Location": "http://localhost:1/"}), "the API answered 302"),
    ],
)
def test_refusals_of_the_api_are_one_sentence(world, refusal, said):
    world.api.refusal = refusal
    result = world.pr()
    assert result.code == 2
    assert result.err.startswith("looplift: error: ada/shop on 127.0.0.1: ")
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_a_renamed_repository_is_followed_on_the_same_server(world):
    world.api.redirect = f"{world.api.url}/repositories/7/pulls?state=open&head=ada:{BRANCH}"
    assert world.pr().code == 0


def test_a_redirect_elsewhere_is_not_followed(world):
    world.api.redirect = f"{world.git.url}/steal"
    world.git.authorizations.clear()
    assert "the API redirects elsewhere; not followed" in world.pr().err
    assert f"Bearer {TOKEN}" not in world.git.authorizations


def test_a_server_that_refuses_the_token(world):
    world.git.token = "another"
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, world.git, "token", TOKEN)
        result = world.pr()
    assert result.code == 2
    assert result.err.startswith("looplift: error: git ls-remote failed: ")


def test_a_hook_of_the_server_that_refuses(world):
    hook = world.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho not on a Sunday >&2\nexit 1\n")
    hook.chmod(0o755)
    result = world.pr()
    assert result.code == 2
    assert "not on a Sunday" in result.err
    assert world.api.pulls == []


class TestToken:
    def test_none(self, world, monkeypatch):
        monkeypatch.delenv("GITHUB_TOKEN")
        assert "set GITHUB_TOKEN" in world.pr().err
        monkeypatch.setenv("GH_TOKEN", TOKEN)
        assert world.pr().code == 0

    def test_not_a_token(self, world, monkeypatch):
        monkeypatch.setenv("GITHUB_TOKEN", "two words")
        assert "does not hold a token" in world.pr().err

    def test_it_does_not_go_where_only_the_repository_says(self, world, monkeypatch):
        monkeypatch.delenv("GITHUB_API_URL")
        result = world.pr()
        assert result.code == 2
        assert "the remote `origin` is at 127.0.0.1, which is not github.com" in result.err
        assert world.git.authorizations == world.api.calls == []

    def test_an_option_names_the_host_too(self, world, monkeypatch):
        monkeypatch.delenv("GITHUB_API_URL")
        assert world.pr("--api-url", world.api.url).code == 0

    def test_git_gets_it_only_for_the_host_that_was_named(self, world):
        # Both are loopback, but only one was named.
        url = world.git.url.replace("127.0.0.1", "localhost")
        git(world.clone, "remote", "set-url", "origin", f"{url}/ada/shop.git")
        result = world.pr()
        assert result.code == 2
        assert set(world.git.authorizations) == {""}

    def test_a_rewritten_url_does_not_get_it(self, world):
        url = world.git.url.replace("127.0.0.1", "localhost")
        git(world.clone, "config", f"url.{url}/.insteadOf", world.git.url + "/")
        assert world.pr().code == 2
        assert set(world.git.authorizations) == {""}

    @pytest.mark.parametrize(
        "setting", ["http.sslVerify", "http.proxy", "http.https://github.com/.sslCAInfo"]
    )
    def test_a_bent_connection_is_refused(self, world, setting):
        git(world.clone, "config", setting, "false")
        result = world.pr()
        assert result.code == 2
        assert f"the repository's own configuration sets `{setting.lower()}`" in result.err
        assert world.git.authorizations == []

    def test_unencrypted_only_on_loopback(self, world):
        result = world.pr("--api-url", "http://example.org/api/v3")
        assert "is not sent without encryption" in result.err

    def test_credentials_in_a_remote_are_not_shown(self, world, monkeypatch):
        git(world.clone, "remote", "set-url", "origin", "https://me:hunter2@example.invalid/a/b")
        monkeypatch.delenv("GITHUB_API_URL")
        result = world.pr()
        assert "hunter2" not in result.err

    def test_no_command_of_the_repository_sees_it(self, world):
        """Only the hook runs that git would run too, and it does not see the token."""
        spy = world.root / "spy"
        spy.write_text(f"#!/bin/sh\n(echo $0 $*; env; cat) >> {world.root}/seen\n")
        spy.chmod(0o755)
        for name in ("pre-push", "reference-transaction", "post-index-change"):
            hook = world.clone / ".git" / "hooks" / name
            hook.parent.mkdir(exist_ok=True)
            hook.write_bytes(spy.read_bytes())
            hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
        git(world.clone, "config", "credential.helper", f"!{spy}")
        git(world.clone, "config", "core.askPass", str(spy))
        git(world.clone, "config", "core.fsmonitor", str(spy))
        git(world.clone, "config", "alias.push", f"!{spy}")
        (world.root / "seen").unlink(missing_ok=True)
        assert run(["pr", "--no-verify"]) == 0
        assert not (world.root / "seen").exists()
        (world.clone / "b.py").write_text("old_one\n")
        quiet = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
        git(world.clone, *quiet, "add", "-A")
        git(world.clone, *quiet, "commit", "-qm", "more")
        git(world.clone, *quiet, "push", "-q", str(world.bare), "main")
        (world.root / "seen").unlink(missing_ok=True)
        assert run(["pr"]) == 0
        seen = (world.root / "seen").read_text()
        assert f"/hooks/pre-push origin {world.git.url}/ada/shop.git\n" in seen
        assert f"refs/heads/{BRANCH} " in seen
        assert seen.count("/hooks/") == 1
        assert TOKEN not in seen


class TestRefusals:
    @pytest.mark.parametrize("path", ["", "shop.git", "ada/..", "ada/sh%3Fop", "ada/sh op"])
    def test_no_owner_and_name(self, world, path):
        git(world.clone, "remote", "set-url", "origin", f"{world.git.url}/{path}")
        assert "names no owner/repository" in world.pr().err

    def test_uncommitted_changes(self, world):
        (world.clone / "run.sh.py").write_text("mine\n")
        assert "run.sh.py has uncommitted changes" in world.pr().err

    def test_untracked_files_do_not_matter(self, world):
        (world.clone / "new.txt").write_text("mine\n")
        assert world.pr().code == 0

    def test_an_untracked_file_that_would_be_changed(self, world):
        (world.clone / "new.py").write_text("old_one\n")
        assert "new.py would be changed but is not in git" in world.pr().err

    def test_no_such_remote(self, world):
        result = world.pr("--remote", "upstream")
        assert "there is no remote `upstream` (there is: origin)" in result.err

    def test_odd_names(self, world):
        assert "is not the name of a remote" in world.pr("--remote=--upload-pack=x").err
        assert "is not a name for a branch" in world.pr("--branch", "a..b").err

    def test_on_the_branch_itself(self, world):
        git(world.clone, "switch", "-q", "-c", "other")
        assert run(["pr", "--branch", "other"]) == 2

    def test_detached(self, world):
        git(world.clone, "switch", "-q", "--detach")
        assert run(["pr"]) == 2
        assert run(["pr", "--base", "main"]) == 0

    def test_no_author(self, world, monkeypatch):
        git(world.clone, "config", "user.useConfigOnly", "true")
        git(world.clone, "config", "--unset", "user.email")
        monkeypatch.delenv("EMAIL", raising=False)
        assert "git knows no author" in world.pr().err

    def test_not_a_repository(self, world, tmp_path: Path, monkeypatch):
        (tmp_path / "plain").mkdir()
        assert "is not a git repository" in world.pr(str(tmp_path / "plain")).err


def test_verified_and_all_is_well(world):
    result = world.pr("--verify", "PASSWORD=hunter2 grep -q one a.py; echo '3 passed in 0.02s'")
    assert result.code == 0
    assert "Verified: before: exit code 0, 3 passed (" in result.err
    (pull,) = world.api.pulls
    assert (
        "## Verified\n\n`PASSWORD=... grep -q one a.py; echo '3 passed in 0.02s'`, run in a copy "
        "of the repository, in the environment of whoever made this request:\n\n"
        "| | result |\n|---|---|\n| before | exit code 0, 3 passed |\n"
        "| after | exit code 0, 3 passed |\n\n"
    ) in pull["body"].replace("\r\n", "\n")
    assert "Left out" not in pull["body"]
    # A second run says the same, so there is nothing to update.
    again = world.pr("--verify", "PASSWORD=hunter2 grep -q one a.py; echo '3 passed in 0.02s'")
    assert again.out.startswith(f"{BRANCH} is up to date: ")
    assert git(world.clone, "status", "--porcelain") == ""
    assert len(git(world.clone, "worktree", "list").splitlines()) == 1


def test_what_the_command_fails_with_is_not_in_the_request(world):
    """It is left out of the commits, and the body says what and why; that makes it a draft."""
    (world.clone / "run.sh.py").write_text("old_two\n")
    fakes.commit(world.clone, "nothing to keep")
    git(world.clone, "push", "-q", str(world.bare), "main")
    result = world.pr("--verify", "grep -q old_two run.sh.py", "--split", "package")
    assert result.code == 0
    assert "Left out: fake-second in run.sh.py, since" in result.err
    assert git(world.bare, "show", f"{BRANCH}:run.sh.py") == "old_two\n"
    assert git(world.bare, "show", f"{BRANCH}:a.py") == "new_one\nnew_two\n"
    (pull,) = world.api.pulls
    assert pull["draft"] is True
    assert (
        "Left out, since it failed with them:\n\n- fake-second in `run.sh.py`: the command passes "
        "without it and fails with it (exit code 1)"
    ) in pull["body"].replace("\r\n", "\n")


def test_a_dry_run_shows_what_was_verified(world):
    result = world.pr("--dry-run", "--verify", "false")
    assert result.code == 0
    assert "| before | exit code 1 |" in result.out
    assert "It fails before already, so it proves nothing." in result.out
    assert "The command fails before the migration" in result.err
    assert world.git.authorizations == world.api.calls == []
