"""Objects that are read after a commit: without expiry, they have to be refreshed on purpose."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TypeGuard

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassRef, ClassValue, Instance, TypeVariable, Values, union
from codemods.passes.eager_loading.implicit import is_bare, is_dataclass
from codemods.passes.eager_loading.keys import Keys
from codemods.passes.eager_loading.reaching import (
    behind,
    follows,
    is_certain,
    loop_around,
    position,
    reaching,
    uses,
)
from codemods.passes.eager_loading.render import primary_key
from codemods.passes.eager_loading.sessions import Event, Sessions
from codemods.plan.validations import FROM_OBJECT

_COUNTING = ("len", "bool")
_ASKING = ("type", "isinstance", "id")
_BUILT = ("builtins.list", "builtins.set", "builtins.tuple")


@dataclass
class Stale:
    """An object that has to be refreshed after an event, and what reads it then.

    ``each`` says that it is a list of objects, ``guard`` that it can be None, ``expire`` that
    the object is not to be read again at all.
    """

    function: Function
    name: str
    session: str
    event: Event
    statement: ast.stmt
    readers: list[ast.Name] = field(default_factory=list)
    each: bool = False
    guard: bool = False
    expire: bool = False


class Commits:
    """Finds what is stale after the commits of each function."""

    def __init__(
        self, program: Program, sessions: Sessions, demanded: frozenset[ast.AST] = frozenset()
    ) -> None:
        self.program = program
        self.sessions = sessions
        #: Uses of names whose relationships are read: what a commit changed elsewhere shows there.
        self.demanded = demanded
        self.keys = Keys(program)

    def stale(self, function: Function) -> list[Stale]:
        """The objects of a function that are read after a commit without a refresh."""
        events = self.sessions.events(function)
        commits = [e for e in events if e.kind in ("commit", "calls")]
        found: list[Stale] = []
        if not commits:
            return found
        for name in self.names(function):
            found += self._of_name(name, function, commits, events)
        return found

    def names(self, function: Function) -> list[str]:
        """The names of a function that stand for mapped instances, or lists of them."""
        found = []
        for name, bindings in function.bindings.items():
            if all(b.kind in ("def", "class", "import", "from") for b in bindings):
                continue
            if self.entities(name, function):
                found.append(name)
        return found

    def entities(self, name: str, function: Function) -> list[Class]:
        """The classes of the instances that a name stands for, or that its list holds."""
        values = self.program.inference.bound(function, name)
        direct = self._mapped(values)
        if direct:
            return direct
        return [
            cls
            for value in values
            if isinstance(value, Instance) and value.cls in _BUILT and value.args
            for cls in self._mapped(value.args[0])
        ]

    def _mapped(self, values: Values) -> list[Class]:
        """The classes of mapped instances: of a type variable, the base of all that it can be."""
        found = self.program.models.entities(values)
        for value in values:
            match value:
                case TypeVariable(bound=bound):
                    found += [v.cls for v in bound if isinstance(v, Instance) and self._base(v.cls)]
        return found

    def _is_known(self, name: str, function: Function) -> bool:
        """Whether the model of a name is known, not only what binds its type variable."""
        values = self.program.inference.bound(function, name)
        inside = union(v.args[0] for v in values if isinstance(v, Instance) and v.args)
        return bool(self.program.models.entities(values | inside))

    def _base(self, cls: ClassRef) -> TypeGuard[Class]:
        mapped = self.program.models.is_mapped
        return isinstance(cls, Class) and any(mapped(c) for c in self.program.subclasses(cls))

    def _of_name(
        self, name: str, function: Function, commits: list[Event], events: list[Event]
    ) -> list[Stale]:
        module = function.module
        generic = not self._is_known(name, function)
        found: dict[int, Stale] = {}
        for use in sorted(uses(name, function), key=position):
            event = self._last(use, commits, function)
            if event is None or self._is_refreshed(use, event, events, module):
                continue
            if not reads(use, self.sessions, module):
                continue
            if generic and not _is_validated(use, module):
                continue
            if use not in self.demanded and (
                not self.changed(name, event, function, events)
                or self._is_same(use, name, event, function)
                or self.keys.is_put(use, module)
                or self.keys.suffice(use, function, self.entities(name, function))
            ):
                continue
            made = self._stale(name, function, event, use, commits)
            if made is None:
                continue
            found.setdefault(id(made.statement), made).readers.append(use)
        self._add_parent(name, function, commits, found)
        for stale in found.values():
            if all(self.is_bare_response(use, function) for use in stale.readers):
                stale.expire = True
        return list(found.values())

    def _add_parent(
        self, name: str, function: Function, commits: list[Event], found: dict[int, Stale]
    ) -> None:
        """A fixture that adds a child by the key of ``name``, which has its children loaded.

        The test and the application share the object; its commit no longer makes it read its
        children again.
        """
        if not self.program.web.in_tests(function.module):
            return
        for event in commits:
            if any(
                other.kind == "refresh"
                and other.name == name
                and follows(event.call, other.call, function.module)
                for other in self.sessions.events(function)
            ):
                return
            maker = self._child(name, function, event)
            if maker is not None and all(one.event is not event for one in found.values()):
                stale = self._stale(name, function, event, maker, commits)
                if stale is not None and not stale.each:
                    stale.readers.append(maker)
                    found[id(stale.statement)] = stale
                return

    def _child(self, name: str, function: Function, event: Event) -> ast.Name | None:
        eager = {
            relationship.target
            for cls in self.entities(name, function)
            for relationship in self.program.models.relationships(cls).values()
            if relationship.lazy in ("selectin", "joined", "subquery", "immediate")
        }
        for node in function.nodes:
            if not isinstance(node, ast.Call) or not follows(node, event.call, function.module):
                continue
            made = {
                v.cls
                for v in self.program.infer(node.func, function.module)
                if isinstance(v, ClassValue)
            }
            for keyword in node.keywords if made & eager else ():
                match keyword.value:
                    case ast.Attribute(value=ast.Name(id=owner) as use) if owner == name:
                        return use
        return None

    def _stale(
        self, name: str, function: Function, event: Event, use: ast.Name, commits: list[Event]
    ) -> Stale | None:
        module = function.module
        statement = module.statement(event.call)
        session = event.session or self.sessions.session_of(function, statement)
        if not session or isinstance(statement, ast.Return | ast.If | ast.While | ast.For):
            return None
        bound = [b for b in function.bindings[name] if b.kind != "augmented"]
        loop = loop_around(statement, module)
        bound_inside = any(_inside(b.node, loop, module) for b in bound) if loop else False
        if loop is not None and not bound_inside and not _inside(use, loop, module):
            # Once behind the loop is enough.
            statement = module.statement(loop)
        if any(is_certain(one.call, use, module) for one in commits if one is not event):
            # Another commit came before, whichever way was taken: so both are followed by it.
            around = behind(event.call, use, module)
            if not any(_inside(b.node, around, module) for b in bound):
                statement = around
        each = not self._mapped(self.program.inference.bound(function, name))
        guard = not each and self.sessions.can_be_none(name, statement, function)
        return Stale(function, name, session, event, statement, each=each, guard=guard)

    # -- between the commit and the reader ---------------------------------------------------

    def _last(self, use: ast.Name, commits: list[Event], function: Function) -> Event | None:
        """The last commit before ``use`` that the object lived through."""
        module = function.module
        bound = reaching(use, function, module)
        last: Event | None = None
        for event in commits:
            if not follows(event.call, use, module) or _inside(use, event.call, module):
                continue
            # Bound after the commit, or by it: then the call itself has refreshed what it gives.
            if any(
                position(b.node) >= position(module.statement(event.call))
                for b in bound
                if b.kind != "parameter"
            ):
                continue
            last = event
        return last

    def _is_refreshed(
        self, use: ast.Name, event: Event, events: list[Event], module: Module
    ) -> bool:
        return any(
            other.kind in ("refresh", "reload", "delete", "expunge", "expire")
            and use.id in (other.name, _iterated(other, module))
            and (other.kind == "delete" or position(other.call) > position(event.call))
            and (follows(other.call, use, module) or _is_iterated(use, other, module))
            for other in events
        )

    # -- what the commit changed -------------------------------------------------------------

    def changed(self, name: str, event: Event, function: Function, events: list[Event]) -> bool:
        """Whether the object was made or changed in this function before the commit."""
        module = function.module
        bindings = [b for b in function.bindings[name] if b.value is not None]
        if any(self.sessions.makes(b.value, module) for b in bindings if b.value is not None):
            return True
        if any(e.kind == "add" and e.name == name for e in events):
            return True
        for node in function.nodes:
            if getattr(node, "lineno", 0) > event.call.lineno:
                continue
            match node:
                case ast.Attribute(value=ast.Name(id=owner), ctx=ast.Store()) if owner == name:
                    return True
                case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), *_]) if (
                    owner == name
                ):
                    return True
                case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr)) if (
                    owner == name and not attr.startswith(("model_dump", "dict", "json"))
                ):
                    return True
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=ast.Name(id=owner)))
                ) if owner == name:
                    return True
                case ast.Call(args=args) if any(
                    isinstance(a, ast.Name) and a.id == name for a in args
                ):
                    if any(
                        self._assigns(target, node, name)
                        for target in self.program.calls.targets(node, module)
                    ):
                        return True
        loops = [b for b in function.bindings[name] if b.kind == "for" and b.value is not None]
        return any(
            isinstance(b.value, ast.Name) and self._changed_elements(b.value.id, function)
            for b in loops
        ) or self._changed_elements(name, function)

    def _changed_elements(self, name: str, function: Function) -> bool:
        """Whether a loop over ``name`` changes its elements."""
        for node in function.nodes:
            if (
                isinstance(node, ast.For)
                and isinstance(node.iter, ast.Name)
                and node.iter.id == name
                and isinstance(node.target, ast.Name)
            ):
                target = node.target.id
                for inner in ast.walk(node):
                    if (
                        isinstance(inner, ast.Attribute)
                        and isinstance(inner.ctx, ast.Store)
                        and isinstance(inner.value, ast.Name)
                        and inner.value.id == target
                    ):
                        return True
        return False

    def _assigns(self, target: Function, call: ast.Call, name: str) -> bool:
        """Whether a function sets attributes of what it gets for ``name``."""
        for parameter in target.parameters:
            passed = self.program.calls.argument(call, target, parameter)
            if isinstance(passed, ast.Name) and passed.id == name:
                for node in target.nodes:
                    match node:
                        case ast.Attribute(value=ast.Name(id=owner), ctx=ast.Store()):
                            if owner == parameter.arg:
                                return True
                        case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), *_]):
                            if owner == parameter.arg:
                                return True
        return False

    # -- what is provably the same -----------------------------------------------------------

    def _is_same(self, use: ast.Name, name: str, event: Event, function: Function) -> bool:
        """Whether a read gives the same without a refresh.

        The primary key is known after the flush, and a column that was only loaded, and not set
        here, is what the database holds.
        """
        module = function.module
        parent = module.parent(use)
        if not isinstance(parent, ast.Attribute):
            return False
        entities = self.entities(name, function)
        if all(parent.attr in primary_key(cls, self.program) for cls in entities):
            return True
        if any(self.sessions.makes(b.value, module) for b in function.bindings[name] if b.value):
            return False
        columns = all(parent.attr in self.program.models.columns(cls) for cls in entities)
        if not columns or any(self._on_update(cls, parent.attr) for cls in entities):
            return False
        for node in function.nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=owner), attr=attr, ctx=ast.Store()):
                    if owner == name and attr == parent.attr:
                        return False
                case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=owner), *_]):
                    if owner == name:
                        return False
                case ast.Call(args=args, func=func):
                    passed = any(isinstance(a, ast.Name) and a.id == name for a in args)
                    receiver = func.value if isinstance(func, ast.Attribute) else None
                    called = isinstance(receiver, ast.Name) and receiver.id == name
                    session = isinstance(func, ast.Attribute) and self.sessions.is_session(
                        func.value, module
                    )
                    if (passed and not session) or called:
                        return False
        return all(b.kind != "parameter" for b in function.bindings[name])

    def _on_update(self, cls: Class, name: str) -> bool:
        for base in self.program.mro(cls):
            if isinstance(base, Class):
                for binding in base.bindings.get(name, ()):
                    if isinstance(binding.value, ast.Call) and any(
                        k.arg in ("onupdate", "server_onupdate", "sa_column", "sa_column_kwargs")
                        for k in binding.value.keywords
                    ):
                        return True
        return False

    # -- None, and routes without a model ----------------------------------------------------

    def is_bare_response(self, use: ast.Name, function: Function) -> bool:
        """Whether a use returns the object from a route that has no response model."""
        parent = function.module.parent(use)
        routes = self.program.web.routes.get(function, [])
        if not routes or not isinstance(parent, ast.Return):
            return False
        if any(is_dataclass(cls, self.program) for cls in self.entities(use.id, function)):
            return False
        return all(is_bare(route, self.program) for route in routes)


def reads(use: ast.Name, sessions: Sessions, module: Module) -> bool:
    """Whether a use reads attributes of the object (and not only names it)."""
    parent = module.parent(use)
    if isinstance(parent, ast.Attribute):
        return isinstance(parent.ctx, ast.Load)
    if isinstance(parent, ast.keyword):
        parent = module.parent(parent)
    if isinstance(parent, ast.Call):
        if sessions.is_session(parent.func, module) or _only_counts(parent, use, sessions, module):
            return False
        if isinstance(parent.func, ast.Attribute) and sessions.is_session(
            parent.func.value, module
        ):
            return False
        return parent.func is not use
    return isinstance(
        parent,
        ast.Return
        | ast.Yield
        | ast.Dict
        | ast.List
        | ast.Tuple
        | ast.For
        | ast.comprehension
        | ast.IfExp
        | ast.FormattedValue
        | ast.Assign
        | ast.Starred,
    )


def _only_counts(call: ast.Call, use: ast.Name, sessions: Sessions, module: Module) -> bool:
    """``len(users)`` counts what a list holds; ``type(user)`` and the like ask for no attribute."""
    program = sessions.program
    builtin = program.outside_name(call.func, module).removeprefix("builtins.")
    if builtin in _COUNTING:
        return not program.models.entities(program.infer(use, module))
    return builtin in _ASKING


def _inside(node: ast.AST, around: ast.AST, module: Module) -> bool:
    return node is around or any(parent is around for parent in module.ancestors(node))


def _iterated(event: Event, module: Module) -> str:
    """The list over which the loop around ``db.refresh(item)`` goes."""
    for parent in module.ancestors(event.call):
        match parent:
            case ast.For(target=ast.Name(id=item), iter=ast.Name(id=name)) if item == event.name:
                return name
    return ""


def _is_iterated(use: ast.Name, event: Event, module: Module) -> bool:
    """Whether ``use`` is the list in ``for item in use: db.refresh(item)`` itself."""
    parent = module.parent(use)
    return isinstance(parent, ast.For) and any(p is parent for p in module.ancestors(event.call))


def _is_validated(use: ast.Name, module: Module) -> bool:
    """Whether an object, or each of a list of them, is made into a Pydantic model."""
    parent = module.parent(use)
    if isinstance(parent, ast.comprehension):
        holder = module.parent(parent)
        return holder is not None and any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in FROM_OBJECT
            for node in ast.walk(holder)
        )
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr in FROM_OBJECT
    )
