"""Odd repositories: each works, or ends in one clear sentence with the tree as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import fakes
import pytest
from fakes import git
from servers import TOKEN, Trouble
from worlds import bare_repository

from cli.main import run

BRANCH = "looplift/async-migration"


def titles(folder: Path, branch: str = BRANCH) -> list[str]:
    """The subjects of the commits on the branch."""
    return git(folder, "log", "--format=%s", f"main..{branch}").splitlines()


def cloned(world, *options: str, name: str = "second") -> Path:
    """Another clone of what is served, made with options."""
    target = world.root / name
    # Only what is fetched by the protocol can be shallow.
    git(world.root, "clone", "-q", *options, f"file://{world.bare}", str(target))
    git(target, "remote", "set-url", "origin", f"{world.git.url}/ada/shop.git")
    git(target, "config", "user.name", "Ada")
    git(target, "config", "user.email", "ada@example.org")
    return target


def refused(capfd, *arguments: str) -> str:
    """The one sentence of a run that ends with an error."""
    capfd.readouterr()
    assert run(list(arguments)) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


@pytest.fixture
def capfd(capfdbinary):
    """The world reads bytes; these tests read text."""

    class Text:
        def readouterr(self):
            return tuple(stream.decode() for stream in capfdbinary.readouterr())

    return Text()


def test_a_shallow_clone(world, monkeypatch):
    fakes.commit(world.clone, "another")
    git(world.clone, "push", "-q", str(world.bare), "main")
    shallow = cloned(world, "--depth", "1")
    monkeypatch.chdir(shallow)
    assert run(["pr"]) == 0
    assert len(titles(world.bare)) == 2
    assert run(["pr"]) == 0
    assert run(["apply", "-q"]) == 0
    assert len(world.api.pulls) == 1


def test_a_partial_clone(world, monkeypatch):
    """What was not fetched is not needed: git could not fetch it without the token."""
    (world.clone / "large.txt").write_text("large")
    fakes.commit(world.clone, "large")
    git(world.clone, "push", "-q", str(world.bare), "main")
    git(world.bare, "config", "uploadpack.allowFilter", "true")
    partial = world.root / "partial"
    only = ("--filter=blob:none", "--no-checkout")
    git(world.root, "clone", "-q", *only, f"file://{world.bare}", str(partial))
    git(partial, "sparse-checkout", "set", "--no-cone", "*.py")
    git(partial, "checkout", "-q", "main")
    git(partial, "config", "user.name", "Ada")
    git(partial, "config", "user.email", "ada@example.org")
    git(partial, "remote", "set-url", "origin", f"{world.git.url}/ada/shop.git")
    monkeypatch.chdir(partial)
    assert run(["pr"]) == 0
    assert git(world.bare, "show", f"{BRANCH}:large.txt") == "large"
    assert git(world.bare, "diff", "--name-only", "main", BRANCH).split() == ["a.py", "run.sh.py"]
    assert run(["apply", "-q"]) == 0


def test_a_detached_head(world, monkeypatch, capfd):
    git(world.clone, "switch", "-q", "--detach")
    assert "no branch is checked out; name the base of the request by --base" in refused(
        capfd, "pr"
    )
    assert run(["pr", "--base", "main"]) == 0
    assert len(titles(world.bare)) == 2
    assert run(["apply", "-q"]) == 0


def test_a_work_tree_of_its_own(world, monkeypatch):
    git(world.clone, "worktree", "add", "-q", "-b", "side", str(world.root / "side"))
    monkeypatch.chdir(world.root / "side")
    assert run(["pr", "--base", "main"]) == 0
    assert len(titles(world.bare)) == 2
    before = fakes.tree(world.clone)
    assert run(["apply", "-q"]) == 0
    assert (world.root / "side" / "a.py").read_text() == "new_one\nnew_two\n"
    assert fakes.tree(world.clone) == before
    assert run(["undo"]) == 0
    assert (world.root / "side" / "a.py").read_text() == "old_one\nold_two\n"


def test_the_branch_is_checked_out_elsewhere(world):
    """It is pushed; the local branch stays where somebody stands on it."""
    git(world.clone, "worktree", "add", "-q", "-b", BRANCH, str(world.root / "side"))
    tip = git(world.clone, "rev-parse", BRANCH)
    assert world.pr().code == 0
    assert git(world.clone, "rev-parse", BRANCH) == tip
    assert len(titles(world.bare)) == 2


def test_submodules(world, capfd):
    """What is in a submodule is another repository's: it is neither read nor changed."""
    inner = fakes.repository(world.root / "inner")
    (inner / "deep.py").write_text("old_one\n")
    fakes.commit(inner, "deep")
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "vendor")
    git(world.clone, *add)
    fakes.commit(world.clone, "with a submodule")
    git(world.clone, "push", "-q", str(world.bare), "main")
    (world.clone / "vendor" / "untracked.txt").write_text("mine\n")
    assert world.pr().code == 0
    assert "vendor" not in git(world.bare, "diff", "--name-only", "main", BRANCH)
    assert run(["apply", "-q"]) == 0
    assert (world.clone / "vendor" / "deep.py").read_text() == "old_one\n"


def test_inside_of_a_submodule(world, monkeypatch):
    """It is a repository like any other; the one around it is left alone."""
    outer = fakes.repository(world.root / "outer")
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(world.bare), "shop")
    git(outer, *add)
    tip = fakes.commit(outer, "with a submodule")
    inner = outer / "shop"
    git(inner, "remote", "set-url", "origin", f"{world.git.url}/ada/shop.git")
    git(inner, "config", "user.name", "Ada")
    git(inner, "config", "user.email", "ada@example.org")
    monkeypatch.chdir(inner)
    assert run(["pr"]) == 0
    assert len(titles(world.bare)) == 2
    assert run(["apply", "-q"]) == 0
    assert (inner / "a.py").read_text() == "new_one\nnew_two\n"
    assert git(outer, "rev-parse", "HEAD").strip() == tip


def test_a_sparse_checkout(world, monkeypatch, capfd):
    for name in ("app", "other"):
        (world.clone / name).mkdir()
        (world.clone / name / "m.py").write_text("old_one\n")
    fakes.commit(world.clone, "folders")
    git(world.clone, "push", "-q", str(world.bare), "main")
    sparse = cloned(world, "--sparse")
    git(sparse, "sparse-checkout", "set", "app")
    monkeypatch.chdir(sparse)
    before = fakes.tree(sparse)
    for command in ("apply", "pr"):
        said = refused(capfd, command)
        assert "other/m.py is not in this sparse checkout" in said
        assert "git sparse-checkout disable" in said
    assert fakes.tree(sparse) == before
    git(sparse, "sparse-checkout", "disable")
    assert run(["pr"]) == 0
    assert git(world.bare, "show", f"{BRANCH}:other/m.py") == "new_one\n"


class TestSigned:
    """Commits are signed where the user's configuration says so."""

    @pytest.fixture
    def key(self, world, monkeypatch):
        if shutil.which("ssh-keygen") is None:
            pytest.skip("ssh-keygen is not installed")
        key = world.root / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        (world.root / "signers").write_text(
            f"ada@example.org {key.with_suffix('.pub').read_text()}"
        )
        config = world.root / "gitconfig"
        config.write_text(
            f"[commit]\n\tgpgSign = true\n[gpg]\n\tformat = ssh\n[user]\n\tsigningKey = {key}\n"
            f'[gpg "ssh"]\n\tallowedSignersFile = {world.root / "signers"}\n'
        )
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        return key

    def test_each_of_them(self, world, key):
        assert world.pr().code == 0
        found = git(world.clone, "log", "--format=%G?", f"main..{BRANCH}").split()
        assert found == ["G", "G"]
        assert world.pr().out.startswith(f"{BRANCH} is up to date")

    def test_a_key_that_is_gone(self, world, key, capfd):
        key.unlink()
        key.with_suffix(".pub").unlink()
        assert "git commit-tree failed" in refused(capfd, "pr")
        assert git(world.bare, "branch", "--list", BRANCH) == ""
        assert world.api.pulls == []

    def test_a_program_that_only_the_repository_names(self, world, key, capfd):
        git(world.clone, "config", "gpg.ssh.program", f"{world.root}/evil")
        assert "configuration sets `gpg.ssh.program`, a program that" in refused(capfd, "pr")


class TestHooks:
    """The user's hooks run as for any commit and push."""

    def hook(self, world, name: str, text: str) -> None:
        path = world.clone / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def test_they_see_the_commits_and_the_push(self, world):
        self.hook(world, "pre-commit", f"git diff --cached --name-only >> {world.root}/staged")
        self.hook(world, "commit-msg", 'echo "Reviewed-for: $(head -1 $1)" >> "$1"')
        self.hook(world, "pre-push", f"cat > {world.root}/pushed")
        assert world.pr().code == 0
        assert (world.root / "staged").read_text() == "a.py\nrun.sh.py\na.py\n"
        assert "Reviewed-for: Replace old_one" in git(world.bare, "log", "--format=%B", BRANCH)
        tip = git(world.bare, "rev-parse", BRANCH).strip()
        pushed = (world.root / "pushed").read_text().split()
        assert pushed == [f"refs/heads/{BRANCH}", tip, f"refs/heads/{BRANCH}", "0" * 40]
        assert len(git(world.clone, "worktree", "list").splitlines()) == 1
        assert world.pr().out.startswith(f"{BRANCH} is up to date")

    @pytest.mark.parametrize("name", ["pre-commit", "commit-msg", "pre-push"])
    def test_they_may_refuse(self, world, name):
        self.hook(world, name, "echo not like that >&2; exit 1")
        result = world.pr()
        assert result.code == 2
        assert result.err.startswith(f"looplift: error: the hook `{name}` refuses ")
        assert "(not like that); --no-verify skips it\n" in result.err
        assert git(world.bare, "branch", "--list", BRANCH) == ""
        assert len(git(world.clone, "worktree", "list").splitlines()) == 1
        assert world.pr("--no-verify").code == 0
        assert len(titles(world.bare)) == 2

    def test_those_of_the_message(self, world):
        self.hook(world, "prepare-commit-msg", 'test $2 = message && echo "Ticket: 7" >> "$1"')
        self.hook(world, "commit-msg", 'grep -q "Ticket: 7" "$1"')
        assert world.pr().code == 0
        assert git(world.bare, "log", "--format=%B", f"main..{BRANCH}").count("Ticket: 7") == 2
        assert world.pr().out.startswith(f"{BRANCH} is up to date")

    def test_what_they_rewrite_is_said(self, world):
        self.hook(world, "pre-commit", "sed -i s/new_one/NEW_ONE/ a.py; git add a.py")
        result = world.pr()
        assert result.code == 0
        assert "`pre-commit` rewrites files of `Replace old_one by new_one`; the" in result.err
        assert git(world.bare, "show", f"{BRANCH}:a.py") == "new_one\nnew_two\n"

    def test_a_script_without_an_interpreter(self, world):
        """It is the shell's, as for git."""
        self.hook(world, "pre-commit", "")
        path = world.clone / ".git" / "hooks" / "pre-commit"
        path.write_text(f"echo seen >> {world.root}/seen\n")
        assert world.pr().code == 0
        assert (world.root / "seen").read_text() == "seen\nseen\n"


def test_lfs(world):
    """Large files are neither read nor changed, also without git-lfs: pointers stay pointers."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"
    (world.clone / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (world.clone / "data.bin").write_text(pointer)
    fakes.commit(world.clone, "large")
    git(world.clone, "push", "-q", str(world.bare), "main")
    assert world.pr().code == 0
    assert git(world.bare, "show", f"{BRANCH}:data.bin") == pointer
    assert git(world.bare, "diff", "--name-only", "main", BRANCH).split() == ["a.py", "run.sh.py"]


def test_a_filter_that_is_not_installed(world, monkeypatch, capfd):
    """git itself can not compare the files then: that is said, by what is missing."""
    (world.clone / ".gitattributes").write_text("*.bin filter=lfs\n")
    (world.clone / "data.bin").write_text("pointer")
    fakes.commit(world.clone, "large")
    git(world.clone, "push", "-q", str(world.bare), "main")
    config = world.root / "gitconfig"
    config.write_text('[filter "lfs"]\n\tprocess = no-git-lfs filter-process\n\trequired = true\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    os.utime(world.clone / "data.bin", (1, 1))
    before = fakes.tree(world.clone)
    for command in ("pr", "apply"):
        said = refused(capfd, command)
        assert "git status failed: no-git-lfs filter-process: " in said
        assert "not found" in said
    assert fakes.tree(world.clone) == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_repository_of_somebody_else(world, capfd):
    """git does not trust it, and says how that is changed."""
    shutil.chown(world.clone, "nobody")
    for command in ("pr", "apply"):
        said = refused(capfd, command)
        assert "dubious ownership" in said
        assert "; git config --global --add safe.directory " in said


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_was_told_to_overlook_is_not_published(world, capfd, mark):
    """Somebody's own lines in a tracked file, which ``git status`` does not show."""
    (world.clone / "a.py").write_text("old_one\nold_two\npassword = 1\n")
    git(world.clone, "update-index", mark, "a.py")
    assert git(world.clone, "status", "--porcelain") == ""
    assert "a.py has uncommitted changes" in refused(capfd, "pr")
    assert "a.py has uncommitted changes" in refused(capfd, "apply")
    assert git(world.bare, "branch", "--list", BRANCH) == ""
    (world.clone / "a.py").write_text("old_one\nold_two\n")
    assert world.pr().code == 0


def test_commits_that_were_not_pushed_are_not_published(world, capfd):
    """The request would bring along what its author has kept for himself so far."""
    (world.clone / "draft.txt").write_text("not for others yet")
    fakes.commit(world.clone, "A draft")
    said = refused(capfd, "pr")
    assert "`main` at `origin` does not have " in said and "(A draft), which the request" in said
    assert git(world.bare, "branch", "--list", BRANCH) == ""
    git(world.clone, "push", "-q", str(world.bare), "main")
    assert world.pr().code == 0


def test_the_base_has_moved_on(world):
    """The clone is behind: what is built on is there, so there is nothing in the way."""
    other = cloned(world)
    (other / "theirs.txt").write_text("theirs")
    fakes.commit(other, "theirs")
    git(other, "push", "-q", str(world.bare), "main")
    assert world.pr().code == 0


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_what_is_merged_already_is_not_proposed_again(world, capfd, how):
    """The clone is behind: a second request would have nothing in it."""
    assert world.pr().code == 0
    world.api.pulls[0]["state"] = "closed"
    other = cloned(world)
    options = ("--squash",) if how == "squash" else ("--no-ff", "-m", "merged")
    git(other, "merge", "-q", *options, f"origin/{BRANCH}")
    (other / "theirs.txt").write_text("theirs")
    fakes.commit(other, "theirs")
    git(other, "push", "-q", str(world.bare), "main")
    assert "`main` at `origin` has these changes already; pull them" in refused(capfd, "pr")
    assert len(world.api.pulls) == 1
    git(world.clone, "pull", "-q", "--ff-only", str(world.bare), "main")
    assert world.pr().out == "Nothing to change.\n"


def test_a_base_that_is_not_there(world, capfd):
    git(world.clone, "switch", "-q", "-c", "feature")
    assert "there is no branch `feature` at `origin`; push it, or name" in refused(capfd, "pr")
    assert git(world.bare, "branch", "--list", BRANCH) == ""
    git(world.clone, "switch", "-q", "main")
    assert world.pr().code == 0


@pytest.mark.parametrize("name", ["looplift", f"{BRANCH}/more"])
@pytest.mark.parametrize("where", ["here", "there"])
def test_a_branch_that_leaves_no_room(world, capfd, name, where):
    """git keeps no branch beside others that lie below it."""
    git(world.clone if where == "here" else world.bare, "branch", name, "main")
    assert f"the branch `{name}` leaves no room for one named `{BRANCH}`" in refused(capfd, "pr")
    assert git(world.bare, "branch", "--list", BRANCH) == ""
    assert world.api.pulls == []
    assert world.pr("--branch", "async").code == 0


def test_an_empty_repository(tmp_path, monkeypatch, capfd):
    git(tmp_path, "init", "-q", "-b", "main")
    monkeypatch.chdir(tmp_path)
    fakes.use_fakes(monkeypatch)
    (tmp_path / "a.py").write_text("old_one\n")
    assert "the repository has no commit yet" in refused(capfd, "pr", "--dry-run")


def test_a_bare_remote_that_is_gone(world):
    shutil.rmtree(world.bare)
    result = world.pr()
    assert result.code == 2
    assert len(result.err.splitlines()) == 1
    bare_repository(world.bare)
    git(world.clone, "push", "-q", str(world.bare), "main")
    assert world.pr().code == 0


@pytest.mark.parametrize("where", ["environment", "remote", "rewritten", "configuration", "header"])
@pytest.mark.parametrize("trouble", ["", "api", "git", "hook", "lost"])
def test_the_token_is_nowhere(world, monkeypatch, where, trouble):
    """Whatever goes wrong and wherever it stands: in no output, patch, argument or file of git's.

    The world looks through all that was said and written.
    """
    secrets = world.root / "secrets"
    secrets.mkdir()
    url = world.git.url.replace("://", f"://x-access-token:{TOKEN}@")
    config = secrets / "gitconfig"
    config.write_text(
        {
            "environment": "",
            "remote": "",
            "rewritten": f'[url "{url}/"]\n\tinsteadOf = {world.git.url}/\n',
            "configuration": '[credential]\n\thelper = "!f() { echo username=x-access-token; '
            f'echo password={TOKEN}; }}; f"\n',
            "header": f'[http]\n\textraHeader = "X-Token: {TOKEN}"\n',
        }[where]
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    if where == "remote":
        git(world.clone, "remote", "set-url", "origin", f"{url}/ada/shop.git")
    if where == "configuration":
        monkeypatch.delenv("GITHUB_TOKEN")
    arguments = secrets / "arguments"
    real = shutil.which("git")
    wrapper = secrets / "git"
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {arguments}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{secrets}{os.pathsep}{os.environ['PATH']}")
    if trouble == "api":
        world.api.troubles["POST"] = [Trouble(422, f"no {TOKEN}")]
    elif trouble == "git":
        world.git.troubles["git-receive-pack"] = [Trouble(403, f"no {TOKEN}")] * 3
    elif trouble == "hook":
        hook = world.bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nenv >&2\nexit 1\n")
        hook.chmod(0o755)
    elif trouble == "lost":
        world.api.troubles["POST"] = [Trouble()] * 4
    result = world.pr()
    world.git.troubles.clear()
    git(world.clone, "remote", "set-url", "origin", f"{world.git.url}/ada/shop.git")
    assert (result.code == 0) == (not trouble)
    assert len(result.err.splitlines()) == bool(trouble)
    assert "a token is needed" not in result.err
    assert TOKEN not in arguments.read_text()
    assert run(["diff", "-q", "--series", str(world.root / "series")]) == 1
