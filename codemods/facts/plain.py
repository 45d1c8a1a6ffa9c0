"""Values that outlive their request: what can be handed to work that goes on after the response.

A session, an instance that belongs to one, the request with its body: they end with the request.
Numbers, strings, dates, Pydantic models, and what was read from the request's scope do not.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts import knowledge as known
from codemods.facts.awaited import Awaited, opens_async_session
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function, Scope
from codemods.facts.values import (
    ClassValue,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Value,
    Values,
    union,
)

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Attributes of a request that are read from its scope, and stay what they are.
REQUEST_ATTRIBUTES = frozenset(
    "method url base_url headers client path_params query_params cookies app".split()
)
#: Entries of an ASGI scope that stay what they are.
SCOPE_ENTRIES = frozenset(
    "type method path raw_path query_string headers client server scheme root_path http_version "
    "path_params".split()
)
#: Attributes of a response that nothing changes any more once it was sent.
RESPONSE_ATTRIBUTES = frozenset(("status_code", "media_type", "charset"))

#: Functions whose result holds nothing of what they were given.
SCALAR_CALLS = frozenset(
    f"builtins.{name}"
    for name in "str int float bool len round abs repr format hash isinstance bytes sum".split()
) | frozenset(
    """
    time.time time.monotonic time.perf_counter time.process_time time.time_ns time.perf_counter_ns
    datetime.datetime.now datetime.datetime.utcnow datetime.date.today datetime.timedelta
    uuid.uuid4 uuid.uuid1 uuid.UUID json.dumps os.getpid os.getenv socket.gethostname
    secrets.token_hex secrets.token_urlsafe traceback.format_exc hashlib.sha256 hashlib.md5
    """.split()
)
#: Functions whose result holds what they were given.
_COPIES = frozenset(
    f"builtins.{name}" for name in "dict list tuple set sorted min max frozenset".split()
)

#: Classes whose objects end with their request, and what to call them.
ENDING: dict[str, str] = {
    known.SESSION: "a session of the request",
    known.ASYNC_SESSION: "a session of the request",
    known.SCOPED_SESSION: "a session that belongs to the request",
    known.CONNECTION: "a connection of the request",
    known.ASYNC_CONNECTION: "a connection of the request",
    known.QUERY: "a query of the request's session",
    known.COROUTINE: "a coroutine",
    known.GENERATOR: "a generator",
    "fastapi.Request": "the request",
    "starlette.requests.HTTPConnection": "the request",
    "fastapi.WebSocket": "the websocket",
    "fastapi.Response": "the response",
    "starlette.responses.Response": "the response",
    "fastapi.UploadFile": "an uploaded file, which is closed after the response",
    "starlette.datastructures.UploadFile": "an uploaded file, which is closed after the response",
    "fastapi.BackgroundTasks": "the list of background tasks itself",
}

_PYDANTIC = "pydantic.BaseModel"


class Plain:
    """Which expressions of a program have values that outlive their request."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.awaited = Awaited(program)
        self._asking: set[ast.AST] = set()

    def reason(self, node: ast.expr, module: Module) -> str:
        """Why the value of ``node`` may end with its request; "" if it does not."""
        if node in self._asking:
            return ""
        self._asking.add(node)
        try:
            return self._reason(node, module)
        finally:
            self._asking.discard(node)

    def _reason(self, node: ast.expr, module: Module) -> str:
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return ""
            case ast.UnaryOp(operand=inner) | ast.NamedExpr(value=inner):
                return self.reason(inner, module)
            case ast.Starred(value=inner) | ast.FormattedValue(value=inner):
                return self.reason(inner, module)
            case ast.BinOp(left=left, right=right):
                return self._each((left, right), module)
            case ast.BoolOp(values=parts):
                return self._each(parts, module)
            case ast.IfExp(body=body, orelse=orelse):
                return self._each((body, orelse), module)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return self._each(parts, module)
            case ast.Dict(keys=keys, values=parts):
                return self._each([*(key for key in keys if key is not None), *parts], module)
            case ast.ListComp(elt=part) | ast.SetComp(elt=part):
                return self.reason(part, module)
            case ast.DictComp(key=key, value=part):
                return self._each((key, part), module)
            case ast.Call():
                return self._call(node, module)
            case ast.Await():
                return self._await(node, module)
            case ast.Attribute():
                return self._attribute(node, module)
            case ast.Subscript(value=base):
                return self._subscript(node, base, module)
            case ast.Name():
                return self._name(node, module)
        return self._by_values(node, module)

    def _each(self, nodes: tuple[ast.expr, ...] | list[ast.expr], module: Module) -> str:
        return next((found for n in nodes if (found := self.reason(n, module))), "")

    def _by_values(self, node: ast.expr, module: Module) -> str:
        values = self.awaited.infer(node, module)
        if not values:
            return f"what {_short(node)} is is not known"
        reason = self.values_reason(values)
        return f"{_short(node)} is {reason}" if reason else ""

    # -- calls -------------------------------------------------------------------------------

    def _call(self, node: ast.Call, module: Module) -> str:
        program = self.program
        name = program.outside_name(node.func, module)
        arguments = [*node.args, *(k.value for k in node.keywords)]
        if name in SCALAR_CALLS or name.startswith("datetime."):
            return ""
        if name in _COPIES:
            return self._each(arguments, module)
        if name == "builtins.getattr" and len(node.args) >= 2:
            return self._getattr(node, module)
        if isinstance(node.func, ast.Attribute) and self._is_read(node.func.value, module):
            return ""
        values = self.awaited.infer(node, module)
        if values and not self.values_reason(values):
            made = any(isinstance(v, ClassValue) for v in program.infer(node.func, module))
            return self._each(arguments, module) if made else ""
        if not values and isinstance(node.func, ast.Attribute):
            called = program.infer(node.func, module)
            if not any(isinstance(v, FunctionValue) for v in called):
                return self.reason(node.func.value, module)
        return self._by_values(node, module)

    def _await(self, node: ast.Await, module: Module) -> str:
        """What a library's coroutine gives: nothing of the code base."""
        if isinstance(node.value, ast.Call) and not self.program.infer(node, module):
            func = node.value.func
            if isinstance(func, ast.Attribute) and self.kind(func.value, module) == "request":
                return "" if func.attr in ("body", "json") else self._by_values(node, module)
            called = self.program.infer(func, module)
            outside = all(isinstance(v, External | Method) for v in called)
            if called and outside and not self.values_reason(called):
                return ""
        return self._by_values(node, module)

    def _is_read(self, node: ast.expr, module: Module) -> bool:
        """Whether a method is called on a part of the request, or on a response's headers."""
        match node:
            case ast.Attribute(value=value, attr=attr):
                kind = self.kind(value, module)
                if kind == "request":
                    return attr in REQUEST_ATTRIBUTES
                if kind == "response":
                    return attr == "headers"
                return self._is_read(value, module)
            case ast.Name() if self.kind(node, module) == "message":
                return True
            case ast.Name() if self.kind(node, module) == "scope":
                parent = module.parent(module.parent(node) or node)
                return (
                    isinstance(parent, ast.Call)
                    and bool(parent.args)
                    and isinstance(parent.args[0], ast.Constant)
                    and parent.args[0].value in SCOPE_ENTRIES
                )
        return False

    def _getattr(self, node: ast.Call, module: Module) -> str:
        owner, name, *default = node.args
        if not isinstance(name, ast.Constant):
            return f"what {_short(node)} is is not known"
        if default and (found := self._each(default, module)):
            return found
        if isinstance(owner, ast.Attribute) and owner.attr == "state":
            return self._state(str(name.value))
        return self._by_values(node, module)

    # -- attributes and names ----------------------------------------------------------------

    def kind(self, node: ast.expr, module: Module) -> str:
        """``request``, ``response``, an ASGI ``scope`` or ``message``; "" for all else."""
        for value in self.program.infer(node, module):
            if isinstance(value, Instance) and isinstance(value.cls, str):
                what = ENDING.get(value.cls, "")
                if what in ("the request", "the response"):
                    return what.removeprefix("the ")
                if value.cls.startswith(("starlette.responses.", "fastapi.responses.")):
                    return "response"
        if not isinstance(node, ast.Name):
            return ""
        scope = module.scope_of(node).lookup(node.id, node)
        if not isinstance(scope, Function):
            return ""
        return self._parameter_kind(scope, node.id)

    @staticmethod
    def _parameter_kind(function: Function, name: str) -> str:
        names = [parameter.arg for parameter in function.parameters]
        bindings = function.bindings.get(name, ())
        if name == "scope" and {"receive", "send"} <= set(names):
            return "scope"
        if isinstance(function.parent, Function) and names == [name]:
            around = {parameter.arg for parameter in function.parent.parameters}
            if {"receive", "send"} <= around:
                return "message"
        if name in names and "call_next" in names and names.index("call_next") > names.index(name):
            return "request" if name != "self" else ""
        for binding in bindings:
            match binding.value:
                case ast.Await(value=ast.Call(func=ast.Name(id="call_next"))):
                    return "response"
        return ""

    def _attribute(self, node: ast.Attribute, module: Module) -> str:
        match self.kind(node.value, module):
            case "request":
                if node.attr in REQUEST_ATTRIBUTES:
                    return ""
                return f"{_short(node)} ends with the request"
            case "response":
                if node.attr in RESPONSE_ATTRIBUTES:
                    return ""
                return f"{_short(node)} can still change"
        match node.value:
            case ast.Attribute(attr="state", value=owner) if self.kind(owner, module) == "request":
                return self._state(node.attr)
        values = self.awaited.infer(node, module)
        if values:
            return self._by_values(node, module)
        if self._is_column(node, module):
            return ""
        owners = self.program.infer(node.value, module)
        if owners and all(isinstance(v, External | ModuleValue) for v in owners):
            return ""
        return self.reason(node.value, module)

    def _is_column(self, node: ast.Attribute, module: Module) -> bool:
        models = self.program.models
        owners = models.entities(self.awaited.infer(node.value, module))
        return bool(owners) and all(node.attr in models.columns(owner) for owner in owners)

    def _subscript(self, node: ast.Subscript, base: ast.expr, module: Module) -> str:
        kind = self.kind(base, module)
        if kind == "message":
            return ""
        if kind == "scope":
            known_entry = isinstance(node.slice, ast.Constant) and node.slice.value in SCOPE_ENTRIES
            return "" if known_entry else f"{_short(node)} ends with the request"
        match base:
            case ast.Attribute(attr="headers", value=owner) if (
                self.kind(owner, module) == "response"
            ):
                return ""
        if self.program.infer(node, module):
            return self._by_values(node, module)
        return self.reason(base, module)

    def _state(self, name: str) -> str:
        """``request.state.name``: what the program puts there."""
        found = False
        for module in self.program.modules.mentioning((name,)):
            for statement in ast.walk(module.tree):
                if not isinstance(statement, ast.Assign):
                    continue
                for target in statement.targets:
                    match target:
                        case ast.Attribute(attr=attr, value=ast.Attribute(attr="state")) if (
                            attr == name
                        ):
                            found = True
                            if reason := self.reason(statement.value, module):
                                return reason
        return "" if found else f"what request.state.{name} is is not known"

    def _name(self, node: ast.Name, module: Module) -> str:
        if kind := self.kind(node, module):
            return f"{node.id} is the {kind}"
        if provided := self.values_reason(self._provided(node, module)):
            return f"{node.id} is {provided}"
        values = self.awaited.infer(node, module)
        holder = module.scope_of(node).lookup(node.id, node)
        if holder is not None and not holder.is_module and (values_of := _assigned(holder, node)):
            return self._each(values_of, holder.module)
        if values:
            if holder is not None and holder.is_module and not self._session(values):
                return self._opened(node, module)
            return self._by_values(node, module)
        if holder is None or holder.is_module:
            return self._opened(node, module)
        bindings = holder.bindings.get(node.id, [])
        parts = [b.value for b in bindings if b.kind == "for" and b.value is not None]
        if len(parts) == len(bindings):
            return self._each(parts, holder.module)
        return f"what {node.id} is is not known"

    def _provided(self, node: ast.Name, module: Module) -> Values:
        """The objects of the ORM that a dependency returns, whatever it says to return."""
        function = module.function_of(node)
        web = self.program.web
        found: Values = frozenset()
        for argument in function.parameters if function is not None else ():
            if argument.arg != node.id or function is None:
                continue
            depends = web.depends(function, argument)
            for given in web.dependency_functions(depends) if depends is not None else ():
                values = [r.value for r in given.returns if r.value is not None]
                found |= union(self.awaited.infer(value, given.module) for value in values)
        return frozenset(v for v in found if self.program.models.is_entity(frozenset((v,))))

    def _opened(self, node: ast.Name, module: Module) -> str:
        """A variable of a module: plain, unless it is a session."""
        found = self.program.definition(node, module)
        if found is not None and opens_async_session(*found, self.program):
            return f"{node.id} is {ENDING[known.ASYNC_SESSION]}"
        return ""

    # -- values ------------------------------------------------------------------------------

    def holds_session(self, owner: Instance, depth: int = 0) -> bool:
        """Whether an object of the application has a session in one of its attributes."""
        if not isinstance(owner.cls, Class) or depth >= _DEPTH:
            return False
        for base in self.program.mro(owner.cls):
            if not isinstance(base, Class):
                continue
            for name, bindings in base.attributes.items():
                values = self.program.inference.instance_attribute(owner, name)
                stored = [b.value for b in bindings if b.value is not None]
                values |= union(self.awaited.infer(value, base.module) for value in stored)
                if self._session(values):
                    return True
                inner = [v for v in values if isinstance(v, Instance)]
                if any(self.holds_session(value, depth + 1) for value in inner):
                    return True
        return False

    def _session(self, values: Values) -> bool:
        return any(
            isinstance(v, Instance)
            and any(
                self.program.is_subclass(v.cls, base)
                for base in (known.SESSION, known.ASYNC_SESSION)
            )
            for v in values
        )

    def values_reason(self, values: Values, depth: int = 0) -> str:
        """What an object is that ends with its request, for one of ``values``; "" for none."""
        return next((found for v in values if (found := self._value(v, depth))), "")

    def _value(self, value: Value, depth: int) -> str:
        match value:
            case ModuleValue() | External() | ClassValue():
                return ""
            case FunctionValue(function=function, owner=owner):
                if isinstance(function.parent, Function):
                    return "a function that is made for each request"
                return self._value(owner, depth) if owner is not None else ""
            case Method(owner=owner):
                return self._value(owner, depth)
            case Instance(cls=cls, args=args):
                for base, what in ENDING.items():
                    if self.program.is_subclass(cls, base):
                        return what
                if depth < _DEPTH:
                    inner = next((f for a in args if (f := self.values_reason(a, depth + 1))), "")
                    if inner:
                        return f"a collection with {inner}"
                return self._own(value, cls, depth) if isinstance(cls, Class) else ""
        return "not known"

    def _own(self, value: Instance, cls: Class, depth: int) -> str:
        """Objects of the application's classes: models, and what holds a session."""
        program = self.program
        if program.models.entities(frozenset((value,))):
            return f"an instance of {cls.name}, which belongs to the session of the request"
        if program.is_subclass(cls, _PYDANTIC) or depth >= _DEPTH:
            return ""
        for base in program.mro(cls):
            if not isinstance(base, Class):
                continue
            for name in base.attributes:
                held = program.inference.instance_attribute(value, name)
                if held and (reason := self.values_reason(held, depth + 1)):
                    return f"an object of {cls.name}, which holds {reason}"
                if not held and not _is_scalar_attribute(base, name):
                    return f"an object of {cls.name}, of whose attribute {name} nothing is known"
        return ""


_ASSIGNED = ("assign", "augmented")
_DEPTH = 3


def _assigned(holder: Scope, node: ast.Name) -> list[ast.expr]:
    """All that a local variable is assigned; empty where it gets a value in another way."""
    bindings = holder.bindings.get(node.id, [])
    if any(b.value is None or b.path or b.kind not in _ASSIGNED for b in bindings):
        return []
    return [b.value for b in bindings if b.value is not None]


def _is_scalar_attribute(cls: Class, name: str) -> bool:
    """Whether all that is stored there is written as a constant."""
    return all(
        isinstance(binding.value, ast.Constant | ast.List | ast.Dict)
        for binding in cls.attributes.get(name, ())
    )


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."
