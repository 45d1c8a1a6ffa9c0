"""Opened files: all calls of one go into threads, or none does."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.blocking_table import Form
from codemods.facts.syntax import Function
from codemods.passes.blocking_calls.sites import Site

#: Methods of a file that do not wait.
_QUICK = frozenset("close tell seek fileno isatty readable writable seekable getvalue".split())
_ATTRIBUTES = frozenset("name mode closed encoding newlines buffer".split())


@dataclass(frozen=True)
class Opened:
    """A file that is opened, the sites that use it, and what stands in the way of threads."""

    site: Site
    users: tuple[Site, ...]
    obstacle: str = ""


def opened_files(program: Program, sites: Mapping[ast.Call, Site]) -> Iterator[Opened]:
    """Every file that the sites open."""
    for site in sites.values():
        if site.blocker.form is Form.OPEN and not site.helpers:
            yield _Follower(program, sites, site).opened()


class _Follower:
    """Follows one file from where it is opened."""

    def __init__(self, program: Program, sites: Mapping[ast.Call, Site], site: Site) -> None:
        self.program = program
        self.sites = sites
        self.site = site
        self.module = site.module
        self.users: list[Site] = []

    def opened(self) -> Opened:
        obstacle = self._taken(self.site.call)
        return Opened(self.site, tuple(self.users), obstacle)

    def _taken(self, call: ast.Call) -> str:
        """What takes the file; "" where threads can follow."""
        parent = self.module.parent(call)
        match parent:
            case ast.withitem(optional_vars=None):
                return ""
            case ast.withitem(optional_vars=ast.Name(id=name)):
                block = self.module.parent(parent)
                assert isinstance(block, ast.With | ast.AsyncWith)
                if isinstance(block, ast.AsyncWith):
                    return "a file is no async context manager"
                return self._uses(name, block)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if len(self.site.function.bindings.get(name, ())) != 1:
                    return f"{name} is bound more than once"
                return self._uses(name, self.site.function.definition)
            case ast.Expr():
                return ""
        return self._use(call)

    def _uses(self, name: str, block: ast.AST) -> str:
        """What is done with the file by its name."""
        function: Function = self.site.function
        for node in function.nodes:
            if not (isinstance(node, ast.Name) and node.id == name):
                continue
            if not isinstance(node.ctx, ast.Load):
                continue
            inside = any(parent is block for parent in self.module.ancestors(node))
            if not inside:
                if self._in_another_block(node, name):
                    continue
                return f"{name} is used after its block"
            if self.module.function_of(node) is not function:
                return f"a function within this one uses {name}"
            if why := self._use(node):
                return why
        return ""

    def _in_another_block(self, node: ast.AST, name: str) -> bool:
        return any(
            isinstance(parent, ast.With)
            and any(
                isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name
                for item in parent.items
            )
            for parent in self.module.ancestors(node)
        )

    def _use(self, node: ast.expr) -> str:
        """What one use of the file is; "" where it waits for nothing or in a thread."""
        parent = self.module.parent(node)
        if isinstance(parent, ast.keyword):
            parent = self.module.parent(parent)
        match parent:
            case ast.Attribute(attr=attr):
                outer = self.module.parent(parent)
                if isinstance(outer, ast.Call) and outer.func is parent:
                    return "" if attr in _QUICK else self._in_thread(outer)
                if attr in _ATTRIBUTES:
                    return ""
            case ast.Call() if parent.func is not node:
                return self._in_thread(parent)
            case ast.Compare() | ast.If() | ast.UnaryOp(op=ast.Not()):
                return ""
            case ast.For(iter=it) | ast.comprehension(iter=it) if it is node:
                return f"line {node.lineno} reads it line by line"
        return f"line {node.lineno} hands it on"

    def _in_thread(self, call: ast.Call) -> str:
        site = self.sites.get(call)
        if site is None or site.blocker.form is Form.LEFT:
            return f"line {call.lineno} hands it to `{ast.unparse(call.func)}`"
        self.users.append(site)
        return ""


def is_file_method(program: Program, site: Site) -> bool:
    """Whether a site is a call of a method of a file."""
    function = site.call.func
    return isinstance(function, ast.Attribute) and program.is_a(
        function.value, site.module, known.FILE
    )
