"""Where sessions go: which places use the same session, so that they have one colour.

A session is followed from where it is made through parameters, attributes, returns and
dependencies. All functions that talk to the database through one flow wait in the same way: a
session is either sync or async.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from codemods.facts import Program
from codemods.facts.containers import handed, overriding
from codemods.facts.modules import Module
from codemods.facts.syntax import Binding, Class, Function, Scope
from codemods.facts.values import ClassValue, FunctionValue, Instance

#: What gives back (a part of) what it gets.
_HANDED_BACK = ("builtins.next", "builtins.anext", "contextlib.closing", "contextlib.aclosing")
#: Methods of generators and managers that give what is yielded.
_STEPPED = frozenset(("__next__", "__anext__", "__enter__", "__aenter__", "send", "asend"))
_GET, _SET = "contextvars.ContextVar.get", "contextvars.ContextVar.set"


class Node(NamedTuple):
    """A place that holds a session: a parameter, an attribute, a result, a name, a call."""

    kind: str
    owner: object
    name: str


class Flows:
    """The flows of sessions of a program. ``holds`` tells whether an expression is a session.

    Calls in ``cut`` hand on no session (a bridge makes another one of it). ``separate`` tells
    whether a provider gives a user sessions of another kind than it gives to the rest.
    """

    def __init__(
        self,
        program: Program,
        holds: Callable[[ast.expr, Module], bool],
        cut: Collection[ast.Call] = (),
        separate: Callable[[Function, Function], bool] = lambda provider, user: False,
    ) -> None:
        self.program = program
        self.holds = holds
        self.cut = cut
        self.separate = separate
        self._parents: dict[Node, Node] = {}
        self._seen: set[Node] = set()

    # -- union and find ----------------------------------------------------------------------

    def root(self, node: Node) -> Node:
        """The flow that a place belongs to."""
        path = []
        while (parent := self._parents.get(node, node)) != node:
            path.append(node)
            node = parent
        for passed in path:
            self._parents[passed] = node
        return node

    def _join(self, one: Node, other: Node) -> None:
        a, b = self.root(one), self.root(other)
        if a != b:
            self._parents[a] = b

    # -- origins -----------------------------------------------------------------------------

    def of(self, node: ast.expr, module: Module) -> set[Node]:
        """The flows that an expression belongs to."""
        found = set()
        for origin in self._origins(node, module, 0):
            self._expand(origin)
            found.add(origin)
        return {self.root(origin) for origin in found}

    def of_parameter(self, function: Function, name: str) -> set[Node]:
        """The flow that a parameter belongs to."""
        node = Node("parameter", function, name)
        self._expand(node)
        return {self.root(node)}

    def behind(self, node: ast.expr, module: Module) -> Iterator[Node]:
        """The places that the session of an expression may have passed, back to its origins."""
        waiting = [*self._origins(node, module, 0)]
        seen: set[Node] = set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            yield current
            waiting += self._sources(current)

    def _origins(self, node: ast.expr, module: Module, depth: int) -> set[Node]:
        if depth > 20:
            return set()
        match node:
            case ast.Name(id=name):
                holder = module.scope_of(node).lookup(name)
                return self._bound(holder, name, depth) if holder is not None else set()
            case ast.Attribute():
                home = self.program.home(node, module)
                if home is not None and self.holds(node, module):
                    # ``database.session``, of a module
                    return self._bound(*home, depth + 1)
                return self._attributes(node, module)
            case ast.Call():
                return self._called(node, module, depth)
            case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self._origins(value, module, depth + 1)
            case ast.IfExp(body=body, orelse=orelse):
                return self._all((body, orelse), module, depth)
            case ast.BoolOp(values=values):
                return self._all(values, module, depth)
        return set()

    def _all(self, nodes: Iterable[ast.expr], module: Module, depth: int) -> set[Node]:
        found: set[Node] = set()
        for node in nodes:
            found |= self._origins(node, module, depth + 1)
        return found

    def _bound(self, holder: Scope, name: str, depth: int) -> set[Node]:
        found: set[Node] = set()
        for binding in holder.bindings.get(name, ()):
            found |= self._binding(binding, holder, name, depth)
        return found

    def _binding(self, binding: Binding, holder: Scope, name: str, depth: int) -> set[Node]:
        module = holder.module
        if binding.kind == "parameter" and isinstance(holder, Function):
            return {Node("parameter", holder, name)}
        if binding.kind in ("assign", "annotated", "with", "for") and binding.part is not None:
            if holder.is_module:
                return {Node("name", module, name)}
            return self._origins(binding.part, module, depth + 1)
        if binding.kind == "from" and isinstance(binding.node, ast.alias):
            statement = module.parent(binding.node)
            if isinstance(statement, ast.ImportFrom):
                target = self.program.modules.resolve(
                    module, statement.module or "", statement.level
                )
                if target is not None and depth < 20:
                    return self._bound(target.scope, binding.node.name, depth + 1)
        return set()

    def _attributes(self, node: ast.Attribute, module: Module) -> set[Node]:
        found = set()
        for owner in self.program.infer(node.value, module):
            if not isinstance(owner, Instance | ClassValue) or not isinstance(owner.cls, Class):
                continue
            if isinstance(owner, Instance) or self.holds(node, module):
                found.add(Node("attribute", self._definer(owner.cls, node.attr), node.attr))
        return found

    def _definer(self, cls: Class, name: str) -> Class:
        """The topmost class of a family that has the attribute."""
        for base in reversed(self.program.mro(cls)):
            if isinstance(base, Class) and (name in base.attributes or name in base.bindings):
                return base
        return cls

    def _called(self, call: ast.Call, module: Module, depth: int) -> set[Node]:
        targets = [
            v.function
            for v in self.program.infer(call.func, module)
            if isinstance(v, FunctionValue)
        ]
        if targets:
            user = module.function_of(call)
            return {self._result(target, user) for target in targets}
        if isinstance(call.func, ast.Attribute) and self.holds(call.func.value, module):
            return self._origins(call.func.value, module, depth + 1)
        name = self.program.outside_name(call.func, module)
        if name in _HANDED_BACK and call.args:
            return self._origins(call.args[0], module, depth + 1)
        if isinstance(call.func, ast.Attribute):
            if name == _GET:
                home = self.program.home(call.func.value, module)
                return {Node("context", *home)} if home is not None else set()
            if call.func.attr in _STEPPED:
                return self._origins(call.func.value, module, depth + 1)
        return {Node("call", call, module.path)}

    def _result(self, provider: Function, user: Function | None) -> Node:
        """What a provider gives to one of its users."""
        if user is not None and self.separate(provider, user):
            return Node("separate result", provider, "")
        return Node("result", provider, "")

    # -- edges -------------------------------------------------------------------------------

    def _expand(self, node: Node) -> None:
        waiting = [node]
        while waiting:
            current = waiting.pop()
            if current in self._seen:
                continue
            self._seen.add(current)
            for other in self._sources(current):
                self._join(current, other)
                waiting.append(other)

    def _sources(self, node: Node) -> set[Node]:
        match node:
            case Node("parameter", Function() as function, name):
                return self._parameter(function, name)
            case Node("attribute", Class() as cls, name):
                return self._assigned(cls, name)
            case Node("result", Function() as function, _):
                return self._given(function)
            case Node("call", ast.Call() as call, _):
                return self._all_of(overriding(self.program, call))
            case Node("context", Scope() as holder, name):
                return self._all_of(self._put_into((holder, name)))
        return set()

    def _parameter(self, function: Function, name: str) -> set[Node]:
        argument = next((a for a in function.parameters if a.arg == name), None)
        if argument is None:
            return set()
        found: set[Node] = set()
        depends = self.program.web.depends(function, argument)
        if depends is not None:
            for provider in self.program.web.dependency_functions(depends):
                found.add(self._result(provider, function))
        fixture = self.program.web.fixture(function, name)
        if fixture is not None:
            found.add(Node("result", fixture, ""))
        found |= self._all_of(handed(self.program, function, name))
        found |= self._all_of(self._for_later(function, name))
        for call, module in self.program.calls.calls_of(function):
            if call in self.cut:
                continue
            for passed, home in self.program.calls.given(call, module, function, argument):
                if self.holds(passed, home) and not self._is_cut(passed, home):
                    found |= self._origins(passed, home, 0)
        return found

    def _is_cut(self, passed: ast.expr, module: Module) -> bool:
        """Whether an argument that a function hands on comes from a call that is cut."""
        holder = module.parent(passed)
        if isinstance(holder, ast.keyword):
            holder = module.parent(holder)
        return isinstance(holder, ast.Call) and holder in self.cut

    def _for_later(self, function: Function, name: str) -> Iterator[tuple[ast.expr, Module]]:
        """What background tasks pass for a parameter: ``tasks.add_task(function, db)``."""
        names = [a.arg for a in function.parameters][1 if function.is_method else 0 :]
        for reference in self.program.calls.references(function):
            call = reference.module.parent(reference.node)
            if not (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "add_task"
                and call.args[:1] == [reference.node]
            ):
                continue
            given = dict(zip(names, call.args[1:], strict=False))
            given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            if name in given and self.holds(given[name], reference.module):
                yield given[name], reference.module

    def _put_into(self, variable: tuple[Scope, str]) -> Iterator[tuple[ast.expr, Module]]:
        """What the code puts into a context variable: ``current.set(session)``."""
        for module in self.program.modules.mentioning((variable[1],)):
            for call in module.syntax.calls.get("set", ()):
                if (
                    isinstance(call.func, ast.Attribute)
                    and self.program.outside_name(call.func, module) == _SET
                    and self.program.home(call.func.value, module) == variable
                ):
                    yield from ((given, module) for given in call.args)

    def _all_of(self, given: Iterable[tuple[ast.expr, Module]]) -> set[Node]:
        found: set[Node] = set()
        for node, module in given:
            found |= self._origins(node, module, 0)
        return found

    def _assigned(self, cls: Class, name: str) -> set[Node]:
        found: set[Node] = set()
        for owner in (cls, *self.program.subclasses(cls)):
            for binding in (*owner.attributes.get(name, ()), *owner.bindings.get(name, ())):
                if binding.part is not None:
                    found |= self._origins(binding.part, owner.module, 0)
                elif binding.kind == "def":
                    found.add(Node("result", owner.module.functions[binding.node], ""))
            # A dataclass hands its arguments on to its fields.
            if name in owner.bindings and "__init__" not in owner.bindings:
                for reference in self.program.calls.class_references(owner):
                    if reference.call is not None:
                        for argument in (
                            *reference.call.args,
                            *(k.value for k in reference.call.keywords),
                        ):
                            if self.holds(argument, reference.module):
                                found |= self._origins(argument, reference.module, 0)
        return found

    def _given(self, function: Function) -> set[Node]:
        found: set[Node] = set()
        for given in function.yields:
            if given.value is not None:
                found |= self._origins(given.value, function.module, 0)
        for statement in function.returns:
            value = statement.value
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            for part in parts:
                if part is not None and self._is_given(part, function.module):
                    found |= self._origins(part, function.module, 0)
        return found | self._replacements(function)

    def _is_given(self, node: ast.expr, module: Module) -> bool:
        """Whether what is returned is a session, or comes out of a context variable."""
        if self.holds(node, module):
            return True
        return isinstance(node, ast.Call) and self.program.outside_name(node.func, module) == _GET

    def _replacements(self, function: Function) -> set[Node]:
        """What stands in for a dependency in tests: it gives the same kind of session."""
        found: set[Node] = set()
        for override in self.program.web.overrides:
            originals = self.program.infer(override.original, override.module)
            if not any(isinstance(v, FunctionValue) and v.function is function for v in originals):
                continue
            if isinstance(override.replacement, ast.Lambda):
                found |= self._origins(override.replacement.body, override.module, 0)
                continue
            for value in self.program.infer(override.replacement, override.module):
                if isinstance(value, FunctionValue):
                    found.add(Node("result", value.function, ""))
        return found
