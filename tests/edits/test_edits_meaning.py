"""The edited modules mean what the edits say: compared with the same edits of ``ast`` trees."""

from __future__ import annotations

import ast
import random
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from codemods.edits import Await, Edit, FileEdits, Rewrite, key_of, source_lines
from codemods.edits.apply import edit_source
from codemods.source import SourceFile

LARGEST = 30_000

TEMPLATES = (
    "(await db.run({func}, {args})).all()",
    "(i for i in {0})",
    "(x := {self})",
    "(yield {0})",
    "-{0}",
    "[i for i in {0} if {1}]",
    "await {0}",
    "f(i for i in {1})",
    "f({0}, *{1}, **{self})",
    "lambda: {self}",
    "not {0}",
    "{0} ** 2",
    "{0} + {1} * {self}",
    "{0} if {1} else {self}",
    "{0} in {1}",
    "{0}({1})",
    "{0}.y",
    "{0}[{1}]",
    "({0}, {1})",
    "{self} == {receiver}.x({args})",
)

_HOLE = re.compile(r"\{(\w+)\}")


def _holes(node: ast.expr) -> dict[str, ast.expr]:
    holes = {"self": node}
    if isinstance(node, ast.Call):
        holes |= {"func": node.func, "args": node}
        if isinstance(node.func, ast.Attribute):
            holes["receiver"] = node.func.value
        if not any(isinstance(one, ast.Starred) for one in node.args):
            holes |= {str(index): one for index, one in enumerate(node.args)}
    return holes


class _Fill(ast.NodeTransformer):
    def __init__(self, holes: dict[str, ast.expr]) -> None:
        self.holes = holes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.holes.get(node.id.removeprefix("hole_"), node)

    def visit_Call(self, node: ast.Call) -> ast.Call:
        args: list[ast.expr] = []
        keywords = [ast.keyword(one.arg, self.visit(one.value)) for one in node.keywords]
        for one in node.args:
            if isinstance(one, ast.Name) and one.id == "hole_args":
                source = self.holes["args"]
                assert isinstance(source, ast.Call)
                args += source.args
                keywords = [*source.keywords, *keywords]
            else:
                args.append(self.visit(one))
        return ast.Call(self.visit(node.func), args, keywords)


class _Apply(ast.NodeTransformer):
    def __init__(self, templates: dict[int, str]) -> None:
        self.templates = templates

    def visit(self, node: ast.AST) -> ast.AST:
        template = self.templates.get(id(node))
        changed = super().generic_visit(node)
        if template is None or not isinstance(changed, ast.expr):
            return changed
        if not template:
            return ast.Await(changed)
        parsed = ast.parse(_HOLE.sub(r"hole_\1", template), mode="eval").body
        filled: ast.AST = _Fill(_holes(changed)).visit(parsed)
        return filled


def _editable(tree: ast.Module) -> Iterator[ast.expr]:
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    left_out: set[ast.AST] = set()
    for node in ast.walk(tree):
        for part in ([node] if isinstance(node, (ast.JoinedStr, ast.pattern)) else []) + list(
            getattr(node, "decorator_list", [])
        ):
            left_out.update(ast.walk(part))
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Call, ast.Attribute, ast.Name, ast.Subscript)):
            continue
        context = getattr(node, "ctx", None)
        parent = parents[node]
        called = isinstance(parent, ast.Call) and parent.func is node
        stored = isinstance(context, (ast.Store, ast.Del))
        if node not in left_out and not (called or stored or isinstance(parent, ast.Await)):
            yield node


def _modules(seed: int) -> list[str]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    paths = [path for path in sorted(folder.glob("*.py")) if path.stat().st_size < LARGEST]
    chosen = random.Random(seed).sample(paths, 6)
    return [path.read_text(encoding="utf-8") for path in chosen]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_edits_mean_what_they_say(seed: int) -> None:
    choice = random.Random(seed)
    for source in _modules(seed):
        tree, lines = ast.parse(source), source_lines(source)
        edits: list[Edit] = []
        templates: dict[int, str] = {}
        for node in _editable(tree):
            if choice.random() > 0.2:
                continue
            holes = set(_holes(node))
            fitting = [one for one in TEMPLATES if set(_HOLE.findall(one)) <= holes]
            template = choice.choice(["", *fitting])
            templates[id(node)] = template
            edits.append(Edit(key_of(node, lines), Rewrite(template) if template else Await()))
        after = edit_source(SourceFile("a.py", source), FileEdits(tuple(edits)))
        expected = ast.unparse(ast.fix_missing_locations(_Apply(templates).visit(tree)))
        assert ast.unparse(ast.parse(after)) == ast.unparse(ast.parse(expected))
