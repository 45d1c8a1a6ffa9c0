"""Which expression gives the session at the place where a query is run.

A session is followed beside its query: through ``return`` to the caller's argument, through an
argument to the parameter that got the same session. Where a function that runs a query has no
session of its own, a parameter is added, and each of its calls passes the session.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function, Scope
from codemods.passes.modern_queries.reach import Reach

_DUMMY = frozenset[ast.AST]()


@dataclass(frozen=True)
class SessionRef:
    """A session as source ``text``, valid where ``base``, its first name, has these bindings.

    An empty ``text`` stands for a session that is not at hand. ``direct`` is the expression that
    the session is evaluated in, if it is more than names and attributes.
    """

    text: str
    base: str = ""
    holder: Scope | None = field(default=None, compare=False)
    bindings: frozenset[ast.AST] = _DUMMY
    direct: ast.expr | None = None


NOWHERE = SessionRef("")


class Sessions:
    """Makes and translates references to sessions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._reach: dict[Scope, Reach] = {}

    def reach(self, scope: Scope) -> Reach:
        """The reaching assignments of a scope."""
        if scope not in self._reach:
            self._reach[scope] = Reach(scope)
        return self._reach[scope]

    def of(self, session: ast.expr, place: ast.expr, module: Module) -> SessionRef:
        """The session that an expression gives, asked for at ``place``."""
        text = ast.unparse(session)
        base = session
        while isinstance(base, ast.Attribute):
            base = base.value
        if not isinstance(base, ast.Name):
            return SessionRef(text, direct=place)
        holder = module.scope_of(place).lookup(base.id)
        if holder is None:
            return SessionRef(text, direct=place)
        return SessionRef(text, base.id, holder, self._bindings(holder, base.id, place, module))

    def _bindings(
        self, holder: Scope, name: str, place: ast.expr, module: Module
    ) -> frozenset[ast.AST]:
        """The bindings of a name that reach a place."""
        reach = self.reach(holder)
        every = frozenset(reach.bindings.get(name, ()))
        if len(every) <= 1:
            return every
        found = reach.at(module.statement(place), name)
        # Within a function of its own the name can have any of its values.
        return found or every

    def valid(self, ref: SessionRef, start: ast.AST, place: ast.expr, module: Module) -> bool:
        """Whether the text of a session means the same session at ``place``.

        ``start`` is what the expression that runs the query begins with.
        """
        if not ref.text:
            return False
        if ref.direct is not None:
            return ref.direct is start
        if ref.holder is None or ref.holder.module is not module:
            return False
        here = module.scope_of(place).lookup(ref.base)
        if here is not ref.holder:
            return False
        if "." in ref.text and self._assigned(ref, here):
            return False
        found = self._bindings(ref.holder, ref.base, place, module)
        return found == ref.bindings and (len(found) <= 1 or _is_within(start, place))

    def _assigned(self, ref: SessionRef, scope: Scope) -> bool:
        """Whether a scope sets the attribute that holds the session."""
        return any(
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node) == ref.text
            for node in ast.walk(scope.node)
        )

    # -- from function to function -----------------------------------------------------------

    def outwards(
        self, ref: SessionRef, function: Function, call: ast.expr, module: Module
    ) -> SessionRef:
        """A session of ``function`` as its caller knows it."""
        if not ref.text or ref.direct is not None or len(ref.bindings) > 1:
            return NOWHERE
        if ref.holder is not function:
            same = ref.holder is not None and ref.holder.is_module
            return ref if same and function.module is module else NOWHERE
        given = self._given(ref.base, function, call, module)
        if given is None:
            return NOWHERE
        expression = ast.parse(ast.unparse(given) + ref.text[len(ref.base) :], mode="eval").body
        found = self.of(expression, call, module)
        return found if found.direct is None else NOWHERE

    def _given(
        self, name: str, function: Function, call: ast.expr, module: Module
    ) -> ast.expr | None:
        """What a call passes for a parameter (its receiver for ``self``)."""
        argument = next((a for a in function.parameters if a.arg == name), None)
        if argument is None:
            return None
        func = call.func if isinstance(call, ast.Call) else call
        if self._is_first(function, argument):
            return func.value if isinstance(func, ast.Attribute) else None
        if not isinstance(call, ast.Call):
            return None
        return self.program.calls.argument(call, function, argument)

    def _is_first(self, function: Function, argument: ast.arg) -> bool:
        """Whether a parameter is the ``self`` of a method."""
        return (
            function.is_method
            and function.parameters[0] is argument
            and not self.program.decorated(function, "builtins.staticmethod")
        )

    def inwards(
        self, ref: SessionRef, function: Function, call: ast.Call, module: Module
    ) -> SessionRef:
        """A session of a caller as the parameters of ``function`` give it."""
        if not ref.text or ref.direct is not None:
            return NOWHERE
        if ref.holder is not None and ref.holder.is_module and function.module is module:
            return ref
        for argument in function.parameters:
            given = self._given(argument.arg, function, call, module)
            if given is None:
                continue
            passed = self.of(given, call, module)
            if passed.direct is None and passed.bindings == ref.bindings:
                if passed.text == ref.text:
                    rest = ""
                elif ref.text.startswith(passed.text + "."):
                    rest = ref.text[len(passed.text) :]
                else:
                    continue
                bindings = frozenset[ast.AST]((argument,))
                return SessionRef(argument.arg + rest, argument.arg, function, bindings)
        return NOWHERE

    def of_member(self, ref: SessionRef, read: ast.Attribute, module: Module) -> SessionRef:
        """The session beside a query that was kept in an attribute, as its reader knows it."""
        function = ref.holder
        if not ref.text or ref.direct is not None or not isinstance(function, Function):
            return ref if ref.holder is not None and ref.holder.module is module else NOWHERE
        first = function.parameters[0] if function.parameters else None
        if first is None or first.arg != ref.base or not self._is_first(function, first):
            return NOWHERE
        expression = ast.parse(ast.unparse(read.value) + ref.text[len(ref.base) :], mode="eval")
        found = self.of(expression.body, read, module)
        return found if found.direct is None else NOWHERE


def _is_within(start: ast.AST, place: ast.expr) -> bool:
    """Whether a query is made and run by one expression, in which no name gets another value."""
    inner = list(ast.walk(place))
    made_here = isinstance(start, ast.Call) and start in inner
    return made_here and not any(isinstance(node, ast.NamedExpr) for node in inner)
