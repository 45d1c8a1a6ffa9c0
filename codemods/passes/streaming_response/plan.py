"""The decisions of the pass, before any edit."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase

from codemods.config import Options
from codemods.edits.actions import Origin
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.patches import patches
from codemods.facts.syntax import Function
from codemods.facts.web import Route
from codemods.findings import Finding, Level, Treatment
from codemods.manifests import Note
from codemods.passes.base import NOTE, Decision, Outcome
from codemods.passes.streaming_response import codes, helper
from codemods.passes.streaming_response.beside import Beside
from codemods.passes.streaming_response.bodies import Bodies
from codemods.passes.streaming_response.cursors import Cursors
from codemods.passes.streaming_response.environment import Environment
from codemods.passes.streaming_response.exports import Exports
from codemods.passes.streaming_response.held import Given, Held
from codemods.passes.streaming_response.items import ItemLists
from codemods.passes.streaming_response.memory import REASON, in_memory
from codemods.passes.streaming_response.operations import Export, Operation, Source
from codemods.passes.streaming_response.own import OwnSessions
from codemods.passes.streaming_response.reads import LeftError, Read, Reads, returns_of
from codemods.passes.streaming_response.routes import Answers
from codemods.passes.streaming_response.sessions import Sessions
from codemods.passes.streaming_response.statements import Statements
from codemods.passes.streaming_response.texts import Joined, Text, Texts
from codemods.passes.streaming_response.writing import Writer
from codemods.suppression import Silence

_DEEPEST = 4


def plan(program: Program, options: Options) -> Outcome:
    """Decide for every path operation whether it streams."""
    return _Planner(program, options).outcome()


class _Planner:
    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.chosen = dict(options.streaming)
        self.silence = Silence(program.codebase, options, codes.NAME)
        self.reads = Reads(program)
        self.lists = ItemLists(program, self.reads)
        self.statements = Statements(program, options.stream_threshold)
        self.answers = Answers(program)
        self.sessions = Sessions(program)
        self.replaced = {f for patch in patches(program) for f in patch.functions}
        self.held = Held(program, self.sessions)
        self.owns = OwnSessions(program, self.sessions)
        self.environment = Environment(program.codebase)
        self.beside = Beside(program, self.environment)
        self.bodies = Bodies(program)
        self.cursors = Cursors(program, self.environment)
        self.exports = Exports(program, self.statements, Texts(program, self.reads))
        self.writer = Writer(program, self.environment, options.stream_format == "jsonl")

    def outcome(self) -> Outcome:
        """All edits, findings and decisions."""
        chosen = [
            function
            for function, routes in self.program.web.routes.items()
            if self.program.codebase.editable(function.module.path)
            and self._is_chosen(function, routes)
        ]
        operations = [found for f in chosen if (found := self._operation(f)) is not None]
        exports = [export for function in chosen for export in self.exports.of(function)]
        for operation in operations:
            self._examine(operation)
        for export in exports:
            self._examine_export(export)
        self._share(operations)
        streamed = []
        for operation in operations:
            if not operation.reason:
                self.writer.operation(operation)
                streamed.append(operation.function.module.path)
        for export in exports:
            if not export.reason:
                self.writer.export(export)
                if export.text is not None:
                    streamed.append(export.function.module.path)
        manifests, notes = self.environment.required(dict.fromkeys(streamed))
        asking = [one.function for one in operations if not one.reason]
        asking += [one.function for one in exports if not one.reason]
        origins = tuple(Origin(f.module.path, f.definition.lineno, f.qualname) for f in asking)
        texts = {**self.writer.texts, **manifests}
        findings = (*map(self._finding, operations), *map(self._of_export, exports))
        return Outcome(
            self.writer.edits,
            texts,
            tuple(sorted(findings)),
            (
                *(self._decision(operation) for operation in operations),
                *(_exported(export) for export in exports if not export.reason),
                *(_noted(note) for note in notes),
            ),
            origins=dict.fromkeys(texts, origins),
        )

    # -- candidates --------------------------------------------------------------------------

    def _is_chosen(self, function: Function, routes: list[Route]) -> bool:
        """Whether the configuration lets a path operation, by its name or its path, be streamed."""
        if self._is_listed("exclude", function, routes):
            return False
        return "include" not in self.chosen or self._is_named(function, routes)

    def _is_named(self, function: Function, routes: list[Route]) -> bool:
        """Whether the user asks for a path operation, knowing it."""
        return self._is_listed("include", function, routes)

    def _is_listed(self, key: str, function: Function, routes: list[Route]) -> bool:
        names = [function.qualname]
        for route in routes:
            match route.call.args[:1]:
                case [ast.Constant(value=str() as path)]:
                    names.append(path)
        return any(fnmatchcase(name, p) for name in names for p in self.chosen.get(key, ()))

    def _operation(self, function: Function) -> Operation | None:
        """The path operation, where it returns an unbounded list."""
        if not function.is_async or function.is_generator:
            return None
        operation = Operation(function)
        operation.place = in_memory(self.program, function)
        if operation.place is not None:
            operation.reason = REASON
            return operation
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
        items = self.lists.of(value, function) if depth == 0 else None
        if items is not None:
            return Source(value, items.read, items=items)
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
        found = [inner for outer in operation.sources for inner in outer.all]
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
            self.environment.check_json(path)
            routes = self.program.web.routes[function]
            operation.answer = self.answers.of(function, routes)
            if operation.answer.annotated and len(operation.sources) < len(function.returns):
                raise LeftError("it returns other lists too, and its annotation says so")
            model = operation.answer.values if operation.answer.model else None
            asked = self.environment.refuses_nan(path, has_model=model is not None)
            self.bodies.check()
            self.cursors.check(function)
            self.beside.check(function)
            for source in operation.sources:
                self._check(source, operation)
                for inner in source.all:
                    if inner.read is None:
                        continue
                    items = inner.items
                    if items is not None:
                        own = [] if items.are_rows else [items.element]
                        parts = [*own, *items.conditions]
                        self.statements.check_item(inner.read, parts, items.target)
                    if items is None or items.are_rows:
                        self.statements.check_lazy(inner.read, operation.answer.values)
                    if asked and not self._is_named(function, routes):
                        used = items.used if items is not None else None
                        self.statements.check_numbers(inner.read, model, used)
            assert operation.provider is not None
            anchor = operation.provider.module
            leaves_out = any(s.items and s.items.conditions for s in operation.sources)
            helpers = [self.writer.array, *([helper.OWN] if operation.owns else [])]
            helpers += [helper.KEPT] if leaves_out else []
            self._check_helpers(helpers, anchor, function)
        except LeftError as error:
            operation.reason = str(error)

    def _examine_export(self, export: Export) -> None:
        function = export.function
        path = function.module.path
        if export.reason:
            return
        key = function.module.key(export.call)
        export.silenced = self.silence.why(path, key.line, codes.TEXT.code)
        if export.silenced:
            export.reason = export.silenced
            return
        try:
            self.answers.check_response(function, self.program.web.routes[function])
            self.bodies.check()
            if export.text is not None:
                self._check_text(export, export.text)
            else:
                anchor = helper.top_of(function.module, self.program)
                self._check_helpers([helper.FILE], anchor, function)
        except LeftError as error:
            export.reason = str(error)

    def _check_text(self, export: Export, text: Text) -> None:
        read, function = text.read, export.function
        path = function.module.path
        self.cursors.check(function)
        self.beside.check(function)
        self.statements.check_loading(read, self.environment.runs_on("mysql", path))
        self.statements.check_item(read, *self.exports.items(text))
        export.provider = self.sessions.provider(read.session, function)
        if self.environment.ends_early(path):
            export.own = self.owns.of(function, read.session, read.call)
        helpers = [helper.TEXT, *([helper.OWN] if export.own else [])]
        if isinstance(text.made, Joined) and text.made.items.conditions:
            helpers.append(helper.KEPT)
        self._check_helpers(helpers, export.provider.module, function)

    def _check_helpers(
        self, helpers: list[helper.Helper], anchor: Module, function: Function
    ) -> None:
        for one in helpers:
            helper.Placement(self.program, anchor, one).check(function.module)

    def _check(self, source: Source, operation: Operation) -> None:
        """Raise ``LeftError`` where a list can't be streamed."""
        function = operation.function
        if source.read is not None:
            given = self._check_read(source.read, function, ())
            call = source.read.call
        else:
            assert source.call is not None
            given = self._check_through(source, function, ())
            call = source.call
        operation.provider = self.sessions.provider(given.session, given.function)
        if self.environment.ends_early(function.module.path):
            if given.function is not function:
                raise LeftError(
                    "an object keeps its session, which FastAPI closes before a streamed answer "
                    "is sent"
                )
            operation.owns[source.value] = self.owns.of(function, given.session, call)

    def _check_through(
        self, source: Source, function: Function, stack: tuple[tuple[Function, ast.Call], ...]
    ) -> Given:
        """The session of the path operation that a function called there reads by."""
        assert source.function is not None and source.call is not None
        target = source.function
        if not self.program.codebase.editable(target.module.path):
            raise LeftError(f"{target.qualname} is not to be edited")
        if target.definition.decorator_list:
            raise LeftError(f"{target.qualname} has a decorator")
        if target in self.replaced:
            raise LeftError(f"tests put something else in the place of {target.qualname}")
        calls = self.program.calls
        if len(calls.family(target)) > 1:
            raise LeftError(f"{target.qualname} is overridden")
        if calls.unresolved(target):
            raise LeftError(f"{target.qualname} may be called by code that needs a list")
        if len({inner.kind for inner in source.inner}) > 1:
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
    ) -> Given:
        if self.statements.is_bounded(read):
            raise LeftError(f"{function.qualname} also returns lists with a limit")
        mysql = self.environment.runs_on("mysql", function.module.path)
        self.statements.check_loading(read, mysql)
        session: ast.expr | None = read.session
        holder = function
        for caller, call in reversed(stack):
            if session is None:
                break
            argument = self.sessions.parameter(session, holder)
            if argument is None:
                is_first = caller is stack[0][0]
                found = self.held.given(session, holder, call, caller) if is_first else None
                if found is not None:
                    self.sessions.provider(found.session, found.function)
                    return found
                raise LeftError(f"{holder.qualname} does not get its session as a parameter")
            session = self.program.calls.argument(call, holder, argument)
            holder = caller
        if session is None:
            raise LeftError("its session is not given by the path operation")
        self.sessions.provider(session, holder)
        return Given(session, holder)

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
                for source in outer.all
                if source.call is not None
            }
            for operation in operations:
                for outer in operation.sources:
                    for source in outer.all:
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

    # -- what is said ------------------------------------------------------------------------

    def _finding(self, operation: Operation) -> Finding:
        function = operation.function
        node = operation.place or operation.sources[0].value
        key = function.module.key(node)
        left = bool(operation.reason)
        message = (
            f"{function.qualname} {'returns' if operation.reason == REASON else 'loads'} a list "
            f"without a limit: {operation.reason}"
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

    @staticmethod
    def _of_export(export: Export) -> Finding:
        """What a path operation puts together in memory before it sends it."""
        function = export.function
        key = function.module.key(export.call)
        left = bool(export.reason)
        code = codes.EXPORT if left and not export.silenced else codes.TEXT
        what = "a whole file is read" if export.file else "a text of all rows is put together"
        said = export.reason or f"{what} before it is sent"
        return Finding(
            function.module.path,
            key.line,
            key.column + 1,
            code.code,
            f"{function.qualname}: {said}",
            codes.NAME,
            Level.DISPLAY if left else Level.UNSAFE,
            Treatment.LEFT if left else Treatment.NATIVE,
            (export.reason,) if left else (),
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


def _exported(export: Export) -> Decision:
    function = export.function
    return Decision(
        function.module.path,
        function.definition.lineno,
        function.qualname,
        Treatment.NATIVE.value,
        "sends its file while it is read" if export.file else "sends its text while it is read",
        (),
        1,
    )


def _noted(note: Note) -> Decision:
    command = f": run `{note.command}`" if note.command else ""
    return Decision(note.path, note.line, "", NOTE, f"{note.message}{command}")
