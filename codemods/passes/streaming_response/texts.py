"""Texts that path operations put together from all rows of a query: CSV, joined lines, JSON."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.edits.templates import verbatim
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.items import (
    ItemLists,
    Items,
    check_rebound,
    straight_to,
)
from codemods.passes.streaming_response.reads import LeftError, Read, Reads, loads

#: The responses that take a text, and the media type that their class stands for.
RESPONSES = {
    f"{library}.{name}": media_type
    for library in ("fastapi", "fastapi.responses", "starlette.responses")
    for name, media_type in (
        ("Response", ""),
        ("PlainTextResponse", "text/plain"),
        ("HTMLResponse", "text/html"),
        ("StreamingResponse", ""),
    )
}
_BUFFER = "io.StringIO"
#: What only hands a text on to a response that streams.
_WRAPPERS = frozenset({"builtins.iter", "io.BytesIO", _BUFFER})
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-8-sig", "utf-8_sig"})
_ARRAY = ("[", ", ", "]")


@dataclass(frozen=True)
class Loop:
    """A loop that writes each row into a buffer."""

    read: Read
    loop: ast.For
    buffer: str
    core: ast.expr
    rewinds: tuple[ast.Expr, ...]


@dataclass(frozen=True)
class Rows:
    """A statement ``writer.writerows(...)`` that writes all rows into a buffer at once."""

    read: Read
    statement: ast.Expr
    rows: ast.expr
    comprehension: ast.expr | None
    function: str
    buffer: str
    core: ast.expr
    rewinds: tuple[ast.Expr, ...]


@dataclass(frozen=True)
class Joined:
    """An expression that joins the items of a list; the texts are source text for a template."""

    items: Items
    core: ast.expr
    function: str
    separator: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Text:
    """A response with a text of all rows; ``wrappers`` stand around it, with what stays of them."""

    response: ast.Call
    media_type: str
    made: Loop | Rows | Joined
    wrappers: tuple[tuple[ast.expr, str], ...]
    encoding: str

    @property
    def read(self) -> Read:
        """The query that gives its rows."""
        return self.made.items.read if isinstance(self.made, Joined) else self.made.read

    @property
    def core(self) -> ast.expr:
        """The expression that makes the text."""
        return self.made.core


class Texts:
    """Recognises the texts that are made of all rows of a query."""

    def __init__(self, program: Program, reads: Reads) -> None:
        self.program = program
        self.reads = reads
        self.lists = ItemLists(program, reads)

    def of(self, response: ast.Call, content: ast.expr, function: Function) -> Text | None:
        """The text that a response sends; raises ``LeftError`` where it can't be streamed."""
        core, wrappers, encoding = self.unwrapped(content, function)
        made = self._buffered(core, function) or self._joined(core, function, wrappers)
        if made is None:
            return None
        name = self.program.outside_name(response.func, function.module)
        if encoding not in _ENCODINGS:
            raise LeftError(f"its text is encoded as {encoding}")
        if streams(name) and wrappers and _encodes(wrappers[0][0]):
            raise LeftError("its response can't iterate over bytes")
        text = Text(response, RESPONSES[name], made, tuple(wrappers), encoding)
        straight_to(text.read, [], response)
        return text

    def unwrapped(
        self, content: ast.expr, function: Function
    ) -> tuple[ast.expr, list[tuple[ast.expr, str]], str]:
        """The expression that makes a text, what stands around it, and how it is encoded."""
        wrappers: list[tuple[ast.expr, str]] = []
        encoding = "utf-8"
        node = content
        while True:
            match node:
                case ast.Call(
                    func=ast.Attribute(value=inner, attr="encode"),
                    args=[] | [ast.Constant(value=str())],
                    keywords=[],
                ):
                    given = [a.value for a in node.args if isinstance(a, ast.Constant)]
                    encoding = str(given[0]).lower() if given else encoding
                    wrappers.append((node, "{receiver}"))
                    node = inner
                case ast.Call(args=[inner], keywords=[]) if self._is(node, _WRAPPERS, function):
                    wrappers.append((node, "{0}"))
                    node = inner
                case ast.List(elts=[inner]) | ast.Tuple(elts=[inner]):
                    wrappers.append((node, "{0}"))
                    node = inner
                case ast.Name(id=name):
                    assignment = self.reads.assignment(name, function)
                    if (
                        assignment is None
                        or len(list(loads(name, function))) > 1
                        or self._is(assignment.value, {_BUFFER}, function)
                    ):
                        return node, wrappers, encoding
                    node = assignment.value
                case _:
                    return node, wrappers, encoding

    def _is(self, node: ast.AST, names: frozenset[str] | set[str], function: Function) -> bool:
        return (
            isinstance(node, ast.Call)
            and self.program.outside_name(node.func, function.module) in names
        )

    # -- a buffer ----------------------------------------------------------------------------

    def _buffered(self, core: ast.expr, function: Function) -> Loop | Rows | None:
        match core:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="getvalue"), args=[], keywords=[]
            ):
                pass
            case ast.Name(id=name):
                pass
            case _:
                return None
        made = self.reads.assignment(name, function)
        if made is None or not self._is(made.value, {_BUFFER}, function):
            return None
        if isinstance(made.value, ast.Call) and made.value.args:
            raise LeftError("its buffer holds a text from the start")
        found: list[Loop | Rows] = [
            *self._loops(core, name, function),
            *self._at_once(core, name, function),
        ]
        if len(found) > 1:
            raise LeftError("several loops write into its buffer")
        return found[0] if found else None

    def _loops(self, core: ast.expr, buffer: str, function: Function) -> Iterator[Loop]:
        for loop in function.nodes:
            if not isinstance(loop, ast.For):
                continue
            read = self.reads.of(loop.iter, function, iterated=True)
            if read is not None:
                straight_to(read, [loop], core)
                self._check_body(loop, function)
                yield Loop(read, loop, buffer, core, self._behind(loop, buffer, core, function))

    def _at_once(self, core: ast.expr, buffer: str, function: Function) -> Iterator[Rows]:
        """``writer.writerows(rows)``, or with a comprehension over them."""
        module = function.module
        for node in function.nodes:
            match node:
                case ast.Expr(
                    value=ast.Call(
                        func=ast.Attribute(value=ast.Name(id=writer), attr="writerows"),
                        args=[rows],
                        keywords=[],
                    )
                ):
                    pass
                case _:
                    continue
            items = self.lists.of(rows, function)
            read = items.read if items else self.reads.of(rows, function, iterated=True)
            if read is None or (items is not None and items.use is not items.node):
                continue
            if items is not None and items.conditions:
                raise LeftError("the rows that it writes at once leave some out")
            straight_to(read, [node], core)
            made = f"{writer}.writerow"
            if items is not None:
                element = verbatim(module.source(items.element))
                made = f"lambda {items.target}: {writer}.writerow({element})"
            comprehension = rows if items is not None else None
            iterated = items.rows if items is not None else rows
            rewinds = self._behind(node, buffer, core, function)
            yield Rows(read, node, iterated, comprehension, made, buffer, core, rewinds)

    def _check_body(self, loop: ast.For, function: Function) -> None:
        """The body of the loop has to be a function of its own."""
        inside = {node for statement in loop.body for node in ast.walk(statement)}
        for node in inside:
            if isinstance(node, ast.Await | ast.Break | ast.Return | ast.Yield | ast.Global):
                raise LeftError("the loop that writes it waits or leaves")
        if loop.orelse:
            raise LeftError("the loop that writes it has an else")
        bound = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        bound |= {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
        for name in bound:
            if any(
                isinstance(node, ast.Name)
                and node.id == name
                and node not in inside
                and node not in set(ast.walk(loop.target))
                for node in function.nodes
            ):
                raise LeftError(f"{name} is used outside of the loop that writes it")
        for statement in loop.body:
            check_rebound(statement, function)

    def _behind(
        self, last: ast.stmt, buffer: str, core: ast.expr, function: Function
    ) -> tuple[ast.Expr, ...]:
        """The statements that rewind the buffer in the end; nothing else may use it there."""
        of_core = set(ast.walk(core))
        found = []
        for name in loads(buffer, function):
            if name in of_core or name.lineno <= (last.end_lineno or 0):
                continue
            statement = function.module.statement(name)
            match statement:
                case ast.Expr(
                    value=ast.Call(
                        func=ast.Attribute(value=ast.Name(), attr="seek"),
                        args=[ast.Constant(value=0)],
                    )
                ):
                    found.append(statement)
                case _:
                    raise LeftError(f"{buffer} is used behind the loop that writes it")
        return tuple(found)

    # -- a joined text -----------------------------------------------------------------------

    def _joined(
        self, core: ast.expr, function: Function, wrappers: list[tuple[ast.expr, str]]
    ) -> Joined | None:
        module = function.module
        match core:
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._added(core, left, right, function, wrappers)
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value=str()) as separator, attr="join"),
                args=[listed],
                keywords=[],
            ):
                items = self.lists.of(listed, function)
                text = verbatim(module.source(separator))
                return Joined(items, core, items.function(module), text) if items else None
            case ast.Call(args=[listed]) if self._is(core, {"json.dumps"}, function):
                if isinstance(listed, ast.GeneratorExp):
                    return None
                items = self.lists.of(listed, function)
                return self._dumped(core, items, function) if items else None
        return None

    def _added(
        self,
        core: ast.BinOp,
        left: ast.expr,
        right: ast.expr,
        function: Function,
        wrappers: list[tuple[ast.expr, str]],
    ) -> Joined | None:
        """A joined text with another one before or behind it."""
        module = function.module
        for inner, other, hole in ((right, left, "{1}"), (left, right, "{0}")):
            joined = self._joined(inner, function, wrappers)
            if joined is None:
                continue
            if any(isinstance(node, ast.Await) for node in ast.walk(other)):
                raise LeftError("it waits for something beside its rows")
            wrappers.append((core, hole))
            text = verbatim(module.source(other))
            before, after = (text, "") if inner is right else ("", text)
            if (before and joined.before) or (after and joined.after):
                raise LeftError("more is put around it than a beginning and an end")
            return Joined(
                joined.items,
                joined.core,
                joined.function,
                joined.separator,
                before or joined.before,
                after or joined.after,
            )
        return None

    def _dumped(self, core: ast.Call, items: Items, function: Function) -> Joined:
        """``json.dumps`` of a list: each item by itself, with what it puts between them."""
        module = function.module
        before, separator, after = _ARRAY
        for keyword in core.keywords:
            match keyword:
                case ast.keyword(arg="separators", value=ast.Constant(value=None)):
                    pass
                case ast.keyword(
                    arg="separators",
                    value=ast.Tuple(elts=[ast.Constant(value=str() as given), ast.Constant()]),
                ):
                    separator = given
                case ast.keyword(arg="ensure_ascii" | "sort_keys" | "default" | "cls"):
                    pass
                case _:
                    raise LeftError(f"json.dumps() is given {keyword.arg or 'unknown options'}")
        name = module.source(core.func)
        options = "".join(f", {k.arg}={module.source(k.value)}" for k in core.keywords)
        element = module.source(items.element)
        made = f"lambda {items.target}: {verbatim(f'{name}({element}{options})')}"
        texts = (_quoted(text) for text in (separator, before, after))
        return Joined(items, core, made, *texts)


def passed_over(loop: ast.For) -> Iterator[ast.Continue]:
    """The statements that go on with the next row of a loop."""
    waiting: list[ast.AST] = [*loop.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Continue):
            yield node
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _quoted(text: str) -> str:
    """A string literal in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def content_of(response: ast.Call) -> ast.expr | None:
    """What a response is given to send."""
    named = next((k.value for k in response.keywords if k.arg == "content"), None)
    return response.args[0] if response.args else named


def _encodes(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "encode"


def streams(name: str) -> bool:
    """Whether a response class sends what an iterator gives."""
    return name.rpartition(".")[2] == "StreamingResponse"


def is_response(response: ast.Call, program: Program, module: Module) -> bool:
    """Whether a call makes a response of a text."""
    return program.outside_name(response.func, module) in RESPONSES
