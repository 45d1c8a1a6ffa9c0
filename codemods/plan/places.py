"""Places where something can be awaited, and the edits that await it there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from codemods.edits.actions import Await, MakeAsync, MakeList, ReplaceStatement, Rewrite, WrapRest
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.values import External, Instance
from codemods.plan.draft import Draft

_POOL = "run_in_threadpool"
#: Names for what a module has something else of the same name for.
_OTHER_NAMES = {
    "run_in_threadpool": "in_threadpool",
    "contextmanager_in_threadpool": "manager_in_threadpool",
    "iterate_in_threadpool": "steps_in_threadpool",
}
_POOL_MODULES = ("fastapi.concurrency", "starlette.concurrency")
#: Consumers of a whole iterable: a generator expression with an await in it becomes a list there.
CONSUMERS = frozenset(
    f"builtins.{name}" for name in "list tuple set frozenset sorted sum min max dict".split()
)


def place_obstacle(program: Program, node: ast.AST, module: Module) -> str:
    """Why nothing can be awaited where ``node`` stands ("in a lambda in ..."), or ""."""
    where = f"{module.path}:{getattr(node, 'lineno', 0)}"
    child: ast.AST = node
    before: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Lambda):
            return f"in a lambda in {where}"
        if (
            isinstance(parent, ast.GeneratorExp)
            and not (child is parent.generators[0] and before is parent.generators[0].iter)
            and not consumed(parent, module, program)
        ):
            return f"in a generator expression in {where}"
        if isinstance(parent, ast.stmt):
            break
        child, before = parent, child
    if lock := held_lock(program, node, module):
        return f"while it holds {lock} in {where}"
    return ""


def held_lock(program: Program, node: ast.AST, module: Module) -> str:
    """The lock of threads that is held where ``node`` stands: to wait with it stops the loop."""
    return program.evaluation.once(("lock", node), lambda: _held_lock(program, node, module), "")


def _held_lock(program: Program, node: ast.AST, module: Module) -> str:
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return ""
        if isinstance(parent, ast.With):
            items = parent.items
            if child in items:
                items = items[: items.index(child)]
            for item in items:
                if is_lock(program, item.context_expr, module):
                    return ast.unparse(item.context_expr)
        child = parent
    return ""


def is_lock(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether an expression is a lock of threads or processes."""
    return any(
        isinstance(v, Instance)
        and isinstance(v.cls, str)
        and v.cls.startswith(("threading.", "multiprocessing."))
        for v in program.infer(node, module)
    )


def consumed(node: ast.expr, module: Module, program: Program) -> bool:
    """Whether an iterable is used up at once, by unpacking or by the standard library."""
    parent = module.parent(node)
    match parent:
        case ast.Starred():
            return True
        case ast.Assign(targets=[ast.Tuple() | ast.List()]):
            return parent.value is node
        case ast.Call(func=called) if node in parent.args[:1]:
            if isinstance(called, ast.Attribute) and called.attr == "join":
                return True
            return any(
                isinstance(v, External) and v.name in CONSUMERS
                for v in program.infer(called, module)
            )
    return False


def materialise(program: Program, draft: Draft, node: ast.AST, module: Module) -> None:
    """A generator expression with an await in it would be an async one: make it a list."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.GeneratorExp):
            first = parent.generators[0]
            inside_first = child is first and any(n is node for n in ast.walk(first.iter))
            if not inside_first and consumed(parent, module, program):
                draft.edit(module, parent, MakeList())
        if isinstance(parent, ast.stmt):
            return
        child = parent


def _threadpool(draft: Draft, module: Module, name: str = _POOL) -> str:
    """The name of ``run_in_threadpool`` in a module; one that it imports already is used."""
    taken = module.scope.bindings.get(name, [])
    for binding in taken:
        statement = module.parent(binding.node)
        if isinstance(statement, ast.ImportFrom) and statement.module in _POOL_MODULES:
            return name
    alias = _OTHER_NAMES[name] if taken else ""
    return draft.add_import(module, "fastapi.concurrency", name, alias)


def thread(draft: Draft, call: ast.Call, module: Module) -> None:
    """``verify(a, b)`` becomes ``await run_in_threadpool(verify, a, b)``."""
    name = _threadpool(draft, module)
    arguments = ", {args}" if call.args or call.keywords else ""
    draft.edit(module, call, Rewrite(f"{name}({{func}}{arguments})"))
    draft.edit(module, call, Await())


def thread_of(draft: Draft, whole: ast.expr, call: ast.Call, module: Module) -> None:
    """``list(find())`` becomes ``await run_in_threadpool(lambda: list(find()))``.

    ``whole`` is what uses up the iterator that ``call`` gives, or the call itself.
    """
    name = _threadpool(draft, module)
    listed = "list({self})" if whole is call else "{self}"
    draft.edit(module, whole, Rewrite(f"{name}(lambda: {listed})"))
    draft.edit(module, whole, Await())


def thread_steps(draft: Draft, call: ast.expr, module: Module) -> None:
    """``for row in read():`` becomes ``async for row in iterate_in_threadpool(read()):``.

    ``call`` gives the iterator of a for statement, or of the first part of a comprehension.
    """
    parent = module.parent(call)
    loop = module.parent(parent) if isinstance(parent, ast.comprehension) else parent
    assert loop is not None
    name = _threadpool(draft, module, "iterate_in_threadpool")
    draft.edit(module, call, Rewrite(f"{name}({{self}})"))
    draft.edit(module, loop, MakeAsync())


def leave_in_thread(draft: Draft, block: ast.With, call: ast.Call, module: Module) -> None:
    """The with statement around ``call``, which a thread makes, is entered and left in threads."""
    name = _threadpool(draft, module, "contextmanager_in_threadpool")
    draft.edit(module, call, Rewrite(f"{name}({{self}})"))
    draft.edit(module, block, MakeAsync())


def thread_block(
    draft: Draft, statements: Sequence[ast.stmt], module: Module, template: Callable[[str], str]
) -> None:
    """Statements of one body become a function, and the call of that in a thread.

    ``template`` makes both, given the name of what calls functions in threads.
    """
    first, text = statements[0], template(_threadpool(draft, module))
    is_block = len(statements) == 1 and isinstance(first, ast.With)
    action = ReplaceStatement(text) if is_block else WrapRest(text, len(statements))
    draft.edit(module, first, action)
