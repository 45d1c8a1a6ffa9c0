"""``Session`` becomes ``AsyncSession`` wherever a type is named."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Arguments, Origin, Rename, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.containers import made_by
from codemods.facts.migrations import is_migration
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.sessions.listening import is_listening
from codemods.plan.draft import Draft, origin_of

#: The async class of each sync class, and where it is imported from.
ASYNC_CLASSES: dict[str, tuple[str, str]] = {
    known.SESSION: ("sqlalchemy.ext.asyncio", "AsyncSession"),
    known.SQLMODEL_SESSION: ("sqlmodel.ext.asyncio.session", "AsyncSession"),
    known.ENGINE: ("sqlalchemy.ext.asyncio", "AsyncEngine"),
    known.CONNECTION: ("sqlalchemy.ext.asyncio", "AsyncConnection"),
    known.SESSIONMAKER: ("sqlalchemy.ext.asyncio", "async_sessionmaker"),
    known.SCOPED_SESSION: ("sqlalchemy.ext.asyncio", "async_scoped_session"),
}

_NAMES = ("Session", "Engine", "Connection", "sessionmaker", "scoped_session")


def edit_annotations(analysis: Analysis, draft: Draft) -> None:
    """Rename the classes in signatures, aliases and class bodies that hold async objects now."""
    program = analysis.program
    for module in program.modules.mentioning(_NAMES):
        if is_migration(module):
            continue
        for node, name in class_references(program, module):
            if _is_call(node, module):
                _creation(analysis, draft, node, name, module)
            elif _holds_async(analysis, node, module):
                with draft.because(*_asked(analysis, node, module)):
                    rename_class(draft, node, name, module)


def _asked(analysis: Analysis, node: ast.AST, module: Module) -> tuple[Origin, ...]:
    """What asks for a class to be named anew: what is decided there, else what it is given."""
    around = (module.functions.get(one) for one in module.ancestors(node))
    if any(one in analysis.colours.asynchronous for one in around if one is not None):
        return ()
    return (origin_of(module, node, "the sessions that are meant here become async"),)


def class_references(
    program: Program, module: Module
) -> Iterator[tuple[ast.Name | ast.Attribute, str]]:
    """Every place of a module that names a sync class, with the class."""
    names = set(_NAMES)
    for name in _NAMES:
        names |= module.syntax.aliases.get(name, set())
    for name in sorted(names):
        for node in module.syntax.references.get(name, ()):
            if _rebound(node, module):
                continue
            for value in program.infer(node, module):
                if isinstance(value, External) and value.name in ASYNC_CLASSES:
                    yield node, value.name


def _rebound(node: ast.expr, module: Module) -> bool:
    """Whether a name means an alias by then (``Session = Annotated[Session, ...]``)."""
    if not isinstance(node, ast.Name):
        return False
    holder = module.scope_of(node).lookup(node.id)
    bindings = holder.bindings[node.id] if holder is not None else []
    if len(bindings) < 2:
        return False
    before = [b for b in bindings if getattr(b.node, "lineno", 0) < node.lineno]
    last = max(before, key=lambda b: getattr(b.node, "lineno", 0), default=None)
    return last is not None and last.kind not in ("import", "from")


def rename_class(draft: Draft, node: ast.Name | ast.Attribute, name: str, module: Module) -> None:
    """Name the async class instead of the sync one."""
    source, new = ASYNC_CLASSES[name]
    new = draft.name_for(module, source, new)
    if isinstance(node, ast.Name):
        draft.edit(module, node, Rename(new))
        for binding in module.scope.bindings.get(node.id, ()):
            statement = module.parent(binding.node)
            if isinstance(statement, ast.ImportFrom) and isinstance(binding.node, ast.alias):
                draft.drop_import(module, statement.module or "", binding.node.name)
    else:
        draft.edit(module, node, Rewrite(new))


def _is_call(node: ast.AST, module: Module) -> bool:
    parent = module.parent(node)
    return isinstance(parent, ast.Call) and parent.func is node


def _creation(
    analysis: Analysis,
    draft: Draft,
    node: ast.Name | ast.Attribute,
    name: str,
    module: Module,
) -> None:
    """``Session(engine)`` in an async function becomes ``AsyncSession(engine, ...)``."""
    if name not in (known.SESSION, known.SQLMODEL_SESSION):
        return
    call = module.parent(node)
    assert isinstance(call, ast.Call)
    function = module.function_of(call)
    if function is None or not analysis.is_async(function):
        return
    rename_class(draft, node, name, module)
    keywords = {k.arg for k in call.keywords}
    put = () if "expire_on_commit" in keywords else (("expire_on_commit", "False"),)
    remove = tuple(k for k in ("future",) if k in keywords)
    if put or remove:
        draft.edit(module, call, Arguments(remove, put))


def _holds_async(analysis: Analysis, node: ast.AST, module: Module) -> bool:
    """Whether what is annotated there is async after the flip."""
    child: ast.AST = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.Call) and (
            is_listening(analysis.program, parent, module)
            or made_by(analysis.program, parent, module) is child
        ):
            return False
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            function = module.functions[parent]
            return not _is_sync(analysis, function)
        if isinstance(parent, ast.ClassDef) and child in parent.bases:
            return False
        child = parent
    return True


def _is_sync(analysis: Analysis, function: Function) -> bool:
    scope: object = function
    while isinstance(scope, Function):
        if scope in analysis.colours.sync or scope in analysis.keeping:
            return True
        if scope in analysis.colours.asynchronous:
            return False
        scope = scope.parent
    return False
