"""Finds the queries of a program and decides what becomes of them."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import replace

from codemods.config import Options
from codemods.edits import Edit, FileEdits, Import
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.findings import Finding, Level, Treatment
from codemods.passes.base import Decision, Outcome
from codemods.passes.modern_queries import codes
from codemods.passes.modern_queries.convert import Converter
from codemods.passes.modern_queries.customs import Customs
from codemods.passes.modern_queries.forms import Form, left
from codemods.passes.modern_queries.mocked import Mocked
from codemods.passes.modern_queries.selection import Selections
from codemods.passes.modern_queries.sessions import Sessions
from codemods.passes.modern_queries.states import State, Steps, UnconvertibleError
from codemods.passes.modern_queries.supports import Supports
from codemods.passes.modern_queries.travel import Node, Part, Travel
from codemods.suppression import Silence

#: Rounds after which the states of a loop that builds a query have to stand still.
_ROUNDS = 20
_MOST_STATES = 500
_DEEPEST = 4


def plan(program: Program, options: Options) -> Outcome:
    """Decide for every connected part of queries whether it converts."""
    return _Planner(program, options).outcome()


class _Planner:
    def __init__(self, program: Program, options: Options) -> None:
        self.program = program
        self.silence = Silence(program.codebase, options, codes.NAME)
        self.selections = Selections(program)
        self.sessions = Sessions(program)
        self.steps = Steps(program, self.selections, self.sessions)
        self.travel = Travel(program, self.sessions)
        self.converter = Converter(program, self.steps, self.sessions)
        self.edits: dict[Module, list[Edit]] = defaultdict(list)
        self.forms_left: list[Form] = []
        self.findings: list[Finding] = []
        self.decisions: list[Decision] = []

    def outcome(self) -> Outcome:
        """All edits, findings and decisions."""
        self.customs = Customs(self.program)
        mocked = Mocked(self.program)
        for part in self.travel.parts(self._roots(mocked)):
            self._part(part)
        for module, node, code, message in self.customs.places():
            self._place(module, node, code, message, Treatment.LEFT, ())
        supports = Supports(self.program, mocked, [*self.converter.forms, *self.forms_left])
        supports.edit()
        for module, more in supports.mocks.edits.items():
            self.edits[module].extend(more)
        for chain, reason in supports.mocks.left:
            message = f"{_shown(chain.node)} is a mock that is left: {reason}"
            code = codes.MOCK.code
            self._place(chain.module, chain.node, code, message, Treatment.LEFT, (reason,))
        for chain in supports.mocks.unasked:
            message = f"{_shown(chain.node)} is taken out: no query that its tests run is like that"
            code = codes.MOCK.code
            self._place(chain.module, chain.node, code, message, Treatment.NATIVE, ())
        edits = {}
        for module, found in self.edits.items():
            names = self.converter.names(module)
            imports: tuple[Import, ...] = (*names.imports.values(), *supports.imports(module))
            edits[module.path] = FileEdits(
                tuple(found), imports, after_imports=supports.after_imports(module)
            )
        return Outcome(
            edits, findings=tuple(sorted(self.findings)), decisions=tuple(self.decisions)
        )

    # -- roots -------------------------------------------------------------------------------

    def _roots(self, mocked: Mocked) -> list[tuple[ast.Call, Module]]:
        """The calls of ``query`` on sessions."""
        found = []
        for module in self.program.modules.mentioning(("query",)):
            for call in module.syntax.calls.get("query", ()):
                if call not in mocked.roots and self._is_session(call, module):
                    found.append((call, module))
        return found

    def _is_session(self, call: ast.Call, module: Module) -> bool:
        """Whether ``query`` is called on a session."""
        if not isinstance(call.func, ast.Attribute):
            return False
        values = self.program.infer(call.func.value, module)
        classes = [cls for value in values if (cls := getattr(value, "cls", None)) is not None]
        if any(self.program.is_session_class(cls) for cls in classes):
            return True
        if any(isinstance(cls, Class) for cls in classes):
            return False
        # Nothing else from outside takes a mapped class.
        return any(self.selections.entity(argument, module) for argument in call.args)

    # -- parts -------------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        if not any(self._editable(node) for node in part.nodes):
            return
        try:
            self._check_editable(part)
            self._check_silenced(part)
            self.customs.check(part)
            if part.problems:
                raise part.problems[0][2]
            self._flow(part)
            made = self.converter.convert(part)
        except UnconvertibleError as problem:
            self._left(part, problem)
            return
        self._converted(part, made)

    def _editable(self, node: Node) -> bool:
        return self.program.codebase.editable(node.module.path)

    def _check_editable(self, part: Part) -> None:
        for node in part.nodes:
            if not self._editable(node):
                path = node.module.path
                raise UnconvertibleError("LL210", f"it also lives in {path}, not to be edited")

    def _check_silenced(self, part: Part) -> None:
        for root in part.roots:
            path, line = root.module.path, root.module.key(root.call).line
            if why := self.silence.why(path, line, codes.QUERY.code):
                raise UnconvertibleError(codes.QUERY.code, why)

    def _flow(self, part: Part) -> None:
        """Compute the states of all nodes of a part."""
        for node in part.nodes:
            node.states = frozenset()
        for _ in range(_ROUNDS):
            changed = False
            for node in part.nodes:
                states = self._states(node)
                if len(states) > _MOST_STATES:
                    break
                changed = changed or states != node.states
                node.states = states
            if not changed:
                return
        raise UnconvertibleError("LL210", "it is built in more ways than can be followed")

    def _states(self, node: Node) -> frozenset[State]:
        if node.kind == "root":
            return frozenset((self.steps.begin(node.call, node.module),))
        if node.kind == "step":
            before = node.inputs[0].states
            return frozenset(self.steps.apply(state, node.call, node.module) for state in before)
        return frozenset(
            carried
            for source in node.inputs
            for state in source.states
            if (carried := self._carried(node, source, state)) is not None
        )

    def _carried(self, node: Node, source: Node, state: State) -> State | None:
        """A query after it went from one function to another; None where it does not go."""
        session, function = state.session, node.function
        if node.kind == "parameter" and function is not None:
            call, module = node.calls[source]
            if len(state.entered) >= _DEEPEST:
                raise UnconvertibleError("LL210", "it goes through functions that call themselves")
            inside = self.sessions.inwards(session, function, call, module)
            return replace(state, session=inside, entered=(*state.entered, (call, session)))
        if node.kind == "result" and function is not None and isinstance(node.node, ast.expr):
            if not state.entered:
                outside = self.sessions.outwards(session, function, node.node, node.module)
                return replace(state, session=outside)
            call, outside = state.entered[-1]
            # What came in by another call leaves by that one.
            return (
                replace(state, session=outside, entered=state.entered[:-1])
                if call is node.node
                else None
            )
        if node.kind == "member" and isinstance(node.node, ast.Attribute):
            if state.entered:
                raise UnconvertibleError("LL210", "an argument of a function is kept on an object")
            member = self.sessions.of_member(session, node.node, node.module)
            return replace(state, session=member)
        return state

    # -- what is said ------------------------------------------------------------------------

    def _converted(self, part: Part, made: dict[Module, list[Edit]]) -> None:
        for module, edits in made.items():
            self.edits[module].extend(edits)
        for root in part.roots:
            message = f"{_shown(root.call)} becomes a 2.0 statement"
            self._say(root, codes.QUERY.code, message, Treatment.NATIVE, ())

    def _left(self, part: Part, problem: UnconvertibleError) -> None:
        self.forms_left.extend(left(part))
        for root in part.roots:
            message = f"{_shown(root.call)} is left as a legacy Query: {problem.reason}"
            self._say(root, problem.code, message, Treatment.LEFT, (problem.reason,))

    def _say(
        self, root: Node, code: str, message: str, treatment: Treatment, reasons: tuple[str, ...]
    ) -> None:
        self._place(root.module, root.call, code, message, treatment, reasons)

    def _place(
        self,
        module: Module,
        node: ast.expr,
        code: str,
        message: str,
        treatment: Treatment,
        reasons: tuple[str, ...],
    ) -> None:
        if not self.program.codebase.editable(module.path):
            return
        key = module.key(node)
        function = module.function_of(node)
        symbol = function.qualname if function is not None else module.name
        level = Level.SAFE if treatment is Treatment.NATIVE else Level.DISPLAY
        self.findings.append(
            Finding(
                module.path,
                key.line,
                key.column + 1,
                code,
                message,
                codes.NAME,
                level,
                treatment,
                reasons,
                symbol,
            )
        )
        action = "is rewritten as a 2.0 statement" if treatment is Treatment.NATIVE else "is left"
        self.decisions.append(
            Decision(module.path, key.line, symbol, treatment.value, action, reasons, 1)
        )


def _shown(call: ast.expr) -> str:
    text = ast.unparse(call)
    return text if len(text) <= 60 else text[:57] + "..."
