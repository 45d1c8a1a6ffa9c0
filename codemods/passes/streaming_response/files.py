"""Files that path operations read whole before they send them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from codemods.edits import Import
from codemods.edits.templates import verbatim
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import Instance
from codemods.passes.streaming_response.reads import LeftError
from codemods.passes.streaming_response.texts import RESPONSES, Texts

_THREAD = frozenset(
    {
        "fastapi.concurrency.run_in_threadpool",
        "starlette.concurrency.run_in_threadpool",
        "anyio.to_thread.run_sync",
        "asyncio.to_thread",
    }
)
_RUN = Import("fastapi.concurrency", "run_in_threadpool")
_OPEN = "builtins.open"
_ASYNC_OPEN = "anyio.open_file"
_ASYNC_PATH = "anyio.Path"
_PATH = "pathlib.Path"
#: What takes a file away while it is sent; where a file that is open can't go, that fails.
_REMOVES = frozenset({"remove", "unlink", "rmtree", "TemporaryDirectory", "NamedTemporaryFile"})


@dataclass(frozen=True)
class Opened:
    """Source text, for a template, of what opens a file for its bytes, and the imports of it."""

    text: str
    imports: tuple[Import, ...] = ()
    drops: tuple[Import, ...] = ()


@dataclass(frozen=True)
class File:
    """A response with the bytes of a file.

    ``block`` is the with statement that opens it now, and ``name`` what it binds for the response,
    if the response is behind it.
    """

    response: ast.Call
    media_type: str
    core: ast.expr
    wrappers: tuple[tuple[ast.expr, str], ...]
    opened: Opened
    block: ast.With | ast.AsyncWith | None = None
    name: str = ""


class Files:
    """Recognises the files that are read whole."""

    def __init__(self, program: Program, texts: Texts) -> None:
        self.program = program
        self.texts = texts

    def of(self, response: ast.Call, content: ast.expr, function: Function) -> File | None:
        """The file that a response sends; raises ``LeftError`` where it can't be streamed."""
        module = function.module
        core, wrappers, _ = self.texts.unwrapped(content, function)
        read = self._called(core, module)
        if read is None or read[1] or not isinstance(read[0], ast.Attribute):
            return None
        source = read[0]
        media_type = RESPONSES[self.program.outside_name(response.func, module)]
        made = response, media_type, core, tuple(wrappers)
        opened = None
        if source.attr == "read_bytes":
            opened = self._path(source.value, core, module)
        elif source.attr == "read":
            opened = self._opened(source.value, module)
            if opened is None:
                return self._within(made, source.value, function)
        if opened is not None:
            self._check(function)
        return File(*made, opened) if opened is not None else None

    def _path(self, path: ast.expr, core: ast.expr, module: Module) -> Opened | None:
        """What opens the path whose bytes are read."""
        text = verbatim(module.source(path))
        match path, core:
            case ast.Call(func=called, args=[inner], keywords=[]), ast.Await() if (
                self.program.outside_name(called, module) == _ASYNC_PATH
            ):
                return self._in_thread(inner, module)
            case _ if not self._is_path(path, module):
                return None
            case _, ast.Await(value=ast.Call(func=thread)):
                return Opened(f'await {module.source(thread)}({text}.open, "rb")')
        return Opened(f'{text}.open("rb")')

    def _in_thread(self, path: ast.expr, module: Module) -> Opened:
        """anyio's files are read by threads too; a stream takes each part in one."""
        text = verbatim(module.source(path))
        drops = (Import("anyio"),)
        return Opened(f'await run_in_threadpool(open, {text}, "rb")', (_RUN,), drops)

    def _within(
        self,
        made: tuple[ast.Call, str, ast.expr, tuple[tuple[ast.expr, str], ...]],
        file: ast.expr,
        function: Function,
    ) -> File | None:
        """A file that a with statement opens, which does nothing but read it."""
        module = function.module
        core = made[2]
        block = next(
            (p for p in module.ancestors(core) if isinstance(p, ast.With | ast.AsyncWith)), None
        )
        if block is None or len(block.items) != 1 or len(block.body) != 1:
            return None
        [item], [statement] = block.items, block.body
        match item.optional_vars, file:
            case ast.Name(id=bound), ast.Name(id=used) if bound == used:
                pass
            case _:
                return None
        opened = self._opened(item.context_expr, module)
        if opened is None:
            return None
        self._check(function)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is core:
                return File(*made, opened, block, name)
            case ast.Return() if made[0] in ast.walk(statement):
                return File(*made, opened, block)
        return None

    def _called(self, node: ast.expr, module: Module) -> tuple[ast.expr, list[ast.expr]] | None:
        """What is called, directly, awaited or in a thread, and with what."""
        match node:
            case ast.Await(value=ast.Call(func=thread, args=[called, *arguments], keywords=[])) if (
                self.program.outside_name(thread, module) in _THREAD
            ):
                return called, arguments
            case ast.Await(value=ast.Call(func=called, args=arguments, keywords=[])):
                return called, arguments
            case ast.Call(func=called, args=arguments, keywords=[]):
                return called, arguments
        return None

    def _opened(self, node: ast.expr, module: Module) -> Opened | None:
        """What opens a file to read its bytes, where an expression does that."""
        match self._called(node, module):
            case ast.Attribute(value=path, attr="open"), [ast.Constant(value="rb")]:
                if not self._is_path(path, module):
                    return None
            case called, [path, ast.Constant(value="rb")]:
                name = self.program.outside_name(called, module)
                if name == _ASYNC_OPEN:
                    return self._in_thread(path, module)
                if name != _OPEN:
                    return None
            case _:
                return None
        return Opened(verbatim(module.source(node)))

    def _is_path(self, node: ast.expr, module: Module) -> bool:
        found = self.program.infer(node, module)
        return bool(found) and all(
            isinstance(value, Instance) and value.cls == _PATH for value in found
        )

    def _check(self, function: Function) -> None:
        for node in function.nodes:
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in _REMOVES or any(k.arg == "background" for k in node.keywords):
                    raise LeftError("something may remove the file before it is sent")
