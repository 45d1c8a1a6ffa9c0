"""What can load where it stands, and for which a session is at hand: run by ``run_sync``.

``self.schema.model_validate(row)`` reads whatever the schema declares, and what was not loaded
with the row is loaded then. So is ``user.posts`` of a user of whom it is not known where it comes
from. Within ``run_sync`` of any session that goes on to work.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from codemods.config import Options
from codemods.edits.actions import Await, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.passes.async_session.sessions.handovers import Handover
from codemods.passes.async_session.sessions.sites import CREATE, Site
from codemods.plan.colours import Colouring
from codemods.plan.draft import Draft
from codemods.plan.places import materialise, place_obstacle
from codemods.plan.validations import FROM_OBJECT, vague

#: Untracked instances, and what is expired.
READ_LAZILY = frozenset({"LL304", "LL307"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass(frozen=True, eq=False)
class Validation:
    """What can load, and a session of its function (as an expression of ``home``).

    ``node`` is a call that makes a model, or an attribute that is read.
    """

    node: ast.Call | ast.Attribute
    module: Module
    function: Function
    session: ast.expr
    home: Module

    @property
    def place(self) -> tuple[str, int, int]:
        """Where the object stands that is read: path, line and column."""
        read = self.node.args[0] if isinstance(self.node, ast.Call) else self.node
        made = self.module.key(read)
        return self.module.path, made.line, made.column + 1


def validations(
    program: Program, options: Options, sites: list[Site], handovers: list[Handover]
) -> Iterator[Validation]:
    """The calls and reads for which a session is at hand; the others stay as they are."""
    near = _Sessions(program, sites, handovers)
    modules = [m for m in program.modules.mentioning(FROM_OBJECT) if not program.web.in_tests(m)]
    loading: Iterator[tuple[ast.Call | ast.Attribute, Module]] = chain(
        vague(program, modules), _reads(program, options)
    )
    for node, module in loading:
        function = module.function_of(node)
        if function is None or place_obstacle(program, node, module):
            continue
        found = near.of(function, node)
        if found is not None:
            yield Validation(node, module, function, *found)


def _reads(
    program: Program, options: Options
) -> Iterator[tuple[ast.Call | ast.Attribute, Module]]:
    """The relationships and columns of which no query could be told to load them.

    A model that is known is made by a call, which reads them all.
    """
    places: dict[str, set[tuple[int, int]]] = {}
    for finding in options.left:
        if finding.code in READ_LAZILY:
            places.setdefault(finding.path, set()).add((finding.line, finding.column))
    for path, found in places.items():
        module = program.modules.get(path)
        if module is None or program.web.in_tests(module):
            continue
        reads: dict[tuple[int, int], ast.Attribute] = {}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute):
                key = module.key(node)
                place = (key.line, key.column + 1)
                if place in found and _is_mapped(program, node, module):
                    # The innermost comes last: ``item.owner`` of ``item.owner.name``.
                    reads[place] = node
        yield from ((node, module) for node in reads.values())
        for name in sorted(FROM_OBJECT & set(module.syntax.calls)):
            for call in module.syntax.calls[name]:
                made = module.key(call.args[0]) if call.args else None
                if made is not None and (made.line, made.column + 1) in found:
                    yield call, module


def _is_mapped(program: Program, node: ast.Attribute, module: Module) -> bool:
    """Whether it is read from a name (or what that holds), and is an attribute of a model."""
    base: ast.expr = node
    while isinstance(base, ast.Attribute):
        base = base.value
    return (
        isinstance(base, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and any(
            node.attr in program.models.relationships(cls)
            or node.attr in program.models.columns(cls)
            for cls in program.models.entities(program.infer(node.value, module))
        )
    )


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

    def of(self, function: Function, call: ast.expr) -> tuple[ast.expr, Module] | None:
        """A session that ``function`` can name where ``call`` stands, and the module it is from."""
        for session, module in self._used.get(function, ()):
            if self._is_bound(session, function, call):
                return session, module
        for argument in function.parameters:
            if self.program.instances(self.program.parameter(function, argument), known.SESSION):
                for name in function.module.syntax.references.get(argument.arg, ()):
                    if (
                        isinstance(name, ast.Name)
                        and function.module.function_of(name) is function
                        and self._is_bound(name, function, call)
                    ):
                        return name, function.module
        if not isinstance(function.parent, Class) or not function.parameters:
            return None
        for cls in self.program.mro(function.parent):
            for method in cls.methods if isinstance(cls, Class) else ():
                for session, module in self._used.get(method, ()):
                    if _is_own(session, function):
                        return session, module
        return None

    @staticmethod
    def _is_bound(session: ast.expr, function: Function, call: ast.expr) -> bool:
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
    tops: dict[ast.expr, Validation] = {}
    for validation in found:
        if validation.function in colours.asynchronous:
            tops.setdefault(_top(validation, awaited), validation)
    whole = {top for top in tops if not _is_apart(top, awaited)}
    for top, validation in tops.items():
        module = validation.module
        if not whole.isdisjoint(module.ancestors(top)):
            continue  # what is run around it loads it as well
        session = validation.home.source(validation.session)
        inner = "_" if "_" not in _names(top) else "session"
        template = f"{session}.run_sync(lambda {inner}: {{self}})"
        if top not in whole and isinstance(top, ast.Call):
            called = module.source(top.func)
            template = f"{session}.run_sync(lambda {inner}, row: {called}(row), {{args}})"
        draft.edit(module, top, Rewrite(template))
        draft.edit(module, top, Await())
        materialise(program, draft, top, module)


def _is_apart(top: ast.expr, awaited: set[ast.AST]) -> bool:
    """Whether a call runs alone, and its arguments, which are awaited, before it."""
    return isinstance(top, ast.Call) and _holds(top, awaited)


def _top(validation: Validation, awaited: set[ast.AST]) -> ast.expr:
    """What is run at once: the comprehension around the call, if nothing is awaited in it."""
    top: ast.expr = validation.node
    for parent in validation.module.ancestors(validation.node):
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
