"""Applies that the disk refuses: the tree is the old one or the new one, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from crash import make, tree

from codemods.errors import UserError
from codemods.sinks import files
from codemods.sinks.state import FOLDER

COUNT = 60


@pytest.fixture
def disk(tmp_path):
    """Mount a file system in memory that holds so many KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = []

    def mount(kibibytes: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a file system in memory cannot be mounted: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for one in mounted:
        subprocess.run(["umount", str(one)], check=True)


def test_a_disk_that_may_not_be_written(disk):
    place = disk(8192)
    before, after = make(place, COUNT)
    old = tree(place)
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    with pytest.raises(UserError) as caught:
        files.apply(before, after)
    assert "\n" not in str(caught.value)
    subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)
    assert tree(place) == old
    files.apply(before, after)
    assert tree(place) == {file.path: file.to_bytes() for file in after}


@pytest.mark.parametrize("free", [0, 24, 120, 240])
def test_a_disk_that_is_full(disk, free):
    """With so many KiB left: nothing is half written, and what was there is there."""
    place = disk(8192)
    before, after = make(place, COUNT)
    old = tree(place)
    room = os.statvfs(place)
    filling = place / "filling"
    filling.write_bytes(bytes(room.f_bavail * room.f_frsize - free * 1024))
    with pytest.raises(UserError, match=r"No space left on device|no folder") as caught:
        files.apply(before, after)
    assert "\n" not in str(caught.value)
    assert tree(place) == old
    assert files.recover(place) == ""
    assert list(place.rglob(".looplift-*")) == []
    filling.unlink()
    files.apply(before, after)
    assert tree(place) == {file.path: file.to_bytes() for file in after}


@pytest.mark.parametrize("moment", range(0, COUNT, 7))
def test_a_file_that_somebody_changes_midway(tmp_path, monkeypatch, moment):
    """While files are being replaced, somebody saves one of them: theirs is not overwritten."""
    before, after = make(tmp_path, COUNT)
    old = tree(tmp_path)
    victim = tmp_path / sorted(old)[-1]
    replaced = 0
    real = Path.replace

    def replace(self, target):
        nonlocal replaced
        if Path(target).suffix == ".py":
            replaced += 1
            if replaced == moment + 1:
                victim.write_text("mine\n")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UserError, match="changed"):
        files.apply(before, after)
    monkeypatch.undo()
    files.recover(tmp_path)
    found = tree(tmp_path)
    assert found[victim.relative_to(tmp_path).as_posix()] == b"mine\n"
    del found[victim.relative_to(tmp_path).as_posix()]
    assert found.items() <= old.items()
    assert not (tmp_path / FOLDER / "journal.json").exists()
