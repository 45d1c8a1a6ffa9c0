"""The decisions of the pass, before any edit."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from codemods.config import Options
from codemods.edits import Edit, FileEdits, Import
from codemods.edits.actions import Arguments, Rewrite, SetReturns
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.web import Route
from codemods.findings import Finding, Level, Treatment
from codemods.manifests import Note
from codemods.passes.base import NOTE, Decision, Outcome
from codemods.passes.streaming_response import codes, helper
from codemods.passes.streaming_response.environment import Environment
from codemods.passes.streaming_response.exports import Exports
from codemods.passes.streaming_response.reads import LeftError, Read, Reads, returns_of
from codemods.passes.streaming_response.routes import Answer, Answers
from codemods.passes.streaming_response.sessions import Sessions
from codemods.passes.streaming_response.statements import Statements
from codemods.suppression import Silence

#: Rows read, validated and written at a time: while they are, the loop waits.
_BATCH = 500
_DEEPEST = 4
#: What the methods of an async session give.
_RESULTS = {
    "stream_scalars": "AsyncScalarResult",
    "stream": "AsyncResult",
    "mappings": "AsyncMappingResult",
}


@dataclass(frozen=True)
class Source:
    """Where the list of a return comes from: a read, or the returns of a function called there."""

    value: ast.expr
    read: Read | None = None
    call: ast.Call | None = None
    function: Function | None = None
    inner: tuple[Source, ...] = ()


@dataclass
class Operation:
    """A path operation that returns unbounded lists, and what keeps it from streaming them."""

    function: Function
    sources: list[Source] = field(default_factory=list)
    answer: Answer | None = None
    provider: Function | None = None
    reason: str = ""
    silenced: str = ""
    place: ast.expr | None = None


def plan(program: Program, options: Options) -> Outcome:
    """Decide for every path operation whether it streams."""
    return _Planner(program, options).outcome()


class _Planner:
    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.chosen = dict(options.streaming)
        self.silence = Silence(program.codebase, options, codes.NAME)
        self.reads = Reads(program)
        self.statements = Statements(program)
        self.answers = Answers(program)
        self.sessions = Sessions(program)
        self.environment = Environment(program.codebase)
        self.edits: dict[Module, dict[ast.AST, list[Edit]]] = defaultdict(dict)
        self.imports: dict[Module, list[Import]] = defaultdict(list)
        self.drops: dict[Module, list[Import]] = defaultdict(list)
        self.texts: dict[str, str] = {}

    def outcome(self) -> Outcome:
        """All edits, findings and decisions."""
        operations = [
            operation
            for function, routes in self.program.web.routes.items()
            if self.program.codebase.editable(function.module.path)
            and self._is_chosen(function, routes)
            and (operation := self._operation(function)) is not None
        ]
        for operation in operations:
            self._examine(operation)
        self._share(operations)
        for operation in operations:
            if not operation.reason:
                self._write(operation)
        edits = {
            module.path: FileEdits(
                tuple(edit for found in self.edits[module].values() for edit in found),
                tuple(dict.fromkeys(self.imports[module])),
                tuple(dict.fromkeys(self.drops[module])),
            )
            for module in self.edits
        }
        streamed = [o.function.module.path for o in operations if not o.reason]
        manifests, notes = self.environment.required(dict.fromkeys(streamed))
        return Outcome(
            edits,
            {**self.texts, **manifests},
            tuple(sorted((*map(self._finding, operations), *self._exports()))),
            (
                *(self._decision(operation) for operation in operations),
                *(_noted(note) for note in notes),
            ),
        )

    # -- candidates --------------------------------------------------------------------------

    def _is_chosen(self, function: Function, routes: list[Route]) -> bool:
        """Whether the configuration lets a path operation, by its name or its path, be streamed."""
        names = [function.qualname]
        for route in routes:
            match route.call.args[:1]:
                case [ast.Constant(value=str() as path)]:
                    names.append(path)

        def listed(key: str) -> bool:
            return any(fnmatchcase(name, p) for name in names for p in self.chosen.get(key, ()))

        return not listed("exclude") and ("include" not in self.chosen or listed("include"))

    def _operation(self, function: Function) -> Operation | None:
        """The path operation, where it returns an unbounded list."""
        if not function.is_async or function.is_generator:
            return None
        operation = Operation(function)
        for value in returns_of(function):
            try:
                source = self._source(value, function, 0)
                if source is not None and not self._is_bounded(source):
                    operation.sources.append(source)
            except LeftError as error:
                operation.reason = operation.reason or str(error)
                operation.place = operation.place or value
        return operation if operation.sources or operation.reason else None

    def _source(self, value: ast.expr, function: Function, depth: int) -> Source | None:
        read = self.reads.of(value, function)
        if read is not None:
            return Source(value, read)
        match value:
            case ast.Await(value=ast.Call() as call) if depth < _DEEPEST:
                targets = self.program.called_functions(call, function.module)
                if len(targets) != 1 or not targets[0].is_async or targets[0].is_generator:
                    return None
                [target] = targets
                inner = [self._source(v, target, depth + 1) for v in returns_of(target)]
                if not inner or not all(inner):
                    return None
                found = tuple(source for source in inner if source is not None)
                return Source(value, None, call, target, found)
        return None

    def _is_bounded(self, source: Source) -> bool:
        if source.read is not None:
            return self.statements.is_bounded(source.read)
        return all(self._is_bounded(inner) for inner in source.inner)

    # -- obstacles ---------------------------------------------------------------------------

    def _silenced(self, operation: Operation) -> str:
        """Why the user wants the lists of a path operation left alone, or ""."""
        found = [inner for outer in operation.sources for inner in _all(outer)]
        places = [(source.function or operation.function, source.value) for source in found]
        places += [(s.read.function, s.read.call) for s in found if s.read is not None]
        for function, node in places:
            path, line = function.module.path, function.module.key(node).line
            if silenced := self.silence.why(path, line, codes.LIST.code):
                return silenced
        return ""

    def _examine(self, operation: Operation) -> None:
        operation.silenced = self._silenced(operation)
        operation.reason = operation.reason or operation.silenced
        if operation.reason:
            return
        function = operation.function
        path = function.module.path
        try:
            self.environment.check(path)
            operation.answer = self.answers.of(function, self.program.web.routes[function])
            if operation.answer.annotated and len(operation.sources) < len(function.returns):
                raise LeftError("it returns other lists too, and its annotation says so")
            for source in operation.sources:
                operation.provider = self._check(source, function)
                for inner in _all(source):
                    if inner.read is not None:
                        self.statements.check_lazy(inner.read, operation.answer.values)
            anchor = helper.Placement(self.program, self._anchor(operation))
            if not anchor.is_free:
                raise LeftError(f"{anchor.path} holds something else")
            if anchor.spelling(function.module) is None:
                raise LeftError(f"how it would import {anchor.path} is not known")
        except LeftError as error:
            operation.reason = str(error)

    def _anchor(self, operation: Operation) -> Module:
        assert operation.provider is not None
        return operation.provider.module

    def _check(self, source: Source, function: Function) -> Function:
        """Raise ``LeftError`` where a list can't be streamed; the provider of its session."""
        if source.read is not None:
            return self._check_read(source.read, function, ())
        assert source.function is not None and source.call is not None
        return self._check_through(source, function, ())

    def _check_through(
        self, source: Source, function: Function, stack: tuple[tuple[Function, ast.Call], ...]
    ) -> Function:
        assert source.function is not None and source.call is not None
        target = source.function
        if not self.program.codebase.editable(target.module.path):
            raise LeftError(f"{target.qualname} is not to be edited")
        if target.definition.decorator_list:
            raise LeftError(f"{target.qualname} has a decorator")
        calls = self.program.calls
        if len(calls.family(target)) > 1:
            raise LeftError(f"{target.qualname} is overridden")
        if calls.unresolved(target):
            raise LeftError(f"{target.qualname} may be called by code that needs a list")
        if len({_kind(inner) for inner in source.inner}) > 1:
            raise LeftError(f"{target.qualname} returns results of several kinds")
        found = [
            self._check_read(inner.read, target, (*stack, (function, source.call)))
            if inner.read is not None
            else self._check_through(inner, target, (*stack, (function, source.call)))
            for inner in source.inner
        ]
        return found[0]

    def _check_read(
        self,
        read: Read,
        function: Function,
        stack: tuple[tuple[Function, ast.Call], ...],
    ) -> Function:
        if self.statements.is_bounded(read):
            raise LeftError(f"{function.qualname} also returns lists with a limit")
        mysql = self.environment.runs_on("mysql", function.module.path)
        self.statements.check_loading(read, mysql)
        session: ast.expr | None = read.session
        holder = function
        for caller, call in reversed(stack):
            argument = self.sessions.parameter(session, holder) if session else None
            if argument is None:
                raise LeftError(f"{holder.qualname} does not get its session as a parameter")
            session = self.program.calls.argument(call, holder, argument)
            holder = caller
        if session is None:
            raise LeftError("its session is not given by the path operation")
        return self.sessions.provider(session, holder)

    def _share(self, operations: list[Operation]) -> None:
        """A function between needs that everything that calls it streams; until nothing changes."""
        changed = True
        while changed:
            changed = False
            streamed = {
                source.call
                for operation in operations
                if not operation.reason
                for outer in operation.sources
                for source in _all(outer)
                if source.call is not None
            }
            for operation in operations:
                for outer in operation.sources:
                    for source in _all(outer):
                        if source.function is None or operation.reason:
                            continue
                        for reference in self.program.calls.references(source.function):
                            if reference.call not in streamed:
                                operation.reason = (
                                    f"{source.function.qualname} is also used at "
                                    f"{reference.module.path}:{reference.node.lineno}"
                                )
                                changed = True
                                break

    # -- edits -------------------------------------------------------------------------------

    def _write(self, operation: Operation) -> None:
        function, answer = operation.function, operation.answer
        assert answer is not None
        placement = helper.Placement(self.program, self._anchor(operation))
        spelling = placement.spelling(function.module)
        assert spelling is not None
        self.texts[placement.path] = helper.TEXT
        module = function.module
        self.imports[module].append(Import(spelling, helper.FUNCTION))
        arguments = ", ".join(
            [
                *([answer.model] if answer.model else []),
                *(f"{name}={value}" for name, value in answer.options),
            ]
        )
        tail = f", {arguments}" if arguments else ""
        for source in operation.sources:
            self._write_source(source, module)
            hole = self._hole(source)
            self._edit(module, source.value, f"await {helper.FUNCTION}({hole}{tail})")
        if answer.annotated:
            self.edits[module][answer.route.call] = [
                Edit(
                    module.key(answer.route.call),
                    Arguments((), (("response_model", answer.model),)),
                )
            ]
        if function.definition.returns is not None and (answer.annotated or answer.model):
            key = module.key(function.definition)
            self.edits[module][function.definition] = [Edit(key, SetReturns("StreamingResponse"))]
            self.imports[module].append(Import("fastapi.responses", "StreamingResponse"))

    @staticmethod
    def _hole(source: Source) -> str:
        """The part of a returned value that is the result itself."""
        value = source.value
        if source.read is None or value not in source.read.taken:
            return "{self}"
        assert isinstance(value, ast.Call)
        return "{receiver}" if isinstance(value.func, ast.Attribute) else "{0}"

    def _write_source(self, source: Source, module: Module) -> None:
        read = source.read
        if read is None:
            assert source.function is not None
            for inner in source.inner:
                self._write_source(inner, source.function.module)
            self._write_returns(source.function, source.inner)
            return
        assert isinstance(read.call.func, ast.Attribute)
        self._edit(
            module,
            read.call,
            f"{{receiver}}.{read.method}({{0}}.execution_options(yield_per={_BATCH}))",
        )
        for node in read.taken:
            hole = "{receiver}" if isinstance(node.func, ast.Attribute) else "{0}"
            self._edit(module, node, hole)

    def _write_returns(self, function: Function, sources: tuple[Source, ...]) -> None:
        """The annotation of a function that gives the result now, and no list."""
        returns = function.definition.returns
        if returns is None:
            return
        module = function.module
        name = _RESULTS[_kind(sources[0])]
        text = name
        scalars = name == _RESULTS["stream_scalars"]
        modern = self.environment.at_least("sqlalchemy", "2", module.path)
        if scalars and modern and isinstance(returns, ast.Subscript):
            text = f"{name}[{module.source(returns.slice)}]"
        key = module.key(function.definition)
        self.edits[module][function.definition] = [Edit(key, SetReturns(text))]
        self.imports[module].append(Import("sqlalchemy.ext.asyncio", name))
        self.drops[module] += _imports_in(returns, module)

    def _edit(self, module: Module, node: ast.expr, template: str) -> None:
        self.edits[module][node] = [Edit(module.key(node), Rewrite(template))]

    # -- what is said ------------------------------------------------------------------------

    def _finding(self, operation: Operation) -> Finding:
        function = operation.function
        node = operation.place or operation.sources[0].value
        key = function.module.key(node)
        left = bool(operation.reason)
        message = (
            f"{function.qualname} loads a list without a limit: {operation.reason}"
            if left
            else f"{function.qualname} loads a list without a limit before it is sent"
        )
        return Finding(
            function.module.path,
            key.line,
            key.column + 1,
            (codes.LEFT if left and not operation.silenced else codes.LIST).code,
            message,
            codes.NAME,
            Level.DISPLAY if left else Level.UNSAFE,
            Treatment.LEFT if left else Treatment.NATIVE,
            (operation.reason,) if left else (),
            function.qualname,
        )

    def _exports(self) -> Iterator[Finding]:
        """What path operations put together in memory before they send it."""
        exports = Exports(self.program, self.statements)
        for function in self.program.web.routes:
            module = function.module
            if not self.program.codebase.editable(module.path):
                continue
            for export in exports.of(function):
                key = module.key(export.call)
                yield Finding(
                    module.path,
                    key.line,
                    key.column + 1,
                    codes.EXPORT.code,
                    f"{function.qualname}: {export.reason}",
                    codes.NAME,
                    Level.DISPLAY,
                    Treatment.LEFT,
                    (export.reason,),
                    function.qualname,
                )

    @staticmethod
    def _decision(operation: Operation) -> Decision:
        function = operation.function
        left = bool(operation.reason)
        return Decision(
            function.module.path,
            function.definition.lineno,
            function.qualname,
            (Treatment.LEFT if left else Treatment.NATIVE).value,
            "is left as it is" if left else "sends its list while it is read",
            (operation.reason,) if left else (),
            len(operation.sources),
        )


def _imports_in(annotation: ast.expr, module: Module) -> list[Import]:
    """The imports of the names in an annotation: nothing else may need them any more."""
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


def _noted(note: Note) -> Decision:
    command = f": run `{note.command}`" if note.command else ""
    return Decision(note.path, note.line, "", NOTE, f"{note.message}{command}")


def _kind(source: Source) -> str:
    """What the function behind a source gives: the method that makes it."""
    if source.read is None:
        return _kind(source.inner[0])
    return "mappings" if "mappings" in source.read.chain else source.read.method


def _all(source: Source) -> list[Source]:
    return [source, *(found for inner in source.inner for found in _all(inner))]
