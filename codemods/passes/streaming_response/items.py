"""Lists with one item for each row: what comprehensions and loops make of a read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.edits import Edit, RemoveStatement, ReplaceStatement
from codemods.edits.actions import Rewrite
from codemods.edits.templates import verbatim
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.streaming_response.reads import LeftError, Read, Reads, loads


@dataclass(frozen=True)
class Items:
    """A list with an item for each row of a read.

    ``node`` is the comprehension or the loop that makes it, ``use`` the expression that stands for
    the list where it is used, ``empty`` the assignment that a loop appends to. A row for which one
    of the ``conditions`` does not hold has no item.
    """

    read: Read
    target: str
    element: ast.expr
    node: ast.ListComp | ast.GeneratorExp | ast.For
    use: ast.expr
    empty: ast.Assign | None = None
    conditions: tuple[ast.expr, ...] = ()

    @property
    def rows(self) -> ast.expr:
        """What is iterated."""
        return self.node.iter if isinstance(self.node, ast.For) else self.node.generators[0].iter

    @property
    def used(self) -> set[str] | None:
        """The attributes of a row that the item reads; None where it takes the row itself."""
        based = {
            node.value: node.attr
            for node in ast.walk(self.element)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        found = set()
        for node in ast.walk(self.element):
            if isinstance(node, ast.Name) and node.id == self.target:
                attribute = based.get(node, "_")
                if attribute.startswith("_"):
                    return None
                found.add(attribute)
        return found

    @property
    def are_rows(self) -> bool:
        """Whether an item is the row itself."""
        return isinstance(self.element, ast.Name) and self.element.id == self.target

    def kept(self, rows: str, module: Module) -> str:
        """Source text, for a template, of the rows for which all conditions hold."""
        if not self.conditions:
            return rows
        texts = [module.source(condition) for condition in self.conditions]
        text = texts[0] if len(texts) == 1 else " and ".join(f"({one})" for one in texts)
        return f"KeptRows({rows}, lambda {self.target}: {verbatim(text)})"

    def function(self, module: Module) -> str:
        """Source text, for a template, of the function that makes an item of a row."""
        return f"lambda {self.target}: {verbatim(module.source(self.element))}"

    def hole(self, written: str) -> str:
        """What stands for the rows in a template; ``written`` is the hole of the list."""
        name = self.read.name_of(self.rows)
        return name if name and self.use is not self.node else written

    def edits(self, module: Module) -> Iterator[tuple[ast.AST, Edit]]:
        """The list becomes its rows."""
        named = bool(self.read.name_of(self.rows))
        if isinstance(self.node, ast.For):
            assert self.empty is not None and isinstance(self.use, ast.Name)
            yield self.empty, Edit(module.key(self.empty), RemoveStatement())
            action = RemoveStatement() if named else ReplaceStatement(f"{self.use.id} = {{iter}}")
            yield self.node, Edit(module.key(self.node), action)
        elif self.use is not self.node and named:
            statement = module.statement(self.node)
            yield statement, Edit(module.key(statement), RemoveStatement())
        else:
            yield self.node, Edit(module.key(self.node), Rewrite("{iter}"))


class ItemLists:
    """Recognises the lists that are made of rows one by one."""

    def __init__(self, program: Program, reads: Reads) -> None:
        self.program = program
        self.reads = reads

    def of(self, node: ast.expr, function: Function) -> Items | None:
        """The list that an expression is; raises ``LeftError`` where it can't be streamed."""
        match node:
            case ast.Name(id=name):
                return self._named(node, name, function)
            case ast.ListComp() | ast.GeneratorExp():
                return self._comprehension(node, node, function)
        return None

    def _named(self, use: ast.Name, name: str, function: Function) -> Items | None:
        assignment = self.reads.assignment(name, function)
        if assignment is None:
            return None
        match assignment.value:
            case ast.ListComp() as made:
                found = self._comprehension(made, use, function)
                if found is not None and len(list(loads(name, function))) > 1:
                    raise LeftError(f"{name} is used for more than the answer")
                return found
            case ast.List(elts=[]):
                return self._loop(assignment, use, function)
        return None

    def _comprehension(
        self, made: ast.ListComp | ast.GeneratorExp, use: ast.expr, function: Function
    ) -> Items | None:
        first = made.generators[0]
        read = self.reads.of(first.iter, function, iterated=True)
        if read is None:
            return None
        if len(made.generators) > 1 or first.is_async:
            raise LeftError("a comprehension takes several values of one row")
        conditions = tuple(first.ifs)
        return self._items(read, first.target, made.elt, made, use, None, function, conditions)

    def _loop(self, empty: ast.Assign, use: ast.Name, function: Function) -> Items | None:
        """``name = []`` and a loop that does nothing but append to it."""
        name = use.id
        loops = [
            statement
            for statement in function.nodes
            if isinstance(statement, ast.For) and _appended(statement, name) is not None
        ]
        if len(loops) != 1:
            return None
        [loop] = loops
        appended = _appended(loop, name)
        read = self.reads.of(loop.iter, function, iterated=True)
        if read is None or appended is None:
            return None
        element, conditions = appended
        if len(list(loads(name, function))) > 2:
            raise LeftError(f"{name} is used for more than the answer")
        return self._items(read, loop.target, element, loop, use, empty, function, conditions)

    def _items(
        self,
        read: Read,
        target: ast.expr,
        element: ast.expr,
        node: ast.ListComp | ast.GeneratorExp | ast.For,
        use: ast.expr,
        empty: ast.Assign | None,
        function: Function,
        conditions: tuple[ast.expr, ...],
    ) -> Items:
        if not isinstance(target, ast.Name):
            raise LeftError("its loop takes rows apart")
        for part in (element, *conditions):
            if any(isinstance(n, ast.Await | ast.NamedExpr | ast.Yield) for n in ast.walk(part)):
                raise LeftError("it waits for something for each row")
        items = Items(read, target.id, element, node, use, empty, conditions)
        straight_to(read, [node], use)
        for part in (element, *conditions):
            check_rebound(part, function)
        return items


def _appended(loop: ast.For, name: str) -> tuple[ast.expr, tuple[ast.expr, ...]] | None:
    """What a loop appends to the list ``name``, and if what; None where it does anything else."""
    if loop.orelse or loop.type_comment is not None:
        return None
    match loop.body:
        case [ast.If(test=test, body=[inner], orelse=[])]:
            conditions: tuple[ast.expr, ...] = (test,)
        case [inner]:
            conditions = ()
        case _:
            return None
    match inner:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr="append"),
                args=[element],
                keywords=[],
            )
        ) if owner == name:
            return element, conditions
    return None


def straight_to(read: Read, places: list[ast.AST], end: ast.AST) -> None:
    """Raise ``LeftError`` unless one block leads from the read straight to its return.

    Nothing in between may wait (another statement of the session would run while the rows are
    still coming), leave the function, or be behind a condition.
    """
    module = read.module
    block = _block_of(module.statement(end), module)
    statements = [module.statement(place) for place in (read.call, *places, end)]
    if any(statement not in block for statement in statements):
        raise LeftError("the query and its return are not in one block")
    following = block[block.index(statements[0]) :]
    last = next((s for s in following if isinstance(s, ast.Return)), None)
    if last is None or any(s not in following for s in statements[1:]):
        raise LeftError("the query and its return are not in one block")
    for statement in following[: following.index(last) + 1]:
        nodes = list(ast.walk(statement))
        if statement is not last and any(isinstance(n, ast.Return | ast.Raise) for n in nodes):
            raise LeftError("the function may end between the query and its return")
        awaits = [n for n in nodes if isinstance(n, ast.Await) and n.value is not read.call]
        if awaits or any(isinstance(n, ast.AsyncFor | ast.AsyncWith) for n in nodes):
            raise LeftError("the function does something between the query and its return")


def check_rebound(node: ast.AST, function: Function) -> None:
    """Raise ``LeftError`` where a name gets another value behind the place that reads it now."""
    end = getattr(node, "end_lineno", 0)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            for binding in function.bindings.get(inner.id, ()):
                if getattr(binding.node, "lineno", 0) > end:
                    raise LeftError(f"{inner.id} changes before the rows are sent")


def _block_of(statement: ast.stmt, module: Module) -> list[ast.stmt]:
    """The statements among which one stands."""
    parent = module.parent(statement)
    if parent is not None:
        for _, value in ast.iter_fields(parent):
            if isinstance(value, list) and statement in value:
                return value
    return [statement]
