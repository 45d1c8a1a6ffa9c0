"""Factories of tests (factory_boy, polyfactory) that save the objects which they make.

The library calls the session that a factory is given, and calls it sync. What such a factory makes
waits for the database: the call is a place like any other, and who makes it waits too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, FunctionValue
from codemods.plan.colours import Colouring

FACTORY_BOY = "factory.alchemy.SQLAlchemyModelFactory"
POLYFACTORY = "polyfactory.factories.sqlalchemy_factory.SQLAlchemyFactory"
_WORDS = ("SQLAlchemyModelFactory", "SQLAlchemyFactory")
#: The options by which a factory is given its session, or something that gives it.
SESSION_OPTIONS = {
    "sqlalchemy_session": FACTORY_BOY,
    "sqlalchemy_session_factory": FACTORY_BOY,
    "__session__": POLYFACTORY,
}
#: The methods that save; calling the class itself is "" (factory_boy's strategy of creation).
_SAVING = {
    FACTORY_BOY: ("", "create", "create_batch"),
    POLYFACTORY: ("create_sync", "create_batch_sync"),
}
#: What makes a factory of factory_boy talk to the database (without, it only adds).
_WAITING_OPTIONS = (
    "sqlalchemy_session_persistence",
    "sqlalchemy_get_or_create",
    "sqlalchemy_force_flush",
)
_PLAIN_DECLARATIONS = frozenset(
    """factory.Faker factory.Sequence factory.LazyFunction factory.LazyAttribute factory.Iterator
    factory.fuzzy.FuzzyText factory.fuzzy.FuzzyInteger factory.fuzzy.FuzzyChoice""".split()
)
REGISTER = "pytest_factoryboy.register"


_GIVING = (known.SESSION, known.SCOPED_SESSION, known.SESSIONMAKER)


@dataclass(frozen=True, eq=False)
class Given:
    """A place that gives a session to factories; ``classes`` is empty where they are not known.

    ``origins`` are the functions whose colour the session has: its fixture, or who opens it.
    """

    option: str
    target: ast.expr
    value: ast.expr
    module: Module
    function: Function | None
    classes: frozenset[Class]
    origins: frozenset[Function]

    @property
    def library(self) -> str:
        """The library whose factories are meant."""
        return SESSION_OPTIONS[self.option]


@dataclass(frozen=True, eq=False)
class Creation:
    """A call that makes objects and saves them by the session that ``given`` says."""

    call: ast.Call
    module: Module
    function: Function
    library: str
    cls: Class
    given: Given

    @property
    def why(self) -> str:
        """Why the function that makes the call waits."""
        return f"saves what {self.cls.name} makes in {self.module.path}:{self.call.lineno}"


@dataclass
class Factories:
    """The factories of a program, the sessions that they are given, and what makes objects."""

    program: Program
    given: list[Given] = field(default_factory=list)
    creations: list[Creation] = field(default_factory=list)
    #: Calls and registrations that save at a place where nothing can wait for them.
    stuck: list[tuple[ast.expr, Module, Given]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.program.modules.mentioning(_WORDS):
            return
        self.classes: dict[Class, str] = {
            cls: library
            for cls in self.program.all_classes()
            for library in (FACTORY_BOY, POLYFACTORY)
            if self.program.is_subclass(cls, library)
        }
        self.given = list(self._given())
        if self.given:
            self._create()

    def settle(self, colours: Colouring) -> bool:
        """Forget the factories whose session stays sync after all; says whether there were any."""
        gone = [given for given in self.given if not self._turns(given, colours)]
        self.given = [g for g in self.given if g not in gone]
        self.creations = [c for c in self.creations if c.given not in gone]
        self.stuck = [s for s in self.stuck if s[2] not in gone]
        return bool(gone)

    # -- sessions ----------------------------------------------------------------------------

    def _given(self) -> Iterator[Given]:
        for module in self.program.modules.mentioning(SESSION_OPTIONS):
            owner: ast.expr | None
            for node in ast.walk(module.tree):
                match node:
                    case ast.Assign(targets=[ast.Attribute(attr=option) as target], value=value):
                        owner = target.value
                    case ast.Assign(targets=[ast.Name(id=option) as target], value=value) | (
                        ast.AnnAssign(
                            target=ast.Name(id=option) as target, value=ast.expr() as value
                        )
                    ):
                        owner = None
                    case ast.Call(
                        func=ast.Attribute(attr="setattr") | ast.Name(id="setattr"),
                        args=[owner, ast.Constant(value=str(option)) as target, value],
                    ):
                        pass
                    case _:
                        continue
                if option in SESSION_OPTIONS and self._gives_session(value, module):
                    yield self._place(option, target, owner, value, module)

    def _gives_session(self, value: ast.expr, module: Module) -> bool:
        """Whether a value is a session that may become async, or gives one when it is called.

        The option says that it is a session; what nothing is known of is one of the tests'.
        """
        source = value.body if isinstance(value, ast.Lambda) else value
        values = self.program.infer(source, module)
        if self.program.instances_of(values, _GIVING):
            return True
        functions = [v.function for v in values if isinstance(v, FunctionValue)]
        for function in functions:
            returned = self.program.inference.returned(function)
            if not function.is_async and not function.is_generator:
                return not returned or bool(self.program.instances(returned, known.SESSION))
        return not values and not isinstance(source, ast.Constant)

    def _place(
        self,
        option: str,
        target: ast.expr,
        owner: ast.expr | None,
        value: ast.expr,
        module: Module,
    ) -> Given:
        function = module.function_around(target)
        if owner is None:
            scope = module.scope_of(target)
            around = (scope, scope.parent)
            classes = frozenset(s for s in around if isinstance(s, Class) and s in self.classes)
        else:
            meant = owner.value if isinstance(owner, ast.Attribute) else owner
            classes = frozenset(self._meant(meant, module))
        source = value.body if isinstance(value, ast.Lambda) else value
        origins = frozenset(self._origins(source, module, function))
        return Given(option, target, value, module, function, classes, origins)

    def _meant(self, node: ast.expr, module: Module) -> Iterator[Class]:
        for value in self.program.infer(node, module):
            if isinstance(value, ClassValue) and value.cls in self.classes:
                yield value.cls

    def _origins(
        self, value: ast.expr, module: Module, function: Function | None, depth: int = 0
    ) -> Iterator[Function]:
        """The functions that open the session, through parameters of helpers."""
        if isinstance(value, ast.Call) and function is not None:
            yield function  # it opens the session right there
        if not isinstance(value, ast.Name) or function is None:
            return
        argument = next((a for a in function.parameters if a.arg == value.id), None)
        if argument is None:
            yield function
        elif (fixture := self.program.web.fixture(function, argument.arg)) is not None:
            yield fixture
        elif depth < 5:
            for call, home in self.program.calls.calls_of(function):
                passed = self.program.calls.argument(call, function, argument)
                if passed is not None:
                    yield from self._origins(passed, home, home.function_around(call), depth + 1)

    def _turns(self, given: Given, colours: Colouring) -> bool:
        """Whether the session that is given becomes async."""
        asking = given.origins or self._asking(given) or self._fixtures
        waiting = [f for f in asking if f in colours.asynchronous]
        return bool(waiting) and not any(f in colours.sync for f in asking)

    @cached_property
    def _fixtures(self) -> frozenset[Function]:
        """The fixtures that give sessions."""
        return frozenset(
            function
            for fixtures in self.program.web.fixtures.values()
            for function in fixtures
            if self.program.instances(self.program.web.given(function), known.SESSION)
        )

    def _asking(self, given: Given) -> set[Function]:
        """The functions that use a registry or a factory of sessions that a module has."""
        home = self.program.home(given.value, given.module)
        if home is None:
            return set()
        scope, name = home
        return {
            function
            for module in self.program.modules.mentioning((name,))
            for node in module.syntax.references.get(name, ())
            if (function := module.function_around(node)) is not None
            and self.program.home(node, module) == (scope, name)
        }

    # -- objects -----------------------------------------------------------------------------

    def _create(self) -> None:
        names = {name for cls in self.classes for name in (cls.name, snake(cls.name))}
        for module in self.program.modules.mentioning(names):
            for calls in module.syntax.calls.values():
                for call in calls:
                    self._classify(call, module)

    def _classify(self, call: ast.Call, module: Module) -> None:
        if self.program.outside_name(call.func, module) == REGISTER and call.args:
            for cls in self._meant(call.args[0], module):
                self._stuck(call, module, cls)
            return
        method, owner = "", call.func
        if isinstance(call.func, ast.Attribute) and not self._classes(call.func, module):
            method, owner = call.func.attr, call.func.value
        for cls in self._classes(owner, module):
            library = self.classes[cls]
            given = self._session_of(cls)
            if method not in _SAVING[library] or given is None or not self._waits(cls):
                continue
            function = module.function_of(call)
            if self._within(call, module):
                return
            if function is None:
                self.stuck.append((call, module, given))
            else:
                self.creations.append(Creation(call, module, function, library, cls, given))
            return

    def _classes(self, node: ast.expr, module: Module) -> list[Class]:
        """The factories that an expression names: a class, or the fixture of a registered one."""
        found = list(self._meant(node, module))
        if found or not isinstance(node, ast.Name):
            return found
        function = module.function_of(node)
        if function is None or not self.program.web.is_pytest(function):
            return []
        if node.id not in {a.arg for a in function.parameters}:
            return []
        return [cls for cls in self.classes if snake(cls.name) == node.id]

    def _within(self, call: ast.Call, module: Module) -> bool:
        """Whether a factory itself makes the call: then somebody waits for that one."""
        scope = module.scope_of(call)
        while scope is not None and not scope.is_module:
            if isinstance(scope, Class) and scope in self.classes:
                return True
            if scope.parent is None:
                return False
            scope = scope.parent
        return False

    def _stuck(self, node: ast.expr, module: Module, cls: Class) -> None:
        given = self._session_of(cls)
        if given is not None and self._waits(cls):
            self.stuck.append((node, module, given))

    def _session_of(self, cls: Class) -> Given | None:
        """What gives the session to a factory: what names it comes first, then what may mean it."""
        line = [c for c in self.program.mro(cls) if isinstance(c, Class)]
        for base in line:
            for given in self.given:
                if base in given.classes:
                    return given
        library = self.classes[cls]
        return next((g for g in self.given if not g.classes and g.library == library), None)

    def _waits(self, cls: Class) -> bool:
        """Whether what a factory makes is written at once."""
        if self.classes[cls] == POLYFACTORY:
            return True
        return any(self._writes(base) for base in self.program.mro(cls) if isinstance(base, Class))

    def _writes(self, cls: Class) -> bool:
        for statement in cls.definition.body:
            match statement:
                case ast.ClassDef(name="Meta", body=options):
                    if any(map(_makes_wait, options)) or statement.bases:
                        return True
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    return True
                case ast.Assign(value=ast.Call(func=called)):
                    if self.program.outside_name(called, cls.module) not in _PLAIN_DECLARATIONS:
                        return True
        return False


def _makes_wait(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            empty = isinstance(value, ast.Constant) and not value.value
            return name in _WAITING_OPTIONS and not empty
    return False


def snake(name: str) -> str:
    """The name of pytest-factoryboy's fixture: ``PetFactory`` is ``pet_factory``."""
    parts = [f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name)]
    return "".join(parts)
