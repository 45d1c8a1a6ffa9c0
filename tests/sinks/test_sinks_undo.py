"""``looplift undo``, and what kills, full disks and read-only files leave behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fakes
import pytest
from crash import crash, make, tree

from cli.main import run
from codemods.errors import UserError
from codemods.sinks import files, journal, undo

NEW = "old_one  # make_file\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder without git, in which an apply changes two files and makes one."""
    fakes.use_fakes(monkeypatch)
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.py").write_bytes(b"x = old_one\r\ny = old_two")
    (root / "b.py").write_text(NEW)
    (root / "b.py").chmod(0o750)
    monkeypatch.chdir(root)
    return root


def call(capfd, *arguments: str) -> tuple[int, str, str]:
    capfd.readouterr()
    code = run(list(arguments))
    return (code, *capfd.readouterr())


def test_everything_is_put_back(folder, capfd):
    before = fakes.tree(folder)
    assert call(capfd, "apply", "-q")[0] == 0
    assert sorted(fakes.tree(folder)) == ["a.py", "b.py", "made/helper.py"]
    code, out, err = call(capfd, "undo")
    assert (code, err) == (0, "")
    assert out == "  a.py\n  b.py\n  made/helper.py (removed)\nUndid the last apply: 3 files.\n"
    assert fakes.tree(folder) == before
    assert (folder / "b.py").stat().st_mode & 0o777 == 0o750
    assert not (folder / "made").exists()
    assert call(capfd, "undo") == (0, "Nothing to undo.\n", "")


def test_nothing_to_undo(folder, capfd):
    assert call(capfd, "undo") == (0, "Nothing to undo.\n", "")
    assert call(capfd, "undo", "-q") == (0, "", "")
    assert not (folder / ".looplift_cache").exists()
    assert call(capfd, "undo", "nowhere")[0] == 2


def test_only_the_last_apply_is_undone(folder, capfd):
    call(capfd, "apply", "-q", "--select", "fake-first")
    between = fakes.tree(folder)
    call(capfd, "apply", "-q", "--select", "fake-second")
    call(capfd, "undo", "-q")
    assert fakes.tree(folder) == between
    assert call(capfd, "undo")[1] == "Nothing to undo.\n"


def test_an_apply_that_changes_nothing_keeps_the_last_one(folder, capfd):
    before = fakes.tree(folder)
    call(capfd, "apply", "-q")
    call(capfd, "apply", "-q")
    call(capfd, "undo", "-q")
    assert fakes.tree(folder) == before


@pytest.mark.parametrize("kind", ["changed", "removed", "new changed"])
def test_what_changed_since_is_refused(folder, capfd, kind):
    before = fakes.tree(folder)
    call(capfd, "apply", "-q")
    if kind == "removed":
        (folder / "a.py").unlink()
    else:
        (folder / ("a.py" if kind == "changed" else "made/helper.py")).write_text("mine\n")
    since = fakes.tree(folder)
    code, out, err = call(capfd, "undo")
    assert (code, out) == (2, "")
    assert err.endswith(
        " changed since the apply; nothing was undone (--force puts back all the same)\n"
    )
    assert fakes.tree(folder) == since
    assert call(capfd, "undo", "--force")[0] == 0
    assert fakes.tree(folder) == before


def test_a_file_that_is_back_already_is_no_change(folder, capfd):
    before = fakes.tree(folder)
    call(capfd, "apply", "-q")
    (folder / "a.py").write_bytes(before["a.py"])
    assert call(capfd, "undo", "-q")[0] == 0
    assert fakes.tree(folder) == before


def test_by_git_back_already(folder, capfd):
    fakes.repository(folder)
    call(capfd, "apply", "-q")
    fakes.git(folder, "checkout", "-q", ".")
    shutil.rmtree(folder / "made")
    assert call(capfd, "undo")[1] == (
        "Nothing to undo: the files are as they were before the last apply.\n"
    )


def test_other_files_in_a_new_folder_stay(folder, capfd):
    call(capfd, "apply", "-q")
    (folder / "made" / "mine.txt").write_text("")
    call(capfd, "undo", "-q")
    assert sorted(path.name for path in (folder / "made").iterdir()) == ["mine.txt"]


def test_an_interrupted_apply_is_finished_first(folder, capfd, monkeypatch):
    before = fakes.tree(folder)
    real = journal.remove
    monkeypatch.setattr(journal, "remove", lambda root: None)
    call(capfd, "apply", "-q")
    monkeypatch.setattr(journal, "remove", real)
    code, _, err = call(capfd, "undo", "-q")
    assert (code, err) == (0, "looplift: an interrupted apply of 3 files was finished\n")
    assert fakes.tree(folder) == before


@pytest.mark.parametrize(
    "data",
    [
        "",
        "[]",
        '{"files": [{"path": "../x", "old": null, "new_digest": ""}], "folders": []}',
        '{"files": [{"path": ".git/config", "old": "", "new_digest": ""}], "folders": []}',
        '{"files": [{"path": "a.py", "old": "?", "new_digest": ""}], "folders": []}',
        '{"files": [], "folders": ["/tmp"]}',
    ],
)
def test_a_forged_record_is_refused(folder, capfd, data):
    before = fakes.tree(folder)
    (folder / ".looplift_cache").mkdir()
    (folder / ".looplift_cache" / "undo.json").write_text(data)
    code, out, err = call(capfd, "undo", "--force")
    assert (code, out) == (2, "")
    assert "is not a record of looplift" in err
    assert fakes.tree(folder) == before


def test_links_are_not_followed(folder, capfd, tmp_path):
    call(capfd, "apply", "-q")
    (folder / "a.py").unlink()
    (tmp_path / "outside.py").write_text("mine\n")
    (folder / "a.py").symlink_to(tmp_path / "outside.py")
    code, _, err = call(capfd, "undo", "--force")
    assert code == 2
    assert "a symbolic link" in err
    assert (tmp_path / "outside.py").read_text() == "mine\n"


def test_kills(tmp_path):
    # It raises where a file is half written or a tree mixed. Which of the two trees is left each
    # time depends on the clock of a busy machine.
    seen = crash(tmp_path, 40, 20)
    assert seen["killed"] == 20
    assert seen["old tree"] + seen["new tree"] == 20 + seen["ended before"]


def test_read_only_files_stay_read_only(tmp_path):
    before, after = make(tmp_path, 12)
    for path in before.files:
        (tmp_path / path).chmod(0o444)
    files.apply(before, after)
    assert tree(tmp_path) == {file.path: file.to_bytes() for file in after}
    assert {(tmp_path / path).stat().st_mode & 0o777 for path in before.files} == {0o444}


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    before, after = make(tmp_path, 12)
    (tmp_path / "app/part3").chmod(0o555)
    try:
        with pytest.raises(UserError, match="nothing was changed"):
            files.apply(before, after)
    finally:
        (tmp_path / "app/part3").chmod(0o755)
    assert tree(tmp_path) == {file.path: file.to_bytes() for file in before}


def test_a_disk_that_is_full(tmp_path):
    """On a file system of two megabytes, filled up to where the new files do not fit any more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        before, after = make(disk, 60)
        old = tree(disk)
        (disk / "ballast").write_bytes(b"x" * 1024)
        for room in (4, 40, 120, 200):
            _fill(disk, room * 1024)
            with pytest.raises(UserError, match=r"nothing was (changed|written)"):
                files.apply(before, after)
            assert tree(disk) == old
            assert not list(disk.rglob(".looplift-*"))
            assert files.recover(disk) == ""
            assert undo.read(disk).files == ()
        (disk / "ballast").unlink()
        files.apply(before, after)
        assert tree(disk) == {file.path: file.to_bytes() for file in after}
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path, room: int) -> None:
    """Leave so many bytes free."""
    usage = shutil.disk_usage(disk)
    size = (disk / "ballast").stat().st_size + usage.free - room
    (disk / "ballast").write_bytes(b"x" * size)


def test_the_script_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("crash.py")), "--files", "9", "--kills", "2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "killed: 2" in done.stdout


def test_the_record_holds_what_was_there(folder, capfd):
    call(capfd, "apply", "-q")
    data = json.loads((folder / ".looplift_cache" / "undo.json").read_text())
    assert [item["path"] for item in data["files"]] == ["a.py", "b.py", "made/helper.py"]
    assert data["folders"] == ["made"]
