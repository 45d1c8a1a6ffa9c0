"""Objects that are made into Pydantic models of which nothing is known: run by ``run_sync``.

``self.schema.model_validate(row)`` reads whatever the schema declares, and what was not loaded
with the row is loaded then. Within ``run_sync`` of any session that goes on to work.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.edits.actions import Await, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.passes.async_session.handovers import Handover
from codemods.passes.async_session.sites import CREATE, Site
from codemods.plan.colours import Colouring
from codemods.plan.draft import Draft
from codemods.plan.places import materialise, place_obstacle
from codemods.plan.validations import FROM_OBJECT, vague

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass(frozen=True, eq=False)
class Validation:
    """A call that can load, and a session of its function (as an expression of ``home``)."""

    call: ast.Call
    module: Module
    function: Function
    session: ast.expr
    home: Module

    @property
    def place(self) -> tuple[str, int, int]:
        """Where the object stands that is made into a model: path, line and column."""
        made = self.module.key(self.call.args[0])
        return self.module.path, made.line, made.column + 1


def validations(
    program: Program, sites: list[Site], handovers: list[Handover]
) -> Iterator[Validation]:
    """The calls for which a session is at hand; the others stay as they are."""
    near = _Sessions(program, sites, handovers)
    modules = [m for m in program.modules.mentioning(FROM_OBJECT) if not program.web.in_tests(m)]
    for call, module in vague(program, modules):
        function = module.function_of(call)
        if function is None or place_obstacle(program, call, module):
            continue
        found = near.of(function, call)
        if found is not None:
            yield Validation(call, module, function, *found)


class _Sessions:
    """The expressions that functions use as their sessions."""

    def __init__(self, program: Program, sites: list[Site], handovers: list[Handover]) -> None:
        self.program = program
        self._used: dict[Function, list[tuple[ast.expr, Module]]] = {}
        for handover in handovers:
            self._add(handover.function, handover.session, handover.module)
        for site in sites:
            if site.kind == CREATE or site.owner != known.SESSION or site.function is None:
                continue
            if isinstance(site.node, ast.Call) and isinstance(site.node.func, ast.Attribute):
                self._add(site.function, site.node.func.value, site.module)

    def _add(self, function: Function, session: ast.expr, module: Module) -> None:
        self._used.setdefault(function, []).append((session, module))

    def of(self, function: Function, call: ast.Call) -> tuple[ast.expr, Module] | None:
        """A session that ``function`` can name where ``call`` stands, and the module it is from."""
        for session, module in self._used.get(function, ()):
            if self._is_bound(session, function, call):
                return session, module
        if not isinstance(function.parent, Class) or not function.parameters:
            return None
        for cls in self.program.mro(function.parent):
            for method in cls.methods if isinstance(cls, Class) else ():
                for session, module in self._used.get(method, ()):
                    if _is_own(session, function):
                        return session, module
        return None

    @staticmethod
    def _is_bound(session: ast.expr, function: Function, call: ast.Call) -> bool:
        """Whether an expression means a session at ``call`` too, not only where it was found."""
        if _is_own(session, function):
            return True
        if not isinstance(session, ast.Name):
            return False
        bindings = function.bindings.get(session.id, [])
        if bindings and all(binding.kind == "parameter" for binding in bindings):
            return True
        around = set(function.module.ancestors(call))
        return any(
            b.kind == "with" and around & {b.node, *_statement(b.node, function)} for b in bindings
        )


def _statement(node: ast.AST, function: Function) -> Iterator[ast.AST]:
    for parent in function.module.ancestors(node):
        yield parent
        if isinstance(parent, ast.With | ast.AsyncWith):
            return


def _is_own(session: ast.expr, function: Function) -> bool:
    """Whether an expression is an attribute of the object that the method belongs to."""
    return (
        function.is_method
        and isinstance(session, ast.Attribute)
        and isinstance(session.value, ast.Name)
        and bool(function.parameters)
        and session.value.id == function.parameters[0].arg
    )


# -- edits ---------------------------------------------------------------------------------------


def edit_validations(
    program: Program,
    found: list[Validation],
    colours: Colouring,
    awaited: set[ast.AST],
    draft: Draft,
) -> None:
    """Run what makes the models within ``run_sync``: a whole comprehension at once."""
    done: set[ast.AST] = set()
    for validation in found:
        if validation.function not in colours.asynchronous:
            continue
        module = validation.module
        top = _top(validation, awaited)
        if top in done:
            continue
        done.add(top)
        session = validation.home.source(validation.session)
        inner = "_" if "_" not in _names(top) else "session"
        template = f"{session}.run_sync(lambda {inner}: {{self}})"
        if top is validation.call and _holds(top, awaited):
            called = module.source(validation.call.func)
            template = f"{session}.run_sync(lambda {inner}, row: {called}(row), {{args}})"
        draft.edit(module, top, Rewrite(template))
        draft.edit(module, top, Await())
        materialise(program, draft, top, module)


def _top(validation: Validation, awaited: set[ast.AST]) -> ast.expr:
    """What is run at once: the comprehension around the call, if nothing is awaited in it."""
    top: ast.expr = validation.call
    for parent in validation.module.ancestors(validation.call):
        if isinstance(parent, ast.stmt | ast.Lambda | ast.GeneratorExp):
            break
        if isinstance(parent, _COMPREHENSIONS):
            if _holds(parent, awaited):
                break
            top = parent
    return top


def _holds(node: ast.AST, awaited: set[ast.AST]) -> bool:
    return any(
        isinstance(inner, ast.Await) or (inner in awaited and inner is not node)
        for inner in ast.walk(node)
    )


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
