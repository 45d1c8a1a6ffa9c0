"""Files that path operations read whole before they send them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

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
_OPEN = "builtins.open"
_PATH = "pathlib.Path"
#: What takes a file away while it is sent; where a file that is open can't go, that fails.
_REMOVES = frozenset({"remove", "unlink", "rmtree", "TemporaryDirectory", "NamedTemporaryFile"})


@dataclass(frozen=True)
class File:
    """A response with the bytes of a file.

    ``opened`` is source text, for a template, of what opens it; ``block`` is the with statement
    that does it now, and ``name`` what it binds for the response, if the response is behind it.
    """

    response: ast.Call
    media_type: str
    core: ast.expr
    wrappers: tuple[tuple[ast.expr, str], ...]
    opened: str
    block: ast.With | None = None
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
        source, in_thread = read[0], isinstance(core, ast.Await)
        media_type = RESPONSES[self.program.outside_name(response.func, module)]
        made = response, media_type, core, tuple(wrappers)
        if source.attr == "read_bytes":
            if not self._is_path(source.value, module):
                return None
            path = verbatim(module.source(source.value))
            opened = f'{path}.open("rb")'
            if in_thread:
                assert isinstance(core, ast.Await) and isinstance(core.value, ast.Call)
                thread = module.source(core.value.func)
                opened = f'await {thread}({path}.open, "rb")'
            self._check(function)
            return File(*made, opened)
        if source.attr != "read":
            return None
        if self._opens(source.value, module):
            self._check(function)
            return File(*made, verbatim(module.source(source.value)))
        return self._within(made, source.value, function)

    def _within(
        self,
        made: tuple[ast.Call, str, ast.expr, tuple[tuple[ast.expr, str], ...]],
        file: ast.expr,
        function: Function,
    ) -> File | None:
        """A file that a with statement opens, which does nothing but read it."""
        module = function.module
        core = made[2]
        block = next((p for p in module.ancestors(core) if isinstance(p, ast.With)), None)
        if block is None or len(block.items) != 1 or len(block.body) != 1:
            return None
        [item], [statement] = block.items, block.body
        match item.optional_vars, file:
            case ast.Name(id=bound), ast.Name(id=used) if bound == used:
                pass
            case _:
                return None
        if not self._opens(item.context_expr, module):
            return None
        self._check(function)
        opened = verbatim(module.source(item.context_expr))
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is core:
                return File(*made, opened, block, name)
            case ast.Return() if made[0] in ast.walk(statement):
                return File(*made, opened, block)
        return None

    def _called(self, node: ast.expr, module: Module) -> tuple[ast.expr, list[ast.expr]] | None:
        """What is called, directly or in a thread, and with what."""
        match node:
            case ast.Await(value=ast.Call(func=thread, args=[called, *arguments], keywords=[])) if (
                self.program.outside_name(thread, module) in _THREAD
            ):
                return called, arguments
            case ast.Call(func=called, args=arguments, keywords=[]):
                return called, arguments
        return None

    def _opens(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression opens a file to read its bytes."""
        match self._called(node, module):
            case ast.Attribute(value=path, attr="open"), [ast.Constant(value="rb")]:
                return self._is_path(path, module)
            case called, [_, ast.Constant(value="rb")]:
                return self.program.outside_name(called, module) == _OPEN
        return False

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
