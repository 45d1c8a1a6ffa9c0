"""The way up from the functions that wait: whoever calls them, and what stands in the way.

A function that waits makes every function wait that calls it, up to a place where the colour may
change: a path operation, a dependency, a test, the entry of a script.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.calls import Reference
from codemods.facts.descriptors import is_property
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import FunctionValue
from codemods.plan.constructors import Constructors, is_constructor
from codemods.plan.lambdas import Handed, Lambdas
from codemods.plan.managers import Managers, is_manager
from codemods.plan.properties import Properties
from codemods.plan.stubs import generator_obstacle
from codemods.plan.surroundings import (
    fits,
    holder_of_lambda,
    in_comprehension,
    inside_lambda,
    is_decorator,
    is_override_key,
)

#: Methods of dictionaries, lists, strings and clients: on something unknown they prove nothing.
_COMMON_NAMES = frozenset(
    """get pop update items keys values copy clear setdefault append extend insert remove index
    count sort reverse add discard join split strip format find replace read write close open send
    run start stop post put patch delete head request all first one filter create save""".split()
)


@dataclass(frozen=True)
class Cause:
    """Why a function has its colour: a sentence, and the function that it goes back to."""

    text: str
    because: Function | None = None


@dataclass(frozen=True, eq=False)
class AwaitedCall:
    """A call of a function that became async, the read of a property, the entry of an object."""

    call: ast.expr
    module: Module
    caller: Function | None
    callee: Function


@dataclass(frozen=True)
class Framework:
    """What the surroundings accept: the tables of a pass, as questions.

    ``twofold`` tells a function that can be kept in both colours: it does not connect its callers.
    Nor does one that is ``alone``: it waits on an event loop of its own, and its callers go on.
    """

    decorator: Callable[[Function, ast.expr], bool]
    registration: Callable[[Reference], bool]
    entry: Callable[[Function], str]
    consumption: Callable[[Function, ast.expr, Module], str]
    properties: Properties
    lambdas: Lambdas
    managers: Managers
    constructors: Constructors
    twofold: Callable[[Function], bool] = lambda function: False
    alone: Callable[[Function], bool] = lambda function: False


class Climb:
    """Everything that waits, directly or through what it calls.

    ``touched`` has the cause of each, ``callers`` the calls that lead from a function to the next
    one up, ``obstacles`` what keeps a function sync (those of ``closed`` among them), and ``alike``
    the functions that are called in one place, through a name that stands for any of them.
    """

    def __init__(
        self,
        program: Program,
        waiting: dict[Function, Cause],
        closed: dict[Function, Cause],
        framework: Framework,
    ) -> None:
        self.program = program
        self.framework = framework
        self.waiting = waiting
        self.closed = dict(closed)
        self.obstacles = dict(closed)
        self.callers: dict[Function, list[AwaitedCall]] = {}
        self.alike: dict[Function, set[Function]] = {}
        #: Calls that can mean something that waits, and something that does not.
        self.mixed: set[ast.Call] = set()
        self._kept: list[tuple[Function, Cause]] = []
        self._properties = framework.properties
        self._lambdas = framework.lambdas
        self._managers = framework.managers
        self._constructors = framework.constructors
        self.touched = self._climb(waiting)

    def closing(self, closed: dict[Function, Cause]) -> bool:
        """Take up what else is closed, if the way up stays the same.

        It does not above a property or a constructor.
        """
        more = [function for function in closed if function not in self.closed]
        if any(is_property(function) or is_constructor(function) for function in more):
            return False
        self.closed = dict(closed)
        self.obstacles |= closed
        return True

    def _climb(self, waiting: dict[Function, Cause]) -> dict[Function, Cause]:
        """Everything that waits, directly or through what it calls, with the cause."""
        touched: dict[Function, Cause] = {}
        queue = list(waiting.items())
        while queue:
            function, cause = queue.pop()
            if function in touched:
                continue
            touched[function] = cause
            if self.framework.alone(function):
                continue
            for member in sorted(self.program.calls.family(function), key=place):
                if member not in touched:
                    text = f"has the same name as {function.qualname} in a class of its family"
                    queue.append((member, Cause(text, function)))
            queue.extend(self._wrapped(function))
            if obstacle := self._obstacle(function):
                self.obstacles.setdefault(function, Cause(obstacle))
            if function.is_async:
                continue  # what calls it waits for it already
            if entry := self.framework.entry(function):
                self.obstacles.setdefault(function, Cause(entry))
                continue
            for reference in self.program.calls.references(function):
                caller = self._follow(function, reference)
                if caller is not None and caller not in touched:
                    line = reference.node.lineno
                    queue.append(
                        (
                            caller,
                            Cause(
                                f"awaits {function.name}, called in {reference.module.path}:{line}",
                                function,
                            ),
                        )
                    )
            queue.extend(self._kept)
            self._kept.clear()
            if is_property(function):
                queue.extend(self._readers(function))
                continue
            if is_manager(function):
                queue.extend(self._entered(function))
                continue
            if is_constructor(function):
                queue.extend(self._made(function))
                continue
            queue.extend(self._doubts(function))
            queue.extend(
                (other, Cause(f"is called where {function.qualname} is", function))
                for other in sorted(self.alike.get(function, ()), key=place)
            )
        return touched

    def _readers(self, function: Function) -> Iterator[tuple[Function, Cause]]:
        """The functions that have to wait since they read a property that does."""
        if function in self.obstacles:
            return
        for node, module in self._properties.reads(function):
            if isinstance(module.parent(node), ast.Await):
                continue
            where = f"{module.path}:{node.lineno}"
            caller = module.function_around(node)
            if caller is None or inside_lambda(node, module):
                text = f"is a property that is read where nothing can wait, in {where}"
                self.obstacles.setdefault(function, Cause(text))
                return
            if why := self.framework.consumption(function, node, module):
                self.obstacles.setdefault(caller, Cause(why))
            self.callers.setdefault(function, []).append(
                AwaitedCall(node, module, caller, function)
            )
            yield caller, Cause(f"awaits {function.name}, read in {where}", function)

    def _entered(self, function: Function) -> Iterator[tuple[Function, Cause]]:
        """What enters an object by ``with`` waits for both of the methods that this calls."""
        yield from self._together(function, self._managers.others(function))
        for item, module in self._managers.uses(function):
            node = item.context_expr
            caller = module.function_of(node)
            if caller is None:
                continue
            if why := self.framework.consumption(function, node, module):
                self.obstacles.setdefault(caller, Cause(why))
            self.callers.setdefault(function, []).append(
                AwaitedCall(node, module, caller, function)
            )
            yield (
                caller,
                Cause(f"enters {ast.unparse(node)} in {module.path}:{node.lineno}", function),
            )

    def _together(
        self, function: Function, others: list[Function]
    ) -> Iterator[tuple[Function, Cause]]:
        """What is called in the same places has the same colour."""
        for other in others:
            self.alike.setdefault(function, set()).add(other)
            self.alike.setdefault(other, set()).add(function)
            yield other, Cause(f"is called where {function.qualname} is", function)

    def _made(self, function: Function) -> Iterator[tuple[Function, Cause]]:
        """What makes an object waits for its constructor; not where that stays sync.

        An object that a sync constructor makes keeps the sync session that it is given: no other
        way leads to it than that of all who share a session.
        """
        if function in self.obstacles:
            return
        yield from self._together(function, self._constructors.group(function))
        for call, module in self._constructors.made(function):
            caller = module.function_of(call)
            if caller is None or inside_lambda(call, module):
                continue
            if why := self.framework.consumption(function, call, module):
                self.obstacles.setdefault(caller, Cause(why))
            self.callers.setdefault(function, []).append(
                AwaitedCall(call, module, caller, function)
            )
            where = f"{module.path}:{call.lineno}"
            yield caller, Cause(f"makes {ast.unparse(call.func)} in {where}", function)

    def _follow(self, function: Function, reference: Reference) -> Function | None:
        """The function that has to wait because of a reference; obstacles are noted."""
        module, node = reference.module, reference.node
        if self.framework.registration(reference):
            return None
        if is_override_key(node, module) or is_decorator(node, module):
            return None
        if is_property(function) and isinstance(node, ast.Attribute):
            return None
        if reference.call is None:
            if self._is_harmless(function, node, module):
                return None
            if self.framework.twofold(function) and module.function_of(node) is None:
                return None
            if self.program.calls.carried.followed(function, node, module):
                return None
            if self._taken_out(function, node, module):
                return None
            self.obstacles.setdefault(
                function,
                Cause(f"is passed on as a value in {module.path}:{node.lineno}"),
            )
            return None
        caller = module.function_of(reference.call)
        if caller is None:
            if self.framework.twofold(function) and not inside_lambda(reference.call, module):
                return None
            where = f"{module.path}:{node.lineno}"
            if inside_lambda(reference.call, module):
                handed = self._lambdas.handed(reference.call, module)
                if handed is not None:
                    return self._called_by(function, handed)
                self.obstacles.setdefault(function, Cause(f"is called by a lambda in {where}"))
                holder = holder_of_lambda(reference.call, module)
                if holder is not None:
                    self.obstacles.setdefault(
                        holder, Cause(f"calls {function.name} in a lambda in {where}")
                    )
            elif not self._is_entry(reference.call, module):
                self.obstacles.setdefault(
                    function, Cause(f"is called while {module.path} is imported")
                )
            self.callers.setdefault(function, []).append(
                AwaitedCall(reference.call, module, None, function)
            )
            return None
        if self._already_awaited(reference.call, module):
            return None
        self._meet(function, node, module)
        if why := self.framework.consumption(function, reference.call, module):
            self.obstacles.setdefault(caller, Cause(why))
        self.callers.setdefault(function, []).append(
            AwaitedCall(reference.call, module, caller, function)
        )
        return caller

    def _taken_out(self, function: Function, node: ast.expr, module: Module) -> bool:
        """Whether a function is kept where all calls of what is kept there are known."""
        journey = self.program.calls.travels.of(node, module)
        if journey.lost or journey.classes or function.is_generator or is_property(function):
            return False
        if not journey.calls:
            return False  # it is kept for somebody who is not here
        others = journey.functions - self.program.calls.family(function)
        mixed = journey.others or journey.lambdas or any(f.is_async for f in others)
        if any(f.is_generator for f in others):
            return False
        for call, home in journey.calls.items():
            if home.function_of(call) is None or (mixed and in_comprehension(call, home)):
                return False
        for call, home in journey.calls.items():
            caller = home.function_of(call)
            assert caller is not None
            if self._already_awaited(call, home):
                continue
            if why := self.framework.consumption(function, call, home):
                self.obstacles.setdefault(caller, Cause(why))
            self.callers.setdefault(function, []).append(AwaitedCall(call, home, caller, function))
            text = f"awaits {function.name}, called in {home.path}:{call.lineno}"
            self._kept.append((caller, Cause(text, function)))
            if mixed:
                self.mixed.add(call)
        if not mixed:
            self._kept.extend(self._together(function, sorted(others, key=place)))
        return True

    def _called_by(self, function: Function, handed: Handed) -> Function:
        """What is called through a parameter is awaited there, and so is all that it stands for."""
        holder = handed.holder
        for call in handed.calls:
            if why := self.framework.consumption(function, call, holder.module):
                self.obstacles.setdefault(holder, Cause(why))
            awaited = AwaitedCall(call, holder.module, holder, function)
            if all(known.call is not call for known in self.callers.get(function, ())):
                self.callers.setdefault(function, []).append(awaited)
        for other in handed.called - self.program.calls.family(function):
            self.alike.setdefault(function, set()).add(other)
            self.alike.setdefault(other, set()).add(function)
        return holder

    def _wrapped(self, function: Function) -> Iterator[tuple[Function, Cause]]:
        """What a decorator wraps in a function that waits: to call it is to call that one."""
        outer = function.parent
        while isinstance(outer, Function):
            for other in self.program.calls.decorated_by.get(outer, ()):
                yield other, Cause(f"is wrapped by {outer.name}, which waits", function)
            outer = outer.parent

    def _meet(self, function: Function, node: ast.expr, module: Module) -> None:
        """What else is called in the same place has the same colour."""
        family = self.program.calls.family(function)
        for value in self.program.infer(node, module):
            if isinstance(value, FunctionValue) and value.function not in family:
                self.alike.setdefault(function, set()).add(value.function)
                self.alike.setdefault(value.function, set()).add(function)

    def _doubts(self, function: Function) -> list[tuple[Function, Cause]]:
        """Calls of something unknown that could be this function.

        Where every function of that name becomes async, it does not matter which one is meant:
        the call is awaited. Otherwise the function stays sync.
        """
        found: list[tuple[Function, Cause]] = []
        for reference in self.program.calls.unresolved(function):
            if reference.call is None or not fits(reference.call, function):
                continue
            if not self.program.meetings.possible(reference.module, function.module):
                continue
            where = f"{reference.module.path}:{reference.node.lineno}"
            caller = reference.module.function_of(reference.call)
            if self._already_awaited(reference.call, reference.module):
                continue
            if self._is_elsewhere(function, reference):
                continue
            if caller is None or not self._all_alike(function):
                self.obstacles.setdefault(
                    function,
                    Cause(
                        f"could be what `{ast.unparse(reference.node)}` means in {where}, "
                        f"where its type is not known"
                    ),
                )
                return []
            self.callers.setdefault(function, []).append(
                AwaitedCall(reference.call, reference.module, caller, function)
            )
            found.append((caller, Cause(f"awaits {function.name}, called in {where}", function)))
        return found

    def _is_elsewhere(self, function: Function, reference: Reference) -> bool:
        """Whether no object that has the method can stand where a reference asks for it."""
        classes = {member.parent for member in self.program.calls.family(function)}
        if not isinstance(reference.node, ast.Attribute):
            return False
        for cls in classes:
            if not isinstance(cls, Class):
                return False
            journey = self.program.calls.travels.of_objects(cls)
            if journey.lost or reference.node.value in journey.seen:
                return False
        return True

    def _all_alike(self, function: Function) -> bool:
        """Whether every function with that name waits, so that it does not matter which it is."""
        family = self.program.calls.family(function)
        return function.name not in _COMMON_NAMES and all(
            other in family or other in self.waiting or other.is_async
            for other in self.program.calls.named(function.name)
        )

    # -- questions about a function ----------------------------------------------------------

    def _obstacle(self, function: Function) -> str:
        if function.is_async:
            return ""
        if is_property(function):
            return self._properties.obstacle(function)
        name = function.name
        if is_manager(function):
            if why := self._managers.obstacle(function):
                return why
        elif is_constructor(function):
            if why := self._constructors.obstacle(function):
                return why
        elif name.startswith("__") and name.endswith("__") and name != "__call__":
            return f"is {name}, which Python calls and does not await"
        if why := generator_obstacle(self.program, function):
            return why
        for decorator in function.definition.decorator_list:
            if not self.framework.decorator(function, decorator):
                return f"is wrapped by the decorator {ast.unparse(decorator)}"
        return ""

    # -- questions about a place -------------------------------------------------------------

    @staticmethod
    def _already_awaited(call: ast.Call, module: Module) -> bool:
        return isinstance(module.parent(call), ast.Await)

    def _is_entry(self, call: ast.Call, module: Module) -> bool:
        """Whether a call at module level stands where ``asyncio.run`` may stand."""
        return is_main_block(call, module) or self.program.web.in_tests(module)

    def _is_harmless(self, function: Function, node: ast.AST, module: Module) -> bool:
        """Whether naming a function without a call leads to none."""
        if self.program.web.is_fixture(function):
            return True
        parent = module.parent(node)
        if isinstance(parent, ast.Subscript) and parent.value is node:
            # ``list[int]`` in an annotation of a class that has a method ``list``.
            return True
        if self._is_metadata(node, module):
            return True
        if isinstance(parent, ast.Attribute) and self.program.web.in_tests(module):
            # ``service.delete.assert_called_once()``: a mock stands there by then.
            return True
        if isinstance(parent, ast.Return | ast.Yield) and self.program.calls.is_given(function):
            holder = module.function_of(node)
            return holder is not None and self.program.web.is_pytest(holder)
        return isinstance(parent, ast.Delete | ast.Assert | ast.Expr)

    def _is_metadata(self, node: ast.AST, module: Module) -> bool:
        """Whether a function stands bare in ``Annotated[Session, get_db]``, which calls nobody."""
        parent = module.parent(node)
        around = module.parent(parent) if isinstance(parent, ast.Tuple) else None
        return (
            isinstance(around, ast.Subscript)
            and around.slice is parent
            and self.program.outside_name(around.value, module) == "typing.Annotated"
        )


def place(function: Function) -> tuple[str, int]:
    """Where a function stands: an order that does not depend on how it was found."""
    return function.module.path, function.definition.lineno


def is_main_block(node: ast.AST, module: Module) -> bool:
    """Whether a node stands in an ``if __name__ == "__main__":`` block."""
    return any(
        isinstance(parent, ast.If)
        and isinstance(parent.test, ast.Compare)
        and isinstance(parent.test.left, ast.Name)
        and parent.test.left.id == "__name__"
        for parent in module.ancestors(node)
    )
