"""The edits of the pass, for what is to be streamed."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping

from codemods.edits import Edit, FileEdits, Import
from codemods.edits.actions import (
    Action,
    AddParameter,
    Arguments,
    RemoveStatement,
    ReplaceStatement,
    Rewrite,
    SetReturns,
)
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response import helper
from codemods.passes.streaming_response.environment import Environment
from codemods.passes.streaming_response.files import File
from codemods.passes.streaming_response.items import Items
from codemods.passes.streaming_response.operations import Export, Operation, Source
from codemods.passes.streaming_response.own import Own
from codemods.passes.streaming_response.reads import Read
from codemods.passes.streaming_response.texts import Joined, Loop, Rows, Text, passed_over, streams

#: Rows read, validated and written at a time: while they are, the loop waits.
_BATCH = 500
_STREAMING = Import("fastapi.responses", "StreamingResponse")
#: What the methods of an async session give.
_RESULTS = {
    "stream_scalars": "AsyncScalarResult",
    "stream": "AsyncResult",
    "mappings": "AsyncMappingResult",
}


class Writer:
    """Collects edits, imports and new modules."""

    def __init__(self, program: Program, environment: Environment, lines: bool) -> None:
        self.program = program
        self.environment = environment
        self.array = helper.LINES if lines else helper.ARRAY
        self.function = "stream_json_lines" if lines else "stream_json_array"
        self.actions: dict[Module, dict[ast.AST, list[Edit]]] = defaultdict(dict)
        self.imports: dict[Module, list[Import]] = defaultdict(list)
        self.drops: dict[Module, list[Import]] = defaultdict(list)
        self.texts: dict[str, str] = {}

    @property
    def edits(self) -> Mapping[str, FileEdits]:
        """What happens to each module."""
        return {
            module.path: FileEdits(
                tuple(edit for found in self.actions[module].values() for edit in found),
                tuple(dict.fromkeys(self.imports[module])),
                tuple(dict.fromkeys(self.drops[module])),
            )
            for module in self.actions
        }

    # -- lists -------------------------------------------------------------------------------

    def operation(self, operation: Operation) -> None:
        """Stream the lists of a path operation."""
        function, answer = operation.function, operation.answer
        assert answer is not None and operation.provider is not None
        module = function.module
        self._place(self.array, operation.provider.module, module, self.function)
        for source in operation.sources:
            own = operation.owns.get(source.value)
            if own is not None:
                self._own(own, function, operation.provider)
            self._source(source, module, own)
            items = source.items
            self._keeps(items, operation.provider, module)
            hole = self._hole(source)
            arguments = [
                items.kept(hole, module) if items else hole,
                *([answer.model] if answer.model else []),
                *([f"each={items.function(module)}"] if items and not items.are_rows else []),
                *(f"{name}={value}" for name, value in answer.options),
            ]
            call = f"await {self.function}({', '.join(arguments)})"
            self._do(module, source.value, Rewrite(call))
        if answer.annotated:
            put = (("response_model", answer.model),)
            self._do(module, answer.route.call, Arguments((), put))
        if function.definition.returns is not None and (answer.annotated or answer.model):
            self._do(module, function.definition, SetReturns("StreamingResponse"), more=True)
            self.imports[module].append(_STREAMING)

    @staticmethod
    def _hole(source: Source) -> str:
        """The part of a returned value that is the result itself."""
        value, items = source.value, source.items
        if items is not None:
            return "{iter}" if items.use is items.node else items.hole("{self}")
        if source.read is None or value not in source.read.taken:
            return "{self}"
        assert isinstance(value, ast.Call)
        return "{receiver}" if isinstance(value.func, ast.Attribute) else "{0}"

    def _source(self, source: Source, module: Module, own: Own | None) -> None:
        if source.read is not None:
            self._read(source.read, own)
            if source.items is not None:
                for node, edit in source.items.edits(module):
                    self.actions[module][node] = [edit]
            return
        assert source.function is not None and source.call is not None
        if own is not None:
            self._do(module, source.call, Rewrite(own.reading("{self}")))
        for inner in source.inner:
            self._source(inner, source.function.module, None)
        self._returns(source.function, source.inner)

    def _read(self, read: Read, own: Own | None) -> None:
        """The query gives its rows while they come; what made a list of them goes."""
        called = f"{{receiver}}.{read.method}({{0}}.execution_options(yield_per={_BATCH}))"
        self._do(read.module, read.call, Rewrite(own.reading(called) if own else called))
        for node in read.taken:
            hole = "{receiver}" if isinstance(node.func, ast.Attribute) else "{0}"
            self._do(read.module, node, Rewrite(hole))

    def _returns(self, function: Function, sources: tuple[Source, ...]) -> None:
        """The annotation of a function that gives the result now, and no list."""
        returns = function.definition.returns
        if returns is None:
            return
        module = function.module
        name = _RESULTS[sources[0].kind]
        text = name
        scalars = name == _RESULTS["stream_scalars"]
        modern = self.environment.at_least("sqlalchemy", "2", module.path)
        if scalars and modern and isinstance(returns, ast.Subscript):
            text = f"{name}[{module.source(returns.slice)}]"
        self._do(module, function.definition, SetReturns(text))
        self.imports[module].append(Import("sqlalchemy.ext.asyncio", name))
        self.drops[module] += _imports_in(returns, module)

    # -- texts -------------------------------------------------------------------------------

    def export(self, export: Export) -> None:
        """Stream the text or the file of a response."""
        text, function = export.text, export.function
        if export.file is not None:
            self._file(export.file, function.module)
            return
        assert text is not None and export.provider is not None
        module = function.module
        if export.own is not None:
            self._own(export.own, function, export.provider)
        self._read(text.read, export.own)
        if isinstance(text.made, Joined):
            self._keeps(text.made.items, export.provider, module)
            call = self._joined(text, text.made, module)
        else:
            call = self._written(text, text.made, function)
        self._do(module, text.core, Rewrite(call))
        for node, hole in text.wrappers:
            self._do(module, node, Rewrite(hole))
        name = call.removeprefix("await ").partition("(")[0]
        self._place(helper.TEXT, export.provider.module, module, name)
        self._response(text.response, text.media_type, module)

    def _joined(self, text: Text, joined: Joined, module: Module) -> str:
        for node, edit in joined.items.edits(module):
            self.actions[module][node] = [edit]
        arguments = [
            joined.items.kept(joined.items.hole("{0}"), module),
            joined.function,
            *([joined.separator] if joined.separator != '""' else []),
            *([f"before={joined.before}"] if joined.before else []),
            *([f"after={joined.after}"] if joined.after else []),
            *_encoding(text),
        ]
        return f"await stream_joined({', '.join(arguments)})"

    def _written(self, text: Text, made: Loop | Rows, function: Function) -> str:
        module = function.module
        for statement in made.rewinds:
            self._do(module, statement, RemoveStatement())
        if isinstance(made, Loop):
            rows, write = self._loop(made, function)
        else:
            rows = made.read.name_of(made.rows)
            write = made.function
            action: Action = RemoveStatement()
            if not rows:
                rows = _fresh("rows", function)
                action = ReplaceStatement(f"{rows} = {{0}}")
                if made.comprehension is not None:
                    self._do(module, made.comprehension, Rewrite("{iter}"))
            self._do(module, made.statement, action)
        arguments = [rows, made.buffer, write, *_encoding(text)]
        return f"await stream_written({', '.join(arguments)})"

    def _loop(self, made: Loop, function: Function) -> tuple[str, str]:
        """The body of the loop becomes a function; its name, and that of the rows."""
        module = function.module
        rows = made.read.name_of(made.loop.iter)
        name = _fresh("write_row", function)
        template = "" if rows else (rows := _fresh("rows", function)) + " = {iter}\n"
        target = made.loop.target
        for node in passed_over(made.loop):
            self._do(module, node, ReplaceStatement("return"))
        if isinstance(target, ast.Name):
            head = f"def {name}({target.id}: Any) -> None:\n"
        else:
            row = _fresh("row", function)
            head = f"def {name}({row}: Any) -> None:\n    {module.source(target)} = {row}\n"
        template += f"{head}    {{body}}\n"
        self.imports[module].append(Import("typing", "Any"))
        self._do(module, made.loop, ReplaceStatement(template))
        return rows, name

    def _file(self, file: File, module: Module) -> None:
        """An open file in the place of its bytes."""
        streamed = f"stream_file({file.opened.text})"
        self.imports[module] += file.opened.imports
        self.drops[module] += file.opened.drops
        if file.block is not None and file.name:
            self._do(module, file.block, ReplaceStatement(f"{file.name} = {streamed}"))
        else:
            self._do(module, file.core, Rewrite(streamed))
        if file.block is not None and not file.name:
            self._do(module, file.block, ReplaceStatement("{body}"))
        for node, hole in file.wrappers:
            self._do(module, node, Rewrite(hole))
        self._place(helper.FILE, helper.top_of(module, self.program), module, "stream_file")
        self._response(file.response, file.media_type, module)

    def _response(self, call: ast.Call, media_type: str, module: Module) -> None:
        """A response that streams, with the media type that the class of the old one had."""
        name = self.program.outside_name(call.func, module)
        if streams(name):
            return
        given = {keyword.arg for keyword in call.keywords}
        if media_type and "media_type" not in given:
            put = (("media_type", f'"{media_type}"'),)
            self._do(module, call, Arguments((), put), more=True)
        self._do(module, call.func, Rewrite("StreamingResponse"))
        self.imports[module].append(_STREAMING)
        self.drops[module] += _imports_in(call.func, module)

    # -- what both need ----------------------------------------------------------------------

    def _own(self, own: Own, function: Function, provider: Function) -> None:
        module = function.module
        self._place(helper.OWN, provider.module, module, "own_rows")
        self.imports[module] += own.imports
        if own.added:
            parameter = AddParameter(f"{own.request}: Request")
            done = self.actions[module].get(function.definition, [])
            if all(edit.action != parameter for edit in done):
                self._do(module, function.definition, parameter, more=True)

    def _keeps(self, items: Items | None, provider: Function, module: Module) -> None:
        """The module for lists that leave rows out."""
        if items is not None and items.conditions:
            self._place(helper.KEPT, provider.module, module, "KeptRows")

    def _place(self, made: helper.Helper, anchor: Module, module: Module, name: str) -> None:
        placement = helper.Placement(self.program, anchor, made)
        spelling = placement.spelling(module)
        assert spelling is not None
        self.texts[placement.path] = made.text
        self.imports[module].append(Import(spelling, name))

    def _do(self, module: Module, node: ast.AST, action: Action, *, more: bool = False) -> None:
        edits = self.actions[module].setdefault(node, []) if more else []
        edits.append(Edit(module.key(node), action))
        self.actions[module][node] = edits


def _encoding(text: Text) -> list[str]:
    return [] if text.encoding in ("utf-8", "utf8") else [f'encoding="{text.encoding}"']


def _fresh(name: str, function: Function) -> str:
    """A name that nothing in a function has."""
    taken = {node.id for node in function.nodes if isinstance(node, ast.Name)}
    taken |= {argument.arg for argument in function.parameters}
    while name in taken:
        name += "_"
    return name


def _imports_in(annotation: ast.expr, module: Module) -> list[Import]:
    """The imports of the names in an expression: nothing else may need them any more."""
    found = []
    for node in ast.walk(annotation):
        for binding in module.scope.bindings.get(getattr(node, "id", ""), ()):
            statement = module.parent(binding.node)
            if (
                binding.kind == "from"
                and isinstance(binding.node, ast.alias)
                and isinstance(statement, ast.ImportFrom)
                and binding.node.asname is None
            ):
                source = "." * statement.level + (statement.module or "")
                found.append(Import(source, binding.node.name))
    return found
