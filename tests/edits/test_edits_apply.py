from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest
from edit_case import edited, key

from codemods.edits import (
    Await,
    Edit,
    EditError,
    FileEdits,
    NodeKey,
    RemoveStatement,
    Rewrite,
)
from codemods.edits.apply import (
    FEW_FILES,
    edit_files,
    edit_source,
    require_compiled,
    verify,
)
from codemods.source import CodeBase, SourceFile


@pytest.mark.parametrize(
    "source",
    [
        "x = f()",
        "x = f()  ",
        "x = f()\r\ny = 1\r\n",
        "x = f()\r\ny = 1\n",
        "\n\nx = f()\n\n\n",
        "# c\nx = f() # c",
        "if a:\n\tx = f()\n\n\ty",
        "if a:\n  x = f()\n\x0c\nif b:\n      y = 1\n",
        "x = \\\n  f()\n",
        "x = f() ; y = 1 ;\n",
        "é = 'ü'; x = f()\n",
        "x = ('ü', f())\n",
        "x = '\u2028', f()\n",
        "x = '''\r\n'''; f()\r\n",
        "#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = f()\n",
        "print (f() ,)\n",
        "def g(\n    a,\n): return f()\n",
        "x = f'{f()}' 'ü' f'{a}'\n",
        "x = [\n  1,\n  f() ,\n]\n",
    ],
)
def test_everything_else_stays(source: str) -> None:
    assert edited(source, ("Call:f()", Await())) == source.replace("f()", "await f()", 1)


def test_no_edits_change_nothing() -> None:
    for text in ("", "\n", "# c", "x", "\x0c\nx = 1\n"):
        assert edit_source(SourceFile("a.py", text), FileEdits()) == text


@pytest.mark.parametrize(
    "missing",
    [
        NodeKey("Call", 1, 0, 1, 3),
        NodeKey("Name", 1, 4, 1, 7),
        NodeKey("Call", 9, 0, 9, 3),
        NodeKey("FunctionDef", 1, 0),
    ],
)
def test_an_edit_without_a_node_is_an_error(missing: NodeKey) -> None:
    with pytest.raises(EditError) as error:
        edit_source(SourceFile("a.py", "x = f()\n"), FileEdits((Edit(missing, Await()),)))
    assert error.value.key == missing
    assert error.value.path == "a.py"


def test_errors_say_where() -> None:
    error = EditError("a.py", "no", NodeKey("Call", 7, 0, 7, 1))
    assert str(error) == "a.py:7: no (Call)"
    assert str(EditError("a.py", "no")) == "a.py: no"
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.path, copy.message, copy.key) == (error.path, error.message, error.key)


def test_a_file_that_does_not_parse_is_an_error() -> None:
    with pytest.raises(EditError, match="parsed"):
        edit_source(SourceFile("a.py", "x = ("), FileEdits())


def test_a_file_nested_too_deeply_is_an_error() -> None:
    source = "x = " + " + ".join(["f()"] * 600) + "\n"
    with pytest.raises(EditError, match="nested"):
        edit_source(SourceFile("a.py", source), FileEdits())


def test_verify() -> None:
    verify(SourceFile("a.py", "x"), "y")
    with pytest.raises(EditError, match="does not parse"):
        verify(SourceFile("a.py", "x"), "y =")
    newer = SourceFile("a.py", "x = t'{y}'\n")
    verify(newer, "x = t'{z}'\n")
    with pytest.raises(EditError, match="does not parse"):
        verify(newer, "x = t'{z}' +\n")


def _codebase(count: int) -> tuple[CodeBase, dict[str, FileEdits]]:
    source = "x = f()\n"
    edit = FileEdits((Edit(key(source, "Call:f()"), Await()),))
    paths = [f"app/m{number}.py" for number in range(count)]
    files = {path: SourceFile(path, source) for path in paths}
    return CodeBase(Path("/nowhere"), files), dict.fromkeys(paths, edit)


@pytest.mark.parametrize("jobs", [0, 1, 2])
@pytest.mark.parametrize("count", [1, FEW_FILES + 3])
def test_edit_files(count: int, jobs: int) -> None:
    codebase, edits = _codebase(count)
    texts = edit_files(codebase, edits, jobs)
    assert texts == dict.fromkeys(edits, "x = await f()\n")


def test_edit_files_leaves_out_what_stays() -> None:
    codebase, edits = _codebase(2)
    same = FileEdits((Edit(key("x = f()\n", "Call:f()"), Rewrite("f()")),))
    edits["app/m1.py"] = same
    assert edit_files(codebase, edits) == {"app/m0.py": "x = await f()\n"}
    assert edit_files(codebase, {"app/m0.py": FileEdits()}) == {}


def test_edit_files_raises_errors_of_workers() -> None:
    codebase, edits = _codebase(FEW_FILES + 3)
    edits["app/m3.py"] = FileEdits((Edit(NodeKey("Call", 5, 0, 5, 1), RemoveStatement()),))
    with pytest.raises(EditError) as error:
        edit_files(codebase, edits, jobs=2)
    assert error.value.path == "app/m3.py"


def test_edit_files_of_a_missing_file() -> None:
    codebase, _ = _codebase(1)
    with pytest.raises(EditError, match="no such file"):
        edit_files(codebase, {"b.py": FileEdits()})


def test_every_call_of_a_large_module() -> None:
    source = Path(ast.__file__).read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    lines = source.split("\n")
    from codemods.edits import key_of

    edits = FileEdits(tuple(Edit(key_of(call, lines), Await()) for call in calls))
    after = edit_source(SourceFile("ast.py", source), edits)
    awaits = sum(isinstance(node, ast.Await) for node in ast.walk(ast.parse(after)))
    assert awaits == len(calls)


def test_what_parses_but_does_not_compile_is_refused() -> None:
    before = CodeBase(Path("/nowhere"), {"app.py": SourceFile("app.py", "f = lambda: x\n")})
    with pytest.raises(EditError, match=r"app\.py: the edited file does not compile"):
        require_compiled(before, {"app.py": "async def f():\n    return lambda: await x\n"})
    require_compiled(before, {"app.py": "f = lambda: y\n", "notes.txt": "no code"})
    # What could not be compiled before is no worse afterwards.
    odd = CodeBase(Path("/nowhere"), {"app.py": SourceFile("app.py", "return 1\n")})
    require_compiled(odd, {"app.py": "return 2\n"})
