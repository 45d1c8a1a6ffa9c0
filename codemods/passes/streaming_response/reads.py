"""Lists that an async session reads: the call, what is done with its result, and where."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.awaited import opens_async_session
from codemods.facts.modules import Module
from codemods.facts.syntax import Function

#: (method of the session, what is called on its result) -> (streaming method, what stays).
_FORMS: dict[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]] = {
    ("scalars", ("all",)): ("stream_scalars", ()),
    ("execute", ("scalars", "all")): ("stream_scalars", ()),
    ("execute", ("all",)): ("stream", ()),
    ("execute", ("mappings", "all")): ("stream", ("mappings",)),
    ("exec", ("all",)): ("exec", ()),
}
_METHODS = frozenset(method for method, _ in _FORMS)
_LISTS = frozenset({"all", "fetchall"})


class LeftError(Exception):
    """A list that can't be streamed, and why."""


@dataclass(frozen=True)
class Read:
    """A list of all rows of a statement.

    ``chain`` is what is called on the result; ``taken`` are those of these calls that go away,
    outermost first; ``carriers`` are the assignments between the query and the return.
    """

    call: ast.Call
    session: ast.expr
    statement: ast.expr
    method: str
    taken: tuple[ast.Call, ...]
    function: Function
    module: Module
    carriers: tuple[ast.Assign, ...] = ()
    chain: tuple[str, ...] = ()

    def name_of(self, node: ast.expr) -> str:
        """The name of the result where an expression, without what is taken of it, is one."""
        while node in self.taken and isinstance(node, ast.Call):
            node = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
        return node.id if isinstance(node, ast.Name) else ""


class Reads:
    """Recognises the lists of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, node: ast.expr, function: Function, *, iterated: bool = False) -> Read | None:
        """The list that an expression is; raises ``LeftError`` where it can't be streamed.

        What is ``iterated`` is a result as good as a list; the caller looks at what happens
        between the query and the return.
        """
        module = function.module
        chain: list[str] = []
        calls: list[ast.Call] = []
        carriers: list[ast.Assign] = []
        current = node
        while True:
            match current:
                case ast.Await(value=ast.Call(func=ast.Attribute() as called) as call):
                    return self._read(call, called, chain, calls, carriers, function, iterated)
                case ast.Call(func=ast.Attribute(value=value, attr=name), args=[], keywords=[]):
                    chain.insert(0, name)
                    calls.append(current)
                    current = value
                case ast.Call(func=ast.Name() as maker, args=[inner], keywords=[]) if (
                    self.program.outside_name(maker, module) == "builtins.list"
                ):
                    chain.insert(0, "all")
                    calls.append(current)
                    current = inner
                case ast.Name(id=name):
                    assignment = self.assignment(name, function)
                    if assignment is None:
                        return None
                    if len(list(loads(name, function))) > 1:
                        if self._ends_in_read(assignment.value, function):
                            raise LeftError(f"{name} is used for more than the answer")
                        return None
                    carriers.append(assignment)
                    current = assignment.value
                case _:
                    return None

    def _ends_in_read(self, node: ast.expr, function: Function) -> bool:
        try:
            return self.of(node, function) is not None
        except LeftError:
            return True

    def _read(
        self,
        call: ast.Call,
        called: ast.Attribute,
        chain: list[str],
        calls: list[ast.Call],
        carriers: list[ast.Assign],
        function: Function,
        iterated: bool,
    ) -> Read | None:
        module = function.module
        if called.attr not in _METHODS or not call.args:
            return None
        if not self._is_session(called.value, function):
            return None
        plain = [("all" if name in _LISTS else name) for name in chain]
        if iterated:
            plain.append("all")
        while plain[-2:] == ["all", "all"]:
            plain.pop()  # list() of a list
        if not plain or plain[-1] != "all":
            return None
        if "unique" in plain:
            raise LeftError("its rows are made unique, which needs all of them")
        form = _FORMS.get((called.attr, tuple(plain)))
        if form is None:
            raise LeftError(f"its result is read by {'.'.join(chain)}()")
        if len(call.args) != 1 or call.keywords:
            raise LeftError(f"{called.attr}() is given more than a statement")
        self._check_place(call, () if iterated else carriers, function)
        method, kept = form
        if method == "exec":
            method = self._of_exec(call.args[0], module)
        taken = tuple(
            node for node, name in zip(calls, reversed(chain), strict=True) if name not in kept
        )
        return Read(
            call,
            called.value,
            call.args[0],
            method,
            taken,
            function,
            module,
            tuple(carriers),
            tuple(plain),
        )

    def _is_session(self, node: ast.expr, function: Function) -> bool:
        """Whether an expression is an async session, or was just opened by a factory."""
        module = function.module
        if self.program.is_a(node, module, known.ASYNC_SESSION):
            return True
        return isinstance(node, ast.Name) and any(
            opens_async_session(binding.value, module, self.program)
            for binding in function.bindings.get(node.id, ())
        )

    def _of_exec(self, statement: ast.expr, module: Module) -> str:
        """SQLModel's ``exec`` gives the values themselves where one thing is selected."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                name = self.program.outside_name(node.func, module)
                if name == "sqlmodel.select":
                    return "stream_scalars" if len(node.args) == 1 else "stream"
        raise LeftError("what its statement selects is not known here")

    def _check_place(
        self, call: ast.Call, carriers: Sequence[ast.Assign], function: Function
    ) -> None:
        """The result must go straight to the return, out of no block that ends before it."""
        module = function.module
        child: ast.AST = call
        for parent in module.ancestors(call):
            if parent is function.definition:
                break
            inner, child = child, parent
            if isinstance(parent, ast.For) and inner is parent.iter:
                continue
            if isinstance(parent, ast.With | ast.AsyncWith):
                raise LeftError("it is read within a with statement that ends before the answer")
            if isinstance(parent, ast.Try) and parent.finalbody:
                raise LeftError("it is read in a try with a finally that runs before the answer")
            if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
                raise LeftError("it is read in a loop")
        for carrier in carriers:
            if not _leads_to_return(carrier, module):
                raise LeftError("the function does something between the query and its return")

    def assignment(self, name: str, function: Function) -> ast.Assign | None:
        """The one assignment of a name in a function."""
        bindings = function.bindings.get(name, [])
        if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].path:
            return None
        node = bindings[0].node
        return node if isinstance(node, ast.Assign) and len(node.targets) == 1 else None


def loads(name: str, function: Function) -> Iterator[ast.Name]:
    """Where a function reads a name."""
    for node in ast.walk(function.definition):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _leads_to_return(statement: ast.stmt, module: Module) -> bool:
    """Whether nothing but further carriers stands between a statement and its return."""
    block = next(
        (
            value
            for _, value in ast.iter_fields(module.parent(statement) or statement)
            if isinstance(value, list) and statement in value
        ),
        [],
    )
    for following in block[block.index(statement) + 1 :] if block else ():
        if isinstance(following, ast.Return):
            return True
        if not isinstance(following, ast.Assign) or waits(following):
            return False
    return False


def waits(statement: ast.AST) -> bool:
    """Whether other work can go on while a statement runs."""
    return any(isinstance(node, ast.Await) for node in ast.walk(statement))


def returns_of(function: Function) -> list[ast.expr]:
    """The values that a function returns."""
    return [statement.value for statement in function.returns if statement.value is not None]
