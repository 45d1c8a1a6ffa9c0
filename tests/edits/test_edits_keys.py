"""Every node that ``ast`` has a key for is found in the LibCST tree, and it is the same node."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest

from codemods.edits.keys import NodeKey, key_of, source_lines
from codemods.edits.locate import locate
from codemods.source import SourceFile
from codemods.source.text import UndecodableError

FILES = 120
LARGEST = 40_000

Keyed = ast.stmt | ast.expr | ast.arg | ast.keyword | ast.alias


def _sources() -> list[Path]:
    """Files of the standard library and of the installed packages, by a fixed seed."""
    paths = sysconfig.get_paths()
    found = [
        path
        for folder in (paths["stdlib"], paths["purelib"])
        for path in sorted(Path(folder).rglob("*.py"))
        if path.stat().st_size <= LARGEST
    ]
    random.Random(7).shuffle(found)
    return found[:FILES]


def _keyed(tree: ast.Module) -> Iterator[Keyed]:
    """The nodes that have a key.

    The others are parts that LibCST has no node for: the tuple in ``a[b, c]``, the starred
    argument in ``f(*a)`` (which is an ``Arg``), slices, the braces of f-strings, ``import *``.
    """
    without: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Tuple() as part):
                without.add(part)
            case ast.Call(args=args) | ast.ClassDef(bases=args):
                without.update(part for part in args if isinstance(part, ast.Starred))
            case ast.Slice() | ast.alias(name="*"):
                without.add(node)
            case ast.JoinedStr(values=values):
                without.update(part for part in values if isinstance(part, ast.Constant))
            case ast.FormattedValue(format_spec=part):
                without.update([node, *([part] if part else [])])
        if isinstance(node, Keyed) and node not in without:
            yield node


class _Collector(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[int, cst.CSTNode] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.nodes[id(node)] = node
        return True


def _problems(source: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    lines = source_lines(source)
    keys: dict[NodeKey, Keyed] = {}
    for node in _keyed(tree):
        keys[key_of(node, lines)] = node
    module = cst.parse_module(source)
    found, code = locate(module, keys)
    assert code == source
    hits: dict[NodeKey, list[int]] = {}
    for identity, key in found.keys.items():
        hits.setdefault(key, []).append(identity)
    collector = _Collector()
    module.visit(collector)
    problems = [
        f"{key}: {len(hits.get(key, []))} hits" for key in keys if len(hits.get(key, [])) != 1
    ]
    for key, node in random.Random(1).sample(sorted(keys.items(), key=str), min(60, len(keys))):
        if isinstance(node, ast.expr) and not isinstance(node, ast.Starred) and key in hits:
            problems += _difference(node, module.code_for_node(collector.nodes[hits[key][0]]))
    return problems


def _difference(node: ast.expr, code: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same = ast.unparse(ast.parse(f"(\n{code}\n)", mode="eval").body)
    expected = ast.unparse(ast.parse(f"({ast.unparse(node)})", mode="eval").body)
    return [] if same == expected else [f"{expected!r} is {same!r}"]


def test_keys_of_real_modules() -> None:
    checked = 0
    for path in _sources():
        try:
            source = SourceFile.from_bytes(path.name, path.read_bytes()).text
            ast.parse(source)
        except (UndecodableError, SyntaxError, ValueError):
            continue
        try:
            if cst.parse_module(source).code != source:
                continue  # LibCST itself loses a blank of it
            assert not _problems(source), path
        except (cst.ParserSyntaxError, RecursionError):
            continue  # test data that only one of the parsers takes
        checked += 1
    assert checked > FILES // 2


@pytest.mark.parametrize(
    "source",
    [
        "x = é.ü(ß, 'ä')[0]\r\ny = x\r\n",
        "def f():\n\tif x:\n\t\treturn y.z\n",
        "@a.b(c)\n@d\nasync def f(x, /, y: int = 1, *z, w=2, **k) -> r: pass\n",
        "@a\nclass A(B, metaclass=C): x: int = 1\n",
        "(a)\n((a)).b\n(a + b) * c\n(((a, b)))\n()\n",
        "f(x for x in y)\nf((x for x in y))\nf ( x for x in y )\nf(g(x for x in y), 1)\n",
        "(f)(x for x in y)(z)\n",
        "f(*a, *e, c=(d), **b)\n",
        "f'{a}{b.c!r:>{w}}' 'x' f'é{d()}'\n",
        "f'''\n{a}\n  {b[0]}'''\n",
        "f'{f\"{a}\"}{a=}'\n",
        "async def f():\n    async with (a as b, c): pass\n    async for x in y: await z\n",
        "with (a, b): pass\nwith (a, b) as c: pass\nwith (a): pass\nwith (a as b): pass\n",
        "with a, b as (c, d): pass\n",
        "match a:\n    case B.c(x=1) | [2, *_] if (d): pass\n    case {'k': v, **r}: pass\n",
        "if (x := 1): pass\nelif y: pass\nelse: pass\n",
        "[a for b in c if d for e in f]\n{a for b in c}\n{a: b for c in d}\n",
        "lambda *a, b=1, **c: (yield)\n",
        "x = yield\nx = yield from y\nx = await y\n",
        "try: pass\nexcept (A, B) as e: raise C from e\nelse: pass\nfinally: pass\n",
        "try: pass\nexcept* A: pass\n",
        "a = b = c; d += e; f: g; del h, i\n",
        "import a.b as c, d\nfrom . import e as f, g\nfrom .h import (i,)\n",
        "global a; nonlocal b; assert c, d; pass\nfor e in f: break\nwhile g: continue\n",
        "x = 1, 2.0, 3j, 'a' b'' if 0 else ..., True, None, -1\n",
        "x[1:2, ::3, a]\nx[(1, 2)]\nx[a:=1]\n",
        "a < b <= c not in d is not e\na and b and c or not d\n",
        "x = (  # c\n    a\n    .b()  # d\n    [0]\n)\n",
        "\x0c\nx = a\n\x0c\ny = b\n",
        "x = '\u2028' + a\n",
        "x = \\\n  a \\\n  .b\n",
        "a if b else (c if d else e)\n*a, b = c\n",
    ],
)
def test_keys_of_odd_sources(source: str) -> None:
    if "b'' if" in source:
        source = source.replace(" b''", "")
    assert not _problems(source)


def test_lines_are_those_of_python() -> None:
    assert source_lines("a\r\nb\rc\nd\x0ce\u2028f") == ["a", "b", "c", "d\x0ce\u2028f"]
