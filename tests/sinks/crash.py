"""Kill applies and undos at random moments, and look at what is left.

``python tests/sinks/crash.py --files 300 --kills 200`` prints the figures; the suite runs a short
form. After each kill no file may be half written, and after the next run the tree holds the old
files or the new ones, never both.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from codemods.sinks import files, undo
from codemods.source import CodeBase, load

Tree = dict[str, bytes]


def make(root: Path, count: int) -> tuple[CodeBase, CodeBase]:
    """A tree of modules, read, and what it is to become; one file in ten is new."""
    old = {f"app/part{n % 7}/m{n}.py": f"old = {n}\n" * (n % 90 + 1) for n in range(count)}
    for path, text in old.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    before = load(root)
    new = {path: text.replace("old", "new") for path, text in old.items()}
    new |= {f"made/here{n % 3}/n{n}.py": f"new = {n}\n" for n in range(count // 10)}
    return before, before.with_texts(new)


def tree(root: Path) -> Tree:
    """The modules on disk, without what an apply has beside them."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*.py")
        if ".looplift" not in path.as_posix()
    }


def act(before: CodeBase, after: CodeBase) -> None:
    """Apply where the tree is old, undo where it is new."""
    record = undo.read(before.root)
    if not record.files:
        files.apply(before, after)
        return
    changes = [
        files.Change(kept.path, undo.current(before.root, kept.path), kept.old)
        for kept in record.files
    ]
    files.write(before.root, changes, undoable=False)


def killed(before: CodeBase, after: CodeBase, delay: float) -> bool:
    """Act in a process that is killed after ``delay`` seconds; whether it was still at it."""
    child = os.fork()
    if child == 0:
        try:
            act(before, after)
        finally:
            os._exit(0)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def crash(root: Path, count: int, kills: int, seed: int = 1) -> Counter[str]:
    """Kill so many runs. Raises ``AssertionError`` where a file is half written or a tree mixed."""
    source = random.Random(seed)
    before, after = make(root, count)
    old = {file.path: file.to_bytes() for file in before}
    new = {file.path: file.to_bytes() for file in after}
    start = time.perf_counter()
    act(before, after)
    act(before, after)
    length = (time.perf_counter() - start) / 2
    assert tree(root) == old
    seen: Counter[str] = Counter()
    while seen["killed"] < kills:
        if not killed(before, after, source.random() * length):
            seen["ended before"] += 1
        else:
            seen["killed"] += 1
        for path, data in tree(root).items():
            assert data in (old.get(path), new.get(path)), f"{path} is half written"
        said = files.recover(root)
        seen[said.rsplit(" ", 1)[-1] if said else "nothing to recover"] += 1
        found = tree(root)
        assert found in (old, new), "a mixed tree"
        seen["old tree" if found == old else "new tree"] += 1
        assert bool(undo.read(root).files) == (found == new), "the record of undo is wrong"
        beside = [path.name for path in root.rglob(".looplift-*")]
        assert not beside, f"left over: {beside}"
    return seen


def main() -> None:
    """The whole thing, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        seen = crash(Path(name), chosen.files, chosen.kills, chosen.seed)
    print(", ".join(f"{what}: {number}" for what, number in seen.most_common()))


if __name__ == "__main__":
    main()
