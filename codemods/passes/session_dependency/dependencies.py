"""Dependencies that give a session out: the leaking shapes, and the generator each becomes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from codemods.edits import (
    Action,
    Edit,
    Import,
    RemoveStatement,
    ReplaceStatement,
    SetReturns,
)
from codemods.edits.templates import holes_of
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External
from codemods.findings import Code
from codemods.passes.session_dependency import codes
from codemods.passes.session_dependency.opened import (
    body_of,
    calls_on,
    is_close,
    opens,
    own_nodes,
    shares,
)

_HOLDERS = frozenset({known.DEPENDS, known.SECURITY})


@dataclass
class Repair:
    """What is wrong with a dependency, and its edits; without edits ``reason`` says why."""

    function: Function
    code: Code
    node: ast.stmt | ast.expr
    reason: str = ""
    edits: list[Edit] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)


def repair(function: Function, program: Program) -> Repair | None:
    """The repair of a function that gives out a session that it opened; None if it is sound."""
    if function.is_generator:
        found = _generator(function, program)
    else:
        found = _returning(function, program)
    if found is None:
        return None
    uses = program.calls.references(function)
    if not any(_is_marker(use, program) for use in uses) and not _is_override(function, program):
        return None
    if found.edits and (reason := _obstacle(function, uses, program)):
        found.edits, found.imports, found.reason = [], [], reason
    return found


def _obstacle(function: Function, uses: tuple[Reference, ...], program: Program) -> str:
    """Why a function that is to become a generator must stay as it is."""
    for decorator in program.decorators(function):
        if decorator not in ("builtins.staticmethod", "builtins.classmethod"):
            return "it is decorated"
    if function.is_generator:
        return ""
    if len(program.calls.family(function)) > 1:
        return "other methods override it"
    for use in uses:
        if _is_marker(use, program) or _is_key(use) or _is_value(use):
            continue
        where = f"{use.module.path}:{use.node.lineno}"
        return f"it is also {'called' if use.call else 'used'} directly, in {where}"
    return ""


def _is_marker(use: Reference, program: Program) -> bool:
    """Whether a reference is what a ``Depends`` names."""
    holder = use.module.parent(use.node)
    if isinstance(holder, ast.keyword):
        holder = use.module.parent(holder)
    return (
        isinstance(holder, ast.Call)
        and holder.func is not use.node
        and program.outside_name(holder.func, use.module) in _HOLDERS
    )


def _is_key(use: Reference) -> bool:
    """Whether a reference is the key of an override."""
    holder = use.module.parent(use.node)
    return isinstance(holder, ast.Subscript) and _overrides(holder.value)


def _is_value(use: Reference) -> bool:
    """Whether a reference is the value of an override."""
    holder = use.module.parent(use.node)
    return (
        isinstance(holder, ast.Assign)
        and len(holder.targets) == 1
        and isinstance(holder.targets[0], ast.Subscript)
        and _overrides(holder.targets[0].value)
    )


def _overrides(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "dependency_overrides"


def _is_override(function: Function, program: Program) -> bool:
    return any(_is_value(use) for use in program.calls.references(function))


# -- functions that return ---------------------------------------------------------------------


def _returning(function: Function, program: Program) -> Repair | None:
    module, body = function.module, body_of(function)
    returned = [r for r in function.returns if r.value is not None]
    given = [r for r in returned if _gives_new(r, function, program)]
    if not given:
        return None
    found = Repair(function, codes.RETURNED, given[0])
    if any(_shared(r, function, program) for r in given):
        found.reason = "a scoped_session is shared by the requests of a thread"
    elif len(function.returns) > 1:
        found.reason = "it returns in several places"
    elif not body or not (edits := _yielding(body, given[0], function, program)):
        found.reason = "the session is opened in a way that is not followed"
    elif annotation := annotated(function, program, found):
        found.edits = [*edits, *annotation]
    else:
        found.edits = edits
    if found.edits and not _in(module, given[0], body):
        found.edits, found.imports = [], []
        found.reason = "the session is returned from within another statement"
    return found


def _gives_new(statement: ast.Return, function: Function, program: Program) -> bool:
    value = statement.value
    if isinstance(value, ast.Name):
        sources = [b.value for b in function.bindings.get(value.id, ()) if b.value is not None]
        kinds = {b.kind for b in function.bindings.get(value.id, ())}
        return (
            bool(sources)
            and kinds <= {"assign", "annotated", "with"}
            and all(
                opens(s, function.module, program) or shares(s, function.module, program)
                for s in sources
            )
        )
    return value is not None and (
        opens(value, function.module, program) or shares(value, function.module, program)
    )


def _shared(statement: ast.Return, function: Function, program: Program) -> bool:
    value = statement.value
    sources = [value]
    if isinstance(value, ast.Name):
        sources = [b.value for b in function.bindings.get(value.id, ())]
    return any(s is not None and shares(s, function.module, program) for s in sources)


def _in(module: Module, statement: ast.Return, body: list[ast.stmt]) -> bool:
    """Whether a return stands in the body itself, or in a ``try`` or ``with`` of the body."""
    holder = module.parent(statement)
    if isinstance(holder, ast.Try):
        if statement not in holder.body:
            return False
        return holder in body
    return statement in body or (isinstance(holder, ast.With) and holder in body)


def _yielding(
    body: list[ast.stmt], last: ast.Return, function: Function, program: Program
) -> list[Edit]:
    """The edits that make the function a generator."""
    module = function.module
    if not isinstance(last.value, ast.Name):
        if body[-1] is not last:
            return []
        name = free_name(function, "db", "session")
        template = f"with {{value}} as {name}:\n    yield {name}"
        return [_edit(module, last, ReplaceStatement(template))] if name else []
    name, holder = last.value.id, module.parent(last)
    plain = _edit(module, last, ReplaceStatement(f"yield {name}"))
    if isinstance(holder, ast.With):
        return [plain]
    if isinstance(holder, ast.Try):
        closes = any(calls_on(name, "close", ast.walk(s)) for s in holder.finalbody)
        return _guarded(name, holder, plain, body, function, program) if closes else []
    if body[-1] is not last:
        return []
    assigned = body[-2] if len(body) > 1 else None
    if assigned is not None and _assigns(assigned, name):
        template = f"with {{value}} as {name}:\n    yield {name}"
        return [
            _edit(module, assigned, ReplaceStatement(template)),
            _edit(module, last, RemoveStatement()),
        ]
    template = f"try:\n    yield {name}\nfinally:\n    {name}.close()"
    return [_edit(module, last, ReplaceStatement(template))]


def _guarded(
    name: str,
    holder: ast.Try,
    plain: Edit,
    body: list[ast.stmt],
    function: Function,
    program: Program,
) -> list[Edit]:
    """``try: return db finally: db.close()``: the session is closed before it is used."""
    module = function.module
    index = body.index(holder)
    before = body[index - 1] if index else None
    lone = not holder.handlers and not holder.orelse and len(holder.finalbody) == 1
    if lone and before is not None and _assigns(before, name) and len(holder.body) == 1:
        template = f"with {{value}} as {name}:\n    yield {name}"
        return [
            _edit(module, before, ReplaceStatement(template)),
            _edit(module, holder, RemoveStatement()),
        ]
    first = holder.body[0]
    if lone and len(holder.body) == 2 and _assigns(first, name):
        source = module.source(first.value)  # type: ignore[attr-defined]
        if "\n" not in source and not holes_of(source):
            template = f"with {source} as {name}:\n    yield {name}"
            return [_edit(module, holder, ReplaceStatement(template))]
    return [plain]


def _assigns(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)]):
            return target == name
        case ast.AnnAssign(target=ast.Name(id=target), value=value):
            return target == name and value is not None
    return False


def free_name(function: Function, *names: str) -> str:
    """A name for the session that the function does not use yet."""
    used = {node.id for node in ast.walk(function.definition) if isinstance(node, ast.Name)}
    used |= {argument.arg for argument in function.parameters}
    return next((name for name in names if name not in used), "")


# -- generators --------------------------------------------------------------------------------


def _generator(function: Function, program: Program) -> Repair | None:
    module, body = function.module, body_of(function)
    yielded = [y for y in function.yields if isinstance(y, ast.Yield) and y.value is not None]
    if len(yielded) != 1 or not body or program.decorated(function, "pytest.fixture"):
        return None
    value = yielded[0].value
    if not isinstance(value, ast.Name):
        if value is None or not opens(value, module, program):
            return None
        statement = module.statement(yielded[0])
        name = free_name(function, "db", "session")
        found = Repair(function, codes.UNGUARDED, yielded[0])
        if not name or statement not in body or not isinstance(statement, ast.Expr):
            found.reason = "the session has no name"
            return found
        template = f"with {module.source(value)} as {name}:\n    yield {name}"
        if holes_of(module.source(value)) or body[-1] is not statement:
            found.reason = "something follows the yield"
        else:
            found.edits = [_edit(module, statement, ReplaceStatement(template))]
        return found
    bindings = function.bindings.get(value.id, ())
    sources = [b for b in bindings if b.value is not None and b.kind in ("assign", "annotated")]
    if len(sources) != 1 or len(bindings) != 1:
        return None
    if not opens(sources[0].value, module, program):  # type: ignore[arg-type]
        return None
    if _closed(value.id, function):
        return None
    return _unguarded(value.id, yielded[0], body, function)


def _closed(name: str, function: Function) -> bool:
    """Whether a ``finally`` or a ``with`` closes the session."""
    for node in own_nodes(function):
        if isinstance(node, ast.Try) and any(
            calls_on(name, "close", ast.walk(s)) for s in node.finalbody
        ):
            return True
        if isinstance(node, ast.With) and any(
            isinstance(inner, ast.Name) and inner.id == name
            for item in node.items
            for inner in ast.walk(item.context_expr)
        ):
            return True
    return False


def _unguarded(name: str, node: ast.Yield, body: list[ast.stmt], function: Function) -> Repair:
    module = function.module
    found = Repair(function, codes.UNGUARDED, node)
    assigned = body[0]
    rest = [s for s in body[1:] if not is_close(s, name)]
    closes = [s for s in body[1:] if is_close(s, name)]
    if not _assigns(assigned, name) or closes not in ([], [body[-1]]) or not rest:
        found.reason = "the session is opened or closed in a way that is not followed"
        return found
    call = module.source(assigned.value)  # type: ignore[attr-defined]
    sources = [module.source(statement) for statement in rest]
    if len(rest) == 1 and not holes_of(call) and "\n" not in call:
        # A compound statement keeps its comments and layout: it is only moved to the right.
        edits = [
            _edit(module, rest[0], ReplaceStatement(f"with {call} as {name}:\n    {{self}}")),
            _edit(module, assigned, RemoveStatement()),
        ]
    elif all("\n" not in text and not holes_of(text) for text in sources):
        lines = "".join(f"\n    {text}" for text in sources)
        edits = [
            _edit(module, assigned, ReplaceStatement(f"with {{value}} as {name}:{lines}")),
            *(_edit(module, statement, RemoveStatement()) for statement in rest),
        ]
    else:
        found.reason = "what stands around the yield is too much to move"
        return found
    found.edits = [*edits, *(_edit(module, s, RemoveStatement()) for s in closes)]
    return found


# -- annotations -------------------------------------------------------------------------------


def annotated(function: Function, program: Program, found: Repair) -> list[Edit]:
    """``-> Session`` becomes ``-> Iterator[Session]``."""
    annotation = function.definition.returns
    if annotation is None:
        return []
    module = function.module
    source = module.source(annotation)
    prefix = "Async" if function.is_async else ""
    sent = ", None" if prefix else ", None, None"
    for word, rest in ((f"{prefix}Iterator", ""), (f"{prefix}Generator", sent)):
        meant = program.inference.name(word, module.scope)
        if not meant:
            found.imports.append(Import("collections.abc", word))
        elif External(f"collections.abc.{word}") not in meant:
            continue
        return [_edit(module, function.definition, SetReturns(f"{word}[{source}{rest}]"))]
    return []


def _edit(module: Module, node: ast.AST, action: Action) -> Edit:
    return Edit(module.key(node), action)
