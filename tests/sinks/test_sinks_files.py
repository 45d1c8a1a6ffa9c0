"""Applying to disk: all files or none, whatever happens meanwhile."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import fakes
import pytest

from codemods.errors import UserError
from codemods.sinks import files, journal
from codemods.sinks.files import apply, recover
from codemods.source import CodeBase, load

OLD = {"a.py": "a\n", "sub/b.py": "b\n", "sub/c.py": "c\n"}
NEW = {"a.py": "A\n", "sub/b.py": "B\n", "new/er/d.py": "D\n"}


@pytest.fixture
def before(tmp_path: Path) -> CodeBase:
    root = tmp_path / "root"
    for path, text in OLD.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return load(root)


@pytest.fixture
def after(before: CodeBase) -> CodeBase:
    return before.with_texts(NEW)


def texts(codebase: CodeBase) -> dict[str, str]:
    found = fakes.tree(codebase.root)
    return {path: data.decode() for path, data in found.items()}


def test_everything_is_written(before, after):
    done = apply(before, after)
    assert done.paths == ("a.py", "new/er/d.py", "sub/b.py")
    assert done.created == ("new/er/d.py",)
    assert texts(before) == {**OLD, **NEW}
    assert not journal.pending(before.root)


def test_nothing_to_write(before):
    assert apply(before, before).paths == ()
    assert not (before.root / ".looplift_cache").exists()


def test_modes_are_kept(before, after):
    (before.root / "a.py").chmod(0o750)
    old_mask = os.umask(0o027)
    try:
        apply(before, after)
    finally:
        os.umask(old_mask)
    assert (before.root / "a.py").stat().st_mode & 0o777 == 0o750
    assert (before.root / "new/er/d.py").stat().st_mode & 0o777 == 0o640


def test_a_file_that_was_changed_meanwhile(before, after):
    (before.root / "sub/b.py").write_text("somebody's\n")
    with pytest.raises(UserError, match=r"sub/b\.py: was changed while looplift ran"):
        apply(before, after)
    assert texts(before) == {**OLD, "sub/b.py": "somebody's\n"}


def test_a_file_that_went_away(before, after):
    (before.root / "sub/b.py").unlink()
    with pytest.raises(UserError, match=r"sub/b\.py: cannot be read any more"):
        apply(before, after)
    assert texts(before)["a.py"] == "a\n"


def test_a_new_file_that_is_there(before, after):
    (before.root / "new/er").mkdir(parents=True)
    (before.root / "new/er/d.py").write_text("mine\n")
    with pytest.raises(UserError, match=r"new/er/d\.py: exists already"):
        apply(before, after)
    assert texts(before) == {**OLD, "new/er/d.py": "mine\n"}


def test_links_are_refused(before, after, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("b\n")
    (before.root / "sub/b.py").unlink()
    (before.root / "sub/b.py").symlink_to(outside / "b.py")
    with pytest.raises(UserError, match=r"sub/b\.py: is reached through a symbolic link"):
        apply(before, after)
    (before.root / "new").symlink_to(outside)
    (before.root / "sub/b.py").unlink()
    (before.root / "sub/b.py").write_text("b\n")
    with pytest.raises(UserError, match=r"new/er/d\.py: is reached through a symbolic link"):
        apply(before, after)
    assert sorted(path.name for path in outside.iterdir()) == ["b.py"]
    assert texts(before)["a.py"] == "a\n"


@pytest.mark.parametrize("path", ["../x.py", "/tmp/x.py", "sub/../../x.py"])
def test_outside_of_the_root_is_refused(before, path):
    with pytest.raises(UserError, match="lies outside"):
        apply(before, before.with_texts({path: "x"}))


@pytest.mark.parametrize("place", ["write", "replace", "link", "check"])
def test_a_failure_is_taken_back(before, after, monkeypatch, place):
    real_write, real_replace = files._write, Path.replace

    def write(location, data, like):
        if place == "write" and data == b"B\n":
            raise OSError(errno.ENOSPC, "No space left on device", str(location))
        real_write(location, data, like)

    def replace(self, target):
        if place == "replace" and Path(target).name == "b.py" and ".new" in self.name:
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        if place == "check" and Path(target).name == "a.py" and ".new" in self.name:
            (before.root / "sub/b.py").write_text("somebody's\n")
        return real_replace(self, target)

    def link(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(files, "_write", write)
    monkeypatch.setattr(Path, "replace", replace)
    if place == "link":
        monkeypatch.setattr(os, "link", link)
        apply(before, after)
        assert texts(before) == {**OLD, **NEW}
        return
    with pytest.raises(UserError, match="nothing was changed"):
        apply(before, after)
    changed = {"sub/b.py": "somebody's\n"} if place == "check" else {}
    assert texts(before) == {**OLD, **changed}
    assert not (before.root / "new").exists()
    assert not journal.pending(before.root)


def test_an_interrupt_is_taken_back(before, after, monkeypatch):
    real = Path.replace

    def replace(self, target):
        if Path(target).name == "b.py" and ".new" in self.name:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        apply(before, after)
    assert texts(before) == OLD


def killed_at(number: int, before: CodeBase, after: CodeBase) -> bool:
    """Apply in a process that dies at its nth operation on a file; whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in ("open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.chmod"):
                count += 1
                if count == number:
                    os._exit(9)

        sys.addaudithook(hook)
        try:
            apply(before, after)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_any_point(before, after):
    """Whenever the process dies, the next run leaves the old files or the new ones, not a mix."""
    outcomes = set()
    number = 0
    while True:
        number += 1
        died = killed_at(number, before, after)
        said = recover(before.root)
        found = texts(before)
        assert found in (OLD, {**OLD, **NEW}), (number, said)
        if found == OLD:
            assert not (before.root / "new").exists()
        assert not journal.pending(before.root)
        outcomes.add(said)
        if not died:
            break
        for path in set(found) - set(OLD):
            (before.root / path).unlink()
        if (before.root / "new").exists():
            (before.root / "new/er").rmdir()
            (before.root / "new").rmdir()
        for path, text in OLD.items():
            (before.root / path).write_text(text)
    assert outcomes == {
        "",
        "an interrupted apply of 3 files was finished",
        "an interrupted apply of 3 files was taken back",
    }
    assert number > 30


def test_one_at_a_time(before, after):
    with journal.locked(before.root), pytest.raises(UserError, match="another looplift"):
        apply(before, after)
    assert texts(before) == OLD


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "../x"},
        {"path": "/etc/passwd"},
        {"path": ".git/config"},
        {"staged": "../x"},
        {"staged": "sub/.looplift-0123456789abcdef-0.new"},
        {"staged": "b.py"},
        {"backup": "b.py"},
    ],
)
def test_a_forged_journal_is_refused(before, entry):
    """A hostile repository may bring a journal of its own."""
    name = ".looplift-0123456789abcdef-0"
    fields = {"path": "a.py", "staged": f"{name}.new", "backup": f"{name}.old"}
    fields |= {"old_digest": "", "new_digest": ""}
    (before.root / ".looplift_cache").mkdir()
    (before.root / ".looplift_cache" / "journal.json").write_text(
        json.dumps({"state": "committing", "folders": [], "entries": [fields | entry]})
    )
    with pytest.raises(UserError, match="is not a journal of looplift"):
        recover(before.root)
    assert texts(before) == OLD


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"entries": 1}'])
def test_a_broken_journal_is_one_sentence(before, content):
    (before.root / ".looplift_cache").mkdir()
    (before.root / ".looplift_cache" / "journal.json").write_text(content)
    with pytest.raises(UserError, match="is not a journal of looplift"):
        recover(before.root)
