"""A forge, a git server and a clone, put up together."""

from __future__ import annotations

import contextlib
import os
from types import SimpleNamespace

import fakes
from fakes import git
from servers import TOKEN

from cli.main import run
from codemods.sinks import calls
from codemods.sinks.hosts import KINDS


@contextlib.contextmanager
def opened(git_server, api, root, monkeypatch, capfdbinary, variables, path="ada/shop"):
    """The world around a forge; afterwards the token is looked for everywhere in it."""
    git_server.folder = root / "served"
    git_server.authorizations.clear()
    api.__init__(url=api.url)
    bare = bare_repository(git_server.folder / f"{path}.git")
    clone = root / "clone"
    clone.mkdir()
    (clone / "a.py").write_text("old_one\nold_two\n")
    (clone / "run.sh.py").write_text("#!/usr/bin/env python\nold_one  # bridge\nold_two  # keep\n")
    (clone / "run.sh.py").chmod(0o755)
    fakes.repository(clone)
    git(clone, "push", "-q", str(bare), "main")
    git(clone, "remote", "add", "origin", f"{git_server.url}/{path}.git")
    fakes.use_fakes(monkeypatch)
    monkeypatch.chdir(clone)
    for kind in KINDS:
        for name in kind.tokens + kind.own_tokens + kind.addresses:
            monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    pauses: list[float] = []
    monkeypatch.setattr(calls.time, "sleep", pauses.append)
    said = []

    def pr(*arguments: str) -> SimpleNamespace:
        before = fakes.tree(clone), git(clone, "status", "--porcelain"), git(clone, "diff")
        index = git(clone, "ls-files", "-s")
        capfdbinary.readouterr()
        code = run(["pr", *arguments])
        out, err = (stream.decode() for stream in capfdbinary.readouterr())
        said.append(out + err)
        assert before == (
            fakes.tree(clone), git(clone, "status", "--porcelain"), git(clone, "diff"),
        )  # fmt: skip
        assert index == git(clone, "ls-files", "-s")
        assert git(clone, "symbolic-ref", "HEAD") == "refs/heads/main\n"
        return SimpleNamespace(code=code, out=out, err=err)

    yield SimpleNamespace(
        pr=pr, clone=clone, bare=bare, git=git_server, api=api, root=root, pauses=pauses
    )
    for text in said:
        assert TOKEN not in text
    for path, data in fakes._files(root, lambda part: part == "secrets"):
        assert TOKEN.encode() not in data, path


def bare_repository(folder):
    """A bare repository that takes pushes over HTTP."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "-b", "main")
    git(folder, "config", "http.receivepack", "true")
    return folder
