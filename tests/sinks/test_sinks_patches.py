"""Unified diffs: git takes them, and they say what changed, byte for byte."""

from __future__ import annotations

import random
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import fakes
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemods.patches import PatchError, diff, make_patch
from codemods.patches.lines import Block, changes, moved
from codemods.source import CodeBase, SourceFile, load


def code_base(root: Path, files: dict[str, bytes]) -> CodeBase:
    read = {path: SourceFile.from_bytes(path, data) for path, data in files.items()}
    return CodeBase(root, dict(sorted(read.items())))


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def check(root: Path, before: dict[str, bytes], after: dict[str, bytes]) -> bytes:
    """The patch, after git took it and made ``after`` of ``before``."""
    patch = make_patch(code_base(root, before), code_base(root, {**before, **after}))
    write(root, before)
    fakes.git(root, "apply", "--check", data=patch.data)
    stat = fakes.git(root, "apply", "--numstat", "-z", data=patch.data)
    assert [line.split("\t", 2) for line in stat.split("\0")[:-1]] == [
        [str(file.added), str(file.removed), file.path] for file in patch.files
    ]
    fakes.git(root, "apply", data=patch.data)
    for path, data in {**before, **after}.items():
        assert (root / path).read_bytes() == data
    return patch.data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a\nb\nc\n", b"a\nx\nc\n"),
        (b"a\nb", b"a\nc"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\r\nb\nc\r\n", b"a\r\nb\nd\n"),
        (b"a\rb\nc\n", b"a\rx\nc\n"),
        (b"x = '\x0c'\n\x0c\ndef f(): pass\n", b"y = '\x0c'\n\x0c\ndef f(): pass\n"),
        (b"# coding: latin-1\nx = '\xe9'\n", b"# coding: latin-1\ny = '\xe9\xe8'\n"),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n"),
        (b"a\n", b""),
        (b"", b"a\n"),
        (b"-- a\n++ b\n", b"-- c\n++ d\n@@ -1 +1 @@\n"),
        (b"x = 1\xe2\x80\xa8y\n", b"x = 2\xe2\x80\xa8y\n"),
        (b"".join(b"%d\n" % n for n in range(99)), b"".join(b"%d\n" % (n ^ 8) for n in range(99))),
    ],
)
def test_git_takes_it(tmp_path, old, new):
    fakes.repository(tmp_path)
    check(tmp_path, {"m.py": old}, {"m.py": new})


def test_utf16(tmp_path):
    fakes.repository(tmp_path)
    old, new = ("a\r\nb\r\n\u0a0a\r\n".encode("utf-16"), "a\r\nc\r\n\u0a0a\r\n".encode("utf-16"))
    check(tmp_path, {"requirements.txt": old}, {"requirements.txt": new})


@pytest.mark.parametrize(
    "name",
    [
        "with blank.py",
        "a b/x b/y.py",
        "tab\t.py",
        "new\nline.py",
        'quo"te.py',
        "back\\slash.py",
        "\u00e9\u4e2d.py",
        "\u00e9\n.py",
        "bell\x07\x1b\x7f.py",
        "bad\udcff.py",
        "-dash.py",
        "trailing .py ",
        "deep/er/x.py",
    ],
)
def test_odd_names(tmp_path, name):
    fakes.repository(tmp_path)
    check(tmp_path, {name: b"a\n"}, {name: b"b\n"})
    check(tmp_path, {}, {name + "2": b"new\n"})


def test_new_files(tmp_path):
    fakes.repository(tmp_path)
    data = check(tmp_path, {"a.py": b"a\n"}, {"n/new.py": b"x\ny", "n/empty.py": b""})
    assert data == (
        b"diff --git a/n/empty.py b/n/empty.py\n"
        b"new file mode 100644\n"
        b"index 0000000..e69de29\n"
        b"diff --git a/n/new.py b/n/new.py\n"
        b"new file mode 100644\n"
        b"--- /dev/null\n"
        b"+++ b/n/new.py\n"
        b"@@ -0,0 +1,2 @@\n"
        b"+x\n"
        b"+y\n"
        b"\\ No newline at end of file\n"
    )


def test_a_heading_says_where_a_hunk_is(tmp_path):
    body = [b"def first():\n", *(b"    %d\n" % n for n in range(9))]
    old = b"".join([*body, b"def sec\xc3\xa9nd():\n", *body[1:]])
    patch = make_patch(
        code_base(tmp_path, {"a.py": old}),
        code_base(tmp_path, {"a.py": old.replace(b"    8\n", b"    eight\n")}),
    )
    lines = patch.data.decode().splitlines()
    assert [line for line in lines if line.startswith("@@")] == [
        "@@ -7,7 +7,7 @@ def first():",
        "@@ -17,4 +17,4 @@ def sec\u00e9nd():",
    ]


def test_unchanged_files_are_left_out(tmp_path):
    before = code_base(tmp_path, {"a.py": b"a\n", "b.py": b"b\n"})
    assert not make_patch(before, before.with_texts({"a.py": "a\n"}))
    assert make_patch(before, before).data == b""


_LINES = st.lists(
    st.sampled_from([b"a", b"b", b"    c", b"", b"\r", b"-x", b"+y", b"\\"]), max_size=14
)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(old=_LINES, new=_LINES, old_end=st.booleans(), new_end=st.booleans())
def test_any_two_texts(tmp_path_factory, old, new, old_end, new_end):
    root = tmp_path_factory.mktemp("any")
    before = b"\n".join(old) + b"\n" * old_end
    after = b"\n".join(new) + b"\n" * new_end
    patch = make_patch(code_base(root, {"a.py": before}), code_base(root, {"a.py": after}))
    (root / "a.py").write_bytes(before)
    if patch:
        done = subprocess.run(
            ["git", "apply", "-"], cwd=root, input=patch.data, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert (root / "a.py").read_bytes() == after


@settings(max_examples=300, deadline=None, database=None)
@given(old=_LINES, new=_LINES)
def test_changes_make_the_new_text(old, new):
    blocks = changes(old, new)
    made, place = [], 0
    for block in blocks:
        assert old[place : block.old_start] == new[len(made) : block.new_start]
        made += old[place : block.old_start] + new[block.new_start : block.new_end]
        place = block.old_end
    assert made + old[place:] == new
    for left, right in pairwise(blocks):
        assert left.old_end < right.old_start


def test_changes_are_small():
    old = [b"def f():", b"    a", b"    return x", b"", b"def g():", b"    return x", b""]
    new = [b"import y", *old[:4], b"async def h():", b"    return x", b"", *old[4:]]
    assert changes(old, new) == [Block(0, 0, 0, 1), Block(4, 4, 5, 8)]


@pytest.mark.parametrize("lines", [b"x", b"ab", b"abc"])
def test_the_worst_case_is_fast(lines):
    """Tens of thousands of lines of which none is unique."""
    source = random.Random(1)
    old = [bytes([source.choice(lines)]) for _ in range(30_000)]
    new = [bytes([source.choice(lines)]) for _ in range(30_000)]
    start = time.process_time()
    changes(old, new)
    assert time.process_time() - start < 2


def test_many_changes_are_fast(tmp_path):
    old = [b"line %d of the file\n" % n for n in range(60_000)]
    new = [line if n % 7 else b"changed %d\n" % n for n, line in enumerate(old)]
    start = time.process_time()
    patch = make_patch(
        code_base(tmp_path, {"a.py": b"".join(old)}), code_base(tmp_path, {"a.py": b"".join(new)})
    )
    assert (patch.added, patch.removed) == (8572, 8572)
    assert time.process_time() - start < 3


def test_where_a_line_went():
    blocks = [Block(0, 0, 0, 2), Block(4, 6, 6, 7), Block(9, 9, 10, 10)]
    assert [moved(blocks, line) for line in (1, 4, 5, 6, 7, 20)] == [3, 6, 7, 7, 8, 21]


def test_a_patch_that_miscounts_is_not_handed_out(tmp_path, monkeypatch):
    before = code_base(tmp_path, {"a.py": b"a\n"})
    monkeypatch.setattr(diff, "_range", lambda start, end: b"1,2")
    with pytest.raises(PatchError):
        make_patch(before, before.with_texts({"a.py": "b\n"}))


def test_a_real_tree(tmp_path):
    """Every module of looplift, changed here and there, as load() reads it."""
    source = Path(__file__).parents[2] / "codemods"
    for path in source.rglob("*.py"):
        target = tmp_path / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    fakes.repository(tmp_path)
    before = load(tmp_path)
    after = before.with_texts(
        {file.path: file.text.replace("return", "yield").replace("\n\n\n", "\n") for file in before}
    )
    patch = make_patch(before, after)
    fakes.git(tmp_path, "apply", data=patch.data)
    assert {file.path: file.text for file in load(tmp_path)} == {f.path: f.text for f in after}
