"""Finds the queries of a program and decides what becomes of them."""

from __future__ import annotations

import ast
from collections import defaultdict

from codemods.config import Options
from codemods.edits import Edit, FileEdits, Import
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.findings import Finding, Level, Treatment
from codemods.passes.base import Decision, Outcome
from codemods.passes.modern_queries import codes
from codemods.passes.modern_queries.convert import Converter, Plan
from codemods.passes.modern_queries.selection import Selections
from codemods.passes.modern_queries.sessions import Sessions, session_of
from codemods.passes.modern_queries.states import State, Steps, UnconvertibleError
from codemods.passes.modern_queries.travel import Node, Part, Travel

#: Rounds after which the states of a loop that builds a query have to stand still.
_ROUNDS = 20
_MOST_STATES = 64


def plan(program: Program, options: Options) -> Outcome:
    """Decide for every connected part of queries whether it converts."""
    return _Planner(program).outcome()


class _Planner:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.selections = Selections(program)
        self.steps = Steps(program, self.selections)
        self.travel = Travel(program)
        self.converter = Converter(program, self.steps, Sessions(program, self.travel))
        self.edits: dict[Module, list[Edit]] = defaultdict(list)
        self.findings: list[Finding] = []
        self.decisions: list[Decision] = []

    def outcome(self) -> Outcome:
        """All edits, findings and decisions."""
        for part in self.travel.parts(self._roots()):
            self._part(part)
        edits = {}
        for module, found in self.edits.items():
            names = self.converter.names(module)
            imports: tuple[Import, ...] = tuple(names.imports.values())
            edits[module.path] = FileEdits(tuple(found), imports)
        return Outcome(
            edits, findings=tuple(sorted(self.findings)), decisions=tuple(self.decisions)
        )

    # -- roots -------------------------------------------------------------------------------

    def _roots(self) -> list[tuple[ast.Call, Module]]:
        """The calls of ``query`` on sessions."""
        found = []
        for module in self.program.modules.mentioning(("query",)):
            for call in module.syntax.calls.get("query", ()):
                if isinstance(call.func, ast.Attribute) and self._is_session(call, module):
                    found.append((call, module))
        return found

    def _is_session(self, call: ast.Call, module: Module) -> bool:
        """Whether ``query`` is called on a session."""
        assert isinstance(call.func, ast.Attribute)
        values = self.program.infer(call.func.value, module)
        if values:
            return any(
                self.program.is_session_class(cls)
                for value in values
                if (cls := getattr(value, "cls", None)) is not None
            )
        # Nothing else that is unknown takes a mapped class.
        return bool(call.args) and any(
            self.selections.entity(argument, module) is not None for argument in call.args
        )

    # -- parts -------------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        try:
            self._check_editable(part)
            if part.problems:
                raise part.problems[0][2]
            self._flow(part)
            made = self.converter.convert(part)
        except UnconvertibleError as problem:
            self._left(part, problem)
            return
        self._converted(part, made)

    def _check_editable(self, part: Part) -> None:
        for node in part.nodes:
            if not self.program.codebase.editable(node.module.path):
                raise UnconvertibleError(
                    "LL210", f"it also lives in {node.module.path}, not to be edited"
                )

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
        assert isinstance(node.node, ast.AST)
        if node.kind == "root":
            assert isinstance(node.node, ast.Call)
            return frozenset((self.steps.begin(node.node, node.module),))
        if node.kind == "step":
            assert isinstance(node.node, ast.Call)
            call, module = node.node, node.module
            return frozenset(self.steps.apply(s, call, module) for s in node.inputs[0].states)
        return frozenset().union(*(source.states for source in node.inputs))

    # -- what is said ------------------------------------------------------------------------

    def _converted(self, part: Part, made: Plan) -> None:
        for module, edits in made.edits.items():
            self.edits[module].extend(edits)
        for root in part.roots:
            assert isinstance(root.node, ast.Call)
            message = f"{_shown(root.node)} becomes a 2.0 statement"
            self._say(root, codes.QUERY.code, message, Treatment.NATIVE, ())

    def _left(self, part: Part, problem: UnconvertibleError) -> None:
        for root in part.roots:
            assert isinstance(root.node, ast.Call)
            message = f"{_shown(root.node)} is left as a legacy Query: {problem.reason}"
            self._say(root, problem.code, message, Treatment.LEFT, (problem.reason,))

    def _say(
        self, root: Node, code: str, message: str, treatment: Treatment, reasons: tuple[str, ...]
    ) -> None:
        module = root.module
        key = module.key(root.node)
        function = module.function_of(root.node)
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


def _shown(call: ast.Call) -> str:
    text = ast.unparse(call)
    return text if len(text) <= 60 else text[:57] + "..."


__all__ = ["plan", "session_of"]
