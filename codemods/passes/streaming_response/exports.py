"""Exports that are put together in memory before they are sent."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.files import Files
from codemods.passes.streaming_response.operations import Export
from codemods.passes.streaming_response.reads import LeftError, Read
from codemods.passes.streaming_response.statements import Statements
from codemods.passes.streaming_response.texts import (
    Joined,
    Loop,
    Rows,
    Text,
    Texts,
    content_of,
    is_response,
)

_BUFFERS = frozenset({"io.StringIO", "io.BytesIO"})
_FILES = frozenset({"read_bytes", "read_text"})
_FRAMES = frozenset({"to_csv", "to_excel", "to_json", "to_parquet", "to_feather"})
_QUERIES = frozenset({"scalars", "execute", "exec"})

_JOINED = "text is put together from rows without a limit: send it row by row (StreamingResponse)"
_FILE = "a whole file is read before it is sent: FileResponse sends it in parts"
_FRAME = (
    "a data frame is written in memory before it is sent: chunks of it need the types of its "
    "columns (dtype=), else they are written differently"
)


class Exports:
    """Finds the exports of path operations."""

    def __init__(self, program: Program, statements: Statements, texts: Texts) -> None:
        self.program = program
        self.statements = statements
        self.texts = texts
        self.files = Files(program, texts)

    def of(self, function: Function) -> Iterator[Export]:
        """The exports that a path operation answers with."""
        for node in function.nodes:
            if not isinstance(node, ast.Call) or not is_response(
                node, self.program, function.module
            ):
                continue
            content = content_of(node)
            if content is not None and (found := self._export(node, content, function)):
                yield found

    def _export(self, call: ast.Call, content: ast.expr, function: Function) -> Export | None:
        reason = ""
        try:
            text = self.texts.of(call, content, function) if function.is_async else None
            if text is not None:
                bounded = self.statements.is_bounded(text.read)
                return None if bounded else Export(call, function, text)
        except LeftError as error:
            reason = f": {error}"
        try:
            file = self.files.of(call, content, function)
            if file is not None:
                return Export(call, function, file=file)
        except LeftError as error:
            reason = f": {error}"
        found = self._reason(content, function)
        if reason and not found and self._reads_all(function):
            found = _JOINED
        return Export(call, function, reason=found + reason) if found else None

    @staticmethod
    def items(text: Text) -> tuple[list[ast.AST], str]:
        """The code that reads a row, and the name that it has there."""
        match text.made:
            case Joined(items=items):
                return [items.element, *items.conditions], items.target
            case Loop(loop=ast.For(target=ast.Name(id=name), body=body)):
                return [*body], name
            case Rows(comprehension=ast.ListComp() | ast.GeneratorExp() as made):
                [generator] = made.generators
                return [made.elt], getattr(generator.target, "id", "")
        return [], ""

    def _reason(self, content: ast.expr, function: Function) -> str:
        for node in self._made_of(content, function, 0):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Attribute(attr=name) if name in _FRAMES:
                    return _FRAME
                case ast.Attribute(attr=name) if name in _FILES:
                    return _FILE
                case ast.Attribute(value=opened, attr="read") if self._opens(opened, function):
                    return _FILE
                case ast.Attribute(value=ast.Constant(value=str() | bytes()), attr="join"):
                    return _JOINED if self._reads_all(function) else ""
                case _ if self._joins(node, function) and self._reads_all(function):
                    return _JOINED
                case ast.Attribute(value=buffer, attr="getvalue") if self._is_buffer(
                    buffer, function
                ):
                    return _JOINED if self._reads_all(function) else ""
        return ""

    def _made_of(self, node: ast.expr, function: Function, depth: int) -> Iterator[ast.AST]:
        """The parts of an expression, with what its names were assigned."""
        for inner in ast.walk(node):
            yield inner
            if isinstance(inner, ast.Name) and depth < 3:
                for binding in function.bindings.get(inner.id, ()):
                    if binding.kind == "assign" and binding.value is not None:
                        yield from self._made_of(binding.value, function, depth + 1)

    def _opens(self, node: ast.expr, function: Function) -> bool:
        values = [node]
        if isinstance(node, ast.Name):
            bindings = function.bindings.get(node.id, [])
            values = [b.value for b in bindings if b.value is not None]
        return any(self._calls(value, function, {"builtins.open"}) for value in values)

    def _joins(self, call: ast.Call, function: Function) -> bool:
        """Whether a function of the application that is called gives a text that it joins."""
        return any(
            self._is_text(node, callee)
            for callee in self.program.called_functions(call, function.module)
            for statement in callee.returns
            if statement.value is not None
            for node in self._made_of(statement.value, callee, 0)
        )

    def _is_text(self, node: ast.AST, function: Function) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join")):
                return True
            case ast.Call(func=ast.Attribute(value=buffer, attr="getvalue")):
                return self._is_buffer(buffer, function)
        return False

    def _is_buffer(self, node: ast.expr, function: Function) -> bool:
        return isinstance(node, ast.Name) and any(
            binding.value is not None and self._calls(binding.value, function, _BUFFERS)
            for binding in function.bindings.get(node.id, ())
        )

    def _calls(self, node: ast.expr, function: Function, names: set[str] | frozenset[str]) -> bool:
        if not isinstance(node, ast.Call):
            return False
        return self.program.outside_name(node.func, function.module) in names

    def _reads_all(self, function: Function) -> bool:
        """Whether the function itself reads the rows of a statement without a limit."""
        for node in function.awaits:
            match node.value:
                case (
                    ast.Call(func=ast.Attribute(value=session, attr=name), args=[statement]) as call
                ) if name in _QUERIES:
                    module = function.module
                    if not self.program.is_a(session, module, known.ASYNC_SESSION):
                        continue
                    read = Read(call, session, statement, name, (), function, module)
                    try:
                        if not self.statements.is_bounded(read):
                            return True
                    except LeftError:
                        continue
        return False
