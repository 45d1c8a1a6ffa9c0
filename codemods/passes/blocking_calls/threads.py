"""Whether a call does in a thread what it did on the event loop."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property

from codemods.drivers import in_memory
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.blocking_table import BOUND_TO_THREAD, Form
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, FunctionValue, Instance, Method, Value
from codemods.facts.walk import own_nodes
from codemods.passes.blocking_calls.sites import CACHES, Site, Sites, own_calls
from codemods.plan.shared import SharedState
from codemods.plan.shared_keys import DATABASE, DISK, Key, describe, overlap

#: Modules whose functions belong to one thread or to the event loop.
_OF_A_THREAD = (
    "asyncio.",
    "anyio.",
    "trio.",
    "contextvars.",
    "threading.",
    "multiprocessing.",
    "signal.",
    "greenlet.",
    "structlog.contextvars.",
    "starlette_context.",
    "nest_asyncio.",
    "tkinter.",
)
#: What changes the process for every thread.
_OF_THE_PROCESS = frozenset(
    """os.chdir os.umask os.putenv os.unsetenv os.fork locale.setlocale socket.setdefaulttimeout
    warnings.catch_warnings contextlib.redirect_stdout contextlib.redirect_stderr contextlib.chdir
    decimal.setcontext decimal.getcontext sys.exit sys.setrecursionlimit""".split()
)
_PLAIN_DECORATORS = frozenset(
    """builtins.staticmethod builtins.classmethod abc.abstractmethod typing.override typing.final
    typing_extensions.override typing_extensions.final""".split()
)
_DATABASE_CLASSES = (known.SESSION, known.CONNECTION, known.QUERY)
#: Objects that a request has for itself.
_OWN_OBJECTS = ("fastapi.UploadFile",)
_MODEL = "pydantic.BaseModel"
_VALUES = frozenset(("builtins.str", "builtins.int", "builtins.bytes", "builtins.bool", known.PATH))
#: What is known when it is called.
CALLABLE = (External, FunctionValue, ClassValue, Method)


class Threads:
    """Answers why a site's call must stay in its thread."""

    def __init__(self, program: Program, sites: Sites, state: SharedState) -> None:
        self.program = program
        self.sites = sites
        self.state = state
        self._helpers: dict[Function, str] = {}

    def obstacle(self, site: Site) -> str:
        """Why the call of a site can't be made in a thread, or ""."""
        if self._is_ambiguous(site.call.func, site.module):
            return f"`{ast.unparse(site.call.func)}` can be something else as well"
        if why := self._arguments(site):
            return why
        if site.helpers:
            for helper in site.helpers:
                if why := self.helper(helper):
                    return why
            return ""
        return self._library(site)

    def _is_ambiguous(self, node: ast.expr, module: Module) -> bool:
        """Whether a name is a parameter, or bound more than once: not all of it is known."""
        if not isinstance(node, ast.Name):
            return False
        home = self.program.home(node, module)
        if home is None:
            return False
        scope, name = home
        bindings = scope.bindings.get(name, [])
        return len(bindings) > 1 or any(
            binding.kind not in ("assign", "annotated", "import", "from", "def", "class")
            for binding in bindings
        )

    # -- the call ----------------------------------------------------------------------------

    def _arguments(self, site: Site) -> str:
        for keyword in site.call.keywords:
            if keyword.arg in ("func", "preexec_fn"):
                return f"it has an argument named {keyword.arg}"
        nodes = [*site.call.args, *(k.value for k in site.call.keywords)]
        for node in nodes:
            node = node.value if isinstance(node, ast.Starred) else node
            if isinstance(node, ast.Lambda | ast.GeneratorExp):
                return "a thread would run code of this function"
            for value in self.program.infer(node, site.module):
                if why := self._unfit(value):
                    return f"`{ast.unparse(node)}` is {why}"
        if self._stops(site):
            return "a StopIteration cannot leave a thread"
        return ""

    def _unfit(self, value: Value) -> str:
        """Why a value can't be given to a thread, or ""."""
        match value:
            case FunctionValue(function=function) if function.is_async:
                return "an async function"
            case FunctionValue(function=function):
                return f"a function, and {why}" if (why := self.helper(function)) else ""
            case Instance(cls=cls) if self._is_of_database(cls):
                return "a database session"
            case Instance() if self.program.models.is_entity(frozenset((value,))):
                return "an object of the ORM, which could load something"
            case Instance(cls=str() as cls) if cls == known.COROUTINE or _is_async(cls):
                return f"of {cls}, which belongs to the event loop"
            case Instance(cls=str() as cls) if cls.startswith(BOUND_TO_THREAD):
                return f"of {cls}, which belongs to one thread"
        return ""

    def _is_of_database(self, cls: str | Class) -> bool:
        """Whether objects of a class belong to one thread at a time; an engine serves all.

        But each thread has a database of its own where that lives in memory.
        """
        if self.program.is_subclass(cls, known.ENGINE):
            return self._has_memory_database
        return any(self.program.is_subclass(cls, base) for base in _DATABASE_CLASSES)

    @cached_property
    def _has_memory_database(self) -> bool:
        return any(
            isinstance(node, ast.Constant) and isinstance(node.value, str) and in_memory(node.value)
            for module in self.program.modules.mentioning(("create_engine",))
            for node in ast.walk(module.tree)
        )

    def _stops(self, site: Site) -> bool:
        """Whether the code around expects ``StopIteration``."""
        return any(
            isinstance(parent, ast.Try)
            and any(
                handler.type is not None and "StopIteration" in ast.unparse(handler.type)
                for handler in parent.handlers
            )
            for parent in site.module.ancestors(site.call)
        )

    def _library(self, site: Site) -> str:
        """What stands against calling a library's function in a thread."""
        values = self.program.infer(site.call.func, site.module)
        known_ones = [self.sites.blocking.known(v, site.call, site.module) for v in values]
        if any(one is None or one.form is Form.LEFT for one in known_ones):
            return f"`{ast.unparse(site.call.func)}` can be something else as well"
        methods = any(isinstance(value, Method) for value in values)
        if not methods or site.blocker.shared or not isinstance(site.call.func, ast.Attribute):
            return ""
        receiver = site.call.func.value
        if self.is_local(receiver, site):
            return ""
        return f"`{ast.unparse(receiver)}` could be used by several threads at once"

    def is_local(self, node: ast.expr, site: Site) -> bool:
        """Whether an object belongs to one run of the function: it was made there."""
        match node:
            case ast.Call() | ast.Await():
                return True
            case ast.Attribute(value=value):
                return any(
                    self.program.is_a(value, site.module, base) for base in _OWN_OBJECTS
                ) or self.is_local(value, site)
            case ast.Name(id=name):
                bindings = site.function.bindings.get(name, [])
                return bool(bindings) and all(
                    binding.kind in ("assign", "annotated", "with")
                    and isinstance(binding.value, ast.Call | ast.Attribute)
                    and self.is_local(binding.value, site)
                    and not self._provides_shared(binding.value, site)
                    for binding in bindings
                )
        return False

    def _provides_shared(self, node: ast.expr, site: Site) -> bool:
        """Whether a call of the application gives an object that it keeps."""
        return isinstance(node, ast.Call) and any(
            isinstance(value, FunctionValue) for value in self.program.infer(node.func, site.module)
        )

    # -- a function of the application -------------------------------------------------------

    def helper(self, function: Function) -> str:
        """Why a sync function must stay in the thread that calls it, or ""."""
        if function not in self._helpers:
            self._helpers[function] = ""
            self._helpers[function] = self._helper(function)
        return self._helpers[function]

    def _helper(self, function: Function) -> str:
        if function.is_generator:
            return f"{function.name} is a generator, which runs where it is consumed"
        for name in self.program.decorators(function):
            if name not in _PLAIN_DECORATORS:
                return f"{function.name} is wrapped by a decorator"
        everything = list(self._below(function, set()))
        for below in everything:
            if why := self._touches(below) or self._unknown(below):
                return f"{below.name} {why}"
        return self._shares(function, everything)

    def _below(self, function: Function, seen: set[Function]) -> Iterator[Function]:
        """A function and all that it calls."""
        if function in seen:
            return
        seen.add(function)
        yield function
        for call in own_calls(function):
            for callee in self.program.called_functions(call, function.module):
                yield from self._below(callee, seen)

    def _touches(self, function: Function) -> str:
        """What a function uses that belongs to a thread, the event loop or a session."""
        module = function.module
        if self.program.decorated(function, *CACHES) and not self._gives_values(function):
            return "has a cache, which is filled twice by two threads"
        arguments = function.definition.args
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            for value in self.program.parameter(function, argument):
                if why := self._foreign(value):
                    return f"is given {why}"
        if why := self.uses(own_nodes(function), module):
            return why
        for statement in function.returns:
            if statement.value is None:
                continue
            for value in self.program.infer(statement.value, module):
                if isinstance(value, Instance) and str(value.cls).startswith(BOUND_TO_THREAD):
                    return f"returns {value.cls}, which belongs to one thread"
        return ""

    def uses(self, nodes: Iterable[ast.AST], module: Module) -> str:
        """What some nodes use that belongs to a thread, the event loop or a session, or ""."""
        for node in nodes:
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            for value in self.program.infer(node, module):
                if why := self._foreign(value, node, module):
                    return f"uses {why} in {module.path}:{node.lineno}"
        return ""

    def _gives_values(self, function: Function) -> bool:
        """Whether it makes no difference which of two results is kept."""
        values = self.program.inference.returned(function)
        return bool(values) and all(
            isinstance(value, Instance)
            and (str(value.cls) in _VALUES or self.program.is_subclass(value.cls, _MODEL))
            for value in values
        )

    def _foreign(
        self, value: Value, node: ast.expr | None = None, module: Module | None = None
    ) -> str:
        match value:
            case External(name=name) if (
                f"{name}.".startswith(_OF_A_THREAD) or name in _OF_THE_PROCESS
            ) and not _is_module(node, module):
                return name
            case Instance(cls=str() as cls) | Method(owner=Instance(cls=str() as cls)) if (
                cls.startswith(_OF_A_THREAD) or _is_async(cls)
            ):
                return f"an object of {cls}"
            case Instance(cls=str() as cls) if cls.startswith(BOUND_TO_THREAD):
                # One that the function makes itself stays in its thread.
                return "" if self._made_here(node, module) else f"an object of {cls}"
            case Instance(cls=cls) if self._is_of_database(cls):
                return "a database session"
            case Instance() if self.program.models.is_entity(frozenset((value,))):
                return "an object of the ORM"
        return ""

    @staticmethod
    def _made_here(node: ast.expr | None, module: Module | None) -> bool:
        if not isinstance(node, ast.Name) or module is None:
            return not isinstance(node, ast.Name) and node is not None
        function = module.function_of(node)
        bindings = function.bindings.get(node.id, []) if function else []
        return bool(bindings) and all(b.kind in ("assign", "with") for b in bindings)

    def _unknown(self, function: Function) -> str:
        """A call of something that the function was given and of which nothing is known."""
        module = function.module
        parameters = {parameter.arg: parameter for parameter in function.parameters}
        for call in own_calls(function):
            root = call.func
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if not isinstance(root, ast.Name) or root.id not in parameters:
                continue
            values = self.program.infer(call.func, module)
            if root is call.func:
                if values and all(isinstance(value, CALLABLE) for value in values):
                    continue
            elif values or root.id in ("self", "cls"):
                continue
            if root is not call.func and self.is_plain(parameters[root.id], module):
                continue
            return f"calls `{ast.unparse(call.func)}`, of which nothing is known"
        return ""

    def is_plain(self, argument: ast.arg, module: Module) -> bool:
        """Whether a parameter is declared to be something of a library or of the language."""
        if argument.annotation is None:
            return False
        values = self.program.annotation(argument.annotation, module)
        return bool(values) and all(
            isinstance(value, Instance)
            and (isinstance(value.cls, str) or self.program.is_subclass(value.cls, _MODEL))
            for value in values
        )

    def _shares(self, function: Function, everything: list[Function]) -> str:
        """What a function shares with others that now run beside it."""
        total = self.state.total(function)
        outside = sorted(key for key, writes in total if writes and not _is_outside(key))
        if outside:
            return f"{function.name} changes {describe(outside[0])}, which other requests use"
        for key, writes in sorted(total):
            if not writes and not _is_outside(key) and self.state.written_by_functions(key):
                return f"{function.name} reads {describe(key)}, which others change meanwhile"
        for outer, name in ((DISK, "files"), (DATABASE, "rows")):
            done = [
                access.writes
                for below in everything
                for access in self.state.accesses(below)
                if access.key == outer and not self._is_call_of_ours(access.node, below)
            ]
            if True in done and (len(done) > 1 if outer == DISK else False in done):
                return (
                    f"{function.name} reads and writes {name}, and two threads would do so at once"
                )
        return ""

    def _is_call_of_ours(self, node: ast.AST, function: Function) -> bool:
        return isinstance(node, ast.Call) and bool(
            self.program.called_functions(node, function.module)
        )


def _is_outside(key: Key) -> bool:
    return overlap(key, DISK) or overlap(key, DATABASE)


def _is_async(cls: str) -> bool:
    return cls.startswith(("asyncio.", "anyio.", "trio.")) or cls.rpartition(".")[2].startswith(
        "Async"
    )


def _is_module(node: ast.expr | None, module: Module | None) -> bool:
    """Whether a name is only the beginning of a longer one (``asyncio`` of ``asyncio.sleep``)."""
    return (
        node is not None
        and module is not None
        and isinstance(module.parent(node), ast.Attribute)
        and isinstance(node, ast.Name)
    )
