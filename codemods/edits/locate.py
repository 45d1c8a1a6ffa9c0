"""Where the edits of a module are in its LibCST tree.

LibCST computes positions by writing the module out again. Here only the top-level statements that
hold an edit are written out with positions; the others are written out to count their lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import libcst as cst
from libcst._nodes.internal import CodegenState

from codemods.edits.keys import OPEN_ENDED, NodeKey, kind_of

Span = tuple[int, int, int, int]

#: Nodes whose code is laid out as one.
_LOGICAL_LINES = frozenset(
    {
        cst.ClassDef,
        cst.Decorator,
        cst.For,
        cst.FunctionDef,
        cst.If,
        cst.SimpleStatementLine,
        cst.While,
        cst.With,
    }
)

#: Nodes whose place the two trees do not count alike.
_SPECIAL = frozenset({cst.Call, cst.GeneratorExp, cst.Param, cst.Tuple})

_STATEMENTS = (cst.BaseStatement, cst.Decorator, cst.ExceptHandler, cst.MatchCase, cst.Else)


@dataclass
class Located:
    """What was found. Nodes are named by their ``id``: the tree stays alive meanwhile."""

    #: The code of the parts of the module that nothing was looked for in, by top-level statement.
    codes: dict[int, str] = field(default_factory=dict)
    #: The nodes that have edits.
    keys: dict[int, NodeKey] = field(default_factory=dict)
    #: The nodes that have edits, and all nodes around them.
    path: set[int] = field(default_factory=set)
    #: The logical lines that the nodes with edits are in.
    owners: dict[int, int] = field(default_factory=dict)
    #: The indentation of logical lines.
    indents: dict[int, str] = field(default_factory=dict)
    #: The places of the nodes that have edits, without parentheses.
    spans: dict[int, Span] = field(default_factory=dict)


def locate(module: cst.Module, wanted: Iterable[NodeKey]) -> tuple[Located, str]:
    """Find the nodes with the ``wanted`` keys; also returns the code of the whole module."""
    keys = frozenset(wanted)
    lines = sorted({key.line for key in keys})
    found = Located()
    header = "".join(module.code_for_node(line) for line in module.header)
    parts, line, index = [header], 1 + _count(header), 0
    for statement in module.body:
        code = module.code_for_node(statement)
        end = line + _count(code)
        if index < len(lines) and lines[index] < end:
            _Writer(module, keys, line, found).write(statement)
            while index < len(lines) and lines[index] < end:
                index += 1
        found.codes[id(statement)] = code
        parts.append(code)
        line = end
    parts.extend(module.code_for_node(line) for line in module.footer)
    return found, finish(module, "".join(parts))


def finish(module: cst.Module, code: str) -> str:
    """``code``, the parts of a module, with or without a last line end as the module has it."""
    if module.has_trailing_newline:
        return code or module.default_newline
    for end in ("\r\n", "\n", "\r"):
        if code.endswith(end):
            return code[: -len(end)]
    return code


def _count(code: str) -> int:
    """How many lines end in ``code``."""
    return code.count("\n") + code.count("\r") - code.count("\r\n")


class _Recording(AbstractContextManager[None]):
    """The place of a node without the whitespace around it."""

    __slots__ = ("end_node", "node", "place", "start_node", "writer")

    def __init__(
        self,
        writer: _Writer,
        node: cst.CSTNode,
        start_node: cst.CSTNode | None,
        end_node: cst.CSTNode | None,
    ) -> None:
        self.writer = writer
        self.node = node
        self.start_node = start_node
        self.end_node = end_node

    def __enter__(self) -> None:
        self.place = (self.writer.line, self.writer.column)

    def __exit__(self, *error: object) -> None:
        spans = self.writer.spans
        start, end = self.place, (self.writer.line, self.writer.column)
        if self.start_node is not None:
            start = spans[id(self.start_node)][:2]
        if self.end_node is not None:
            end = spans[id(self.end_node)][2:]
        spans[id(self.node)] = (*start, *end)


class _Writer(CodegenState):
    """Writes one statement out and notes the places of its nodes."""

    def __init__(
        self, module: cst.Module, wanted: frozenset[NodeKey], line: int, found: Located
    ) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.line, self.column = line, 0
        self.wanted = wanted
        self.starts = frozenset(key[1:3] for key in wanted)
        self.found = found
        self.spans: dict[int, Span] = {}
        self.stack: list[tuple[cst.CSTNode, int, int]] = []

    def write(self, statement: cst.CSTNode) -> None:
        """Write ``statement`` out, with everything in it."""
        statement._codegen(self)

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        lines = _count(value)
        if lines:
            self.line += lines
            self.column = len(value) - max(value.rfind("\n"), value.rfind("\r")) - 1
        else:
            self.column += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self.stack.append((node, self.line, self.column))
        if type(node) in _LOGICAL_LINES:
            self.found.indents[id(node)] = "".join(self.indent_tokens)

    def after_codegen(self, node: cst.CSTNode) -> None:
        _, line, column = self.stack.pop()
        span = self.spans.setdefault(id(node), (line, column, self.line, self.column))
        if type(node) in _SPECIAL:
            special = self._special_span(node, span)
            if special is None:
                return
            span = special
        if span[:2] in self.starts:
            self._match(node, span)

    def record_syntactic_position(  # type: ignore[override]
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> _Recording:
        return _Recording(self, node, start_node, end_node)

    def _special_span(self, node: cst.CSTNode, span: Span) -> Span | None:
        """The span of a node as ``ast`` has it; None where the node has to wait."""
        if isinstance(node, cst.Call):
            self._generator_argument(node)
        elif isinstance(node, cst.Param):
            return self.spans[id(node.name)]
        elif isinstance(node, (cst.Tuple, cst.GeneratorExp)):
            if node.lpar:
                opening, closing = self.spans[id(node.lpar[-1])], self.spans[id(node.rpar[0])]
                return (*opening[:2], *closing[2:])
            if isinstance(node, cst.GeneratorExp):
                return None  # the argument of a call
        return span

    def _generator_argument(self, call: cst.Call) -> None:
        """``f(x for x in y)``: for ``ast`` the parentheses belong to the generator."""
        if len(call.args) != 1:
            return
        argument = call.args[0]
        generator = argument.value
        if isinstance(generator, cst.GeneratorExp) and not generator.lpar:
            opening, whole = self.spans[id(call.whitespace_after_func)], self.spans[id(call)]
            span = (*opening[2:], *whole[2:])
            if span[:2] in self.starts and self._match(generator, span):
                self.found.path |= {id(call), id(argument)}

    def _match(self, node: cst.CSTNode, span: Span) -> bool:
        kind = kind_of(node)
        key = NodeKey(kind, *span[:2]) if kind in OPEN_ENDED else NodeKey(kind, *span)
        if key not in self.wanted:
            return False
        self.found.keys[id(node)] = key
        self.found.spans[id(node)] = self.spans[id(node)]
        self.found.path.add(id(node))
        self.found.path.update(id(parent) for parent, _, _ in self.stack)
        for owner in (node, *(parent for parent, _, _ in reversed(self.stack))):
            if isinstance(owner, _STATEMENTS):
                if type(owner) in _LOGICAL_LINES:
                    self.found.owners[id(node)] = id(owner)
                break
        return True
