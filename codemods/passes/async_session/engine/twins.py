"""Sync forms that are kept beside the async ones, and the places that go on with them."""

from __future__ import annotations

import ast
import re

from codemods.edits.actions import InsertAfter, Rename
from codemods.facts.calls import Reference
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.engine.holders import Holder, Holders
from codemods.passes.async_session.sessions.attributes import home_of
from codemods.passes.async_session.sessions.makers import Maker
from codemods.passes.async_session.sessions.providers import Alias, twin_name
from codemods.plan.draft import Draft


def edit_twins(analysis: Analysis, draft: Draft, holders: Holders) -> None:
    """Keep the sync form of every provider that both colours use."""
    for provider, references in analysis.twins.items():
        _keep(analysis, draft, holders, provider)
        twin = twin_name(provider.name)
        for reference in references:
            use_twin(draft, reference.node, reference.module, provider.name, twin)
    for alias in analysis.aliases:
        _keep_alias(analysis, draft, alias)


def _keep_alias(analysis: Analysis, draft: Draft, alias: Alias) -> None:
    """``SyncDB = Annotated[Session, Depends(sync_get_db)]``, and the signatures that name it."""
    module, value = alias.module, alias.binding.value
    assert value is not None
    twin = twin_name(alias.name)
    statement = module.statement(value)
    names = {alias.name: twin}
    for node in ast.walk(value):
        if isinstance(node, ast.Name | ast.Attribute):
            known = node.id if isinstance(node, ast.Name) else node.attr
            if any(_is_named(analysis, node, module, other) for other in analysis.twins):
                names[known] = twin_name(known)
                if isinstance(node, ast.Name):
                    import_twin(draft, node, module, known, names[known])
    draft.edit(module, statement, InsertAfter(_renamed(module.source(statement), names)))
    for use in alias.uses:
        use_twin(draft, use.node, use.module, alias.name, twin)


def _renamed(source: str, names: dict[str, str]) -> str:
    for name, twin in names.items():
        source = re.sub(rf"\b{re.escape(name)}\b", twin, source)
    return source


def use_twin(draft: Draft, node: ast.expr, module: Module, name: str, twin: str) -> None:
    """Name the sync form instead, and import it where the other one was imported."""
    draft.edit(module, node, Rename(twin))
    if isinstance(node, ast.Name):
        import_twin(draft, node, module, name, twin)


def dispose_beside(draft: Draft, holder: Holder) -> None:
    """Where the application disposes of an engine, it disposes of the sync one as well."""
    for reference in holder.asynchronous:
        module, node = reference.module, reference.node
        method = module.parent(node)
        if not isinstance(method, ast.Attribute) or method.attr != "dispose":
            continue
        statement = module.parent(module.parent(method) or method)
        if isinstance(statement, ast.Expr):
            draft.edit(
                module,
                statement,
                InsertAfter(_renamed(module.source(statement), {holder.name: holder.twin})),
            )
            if isinstance(node, ast.Name):
                import_twin(draft, node, module, holder.name, holder.twin)


def import_twin(draft: Draft, node: ast.Name, module: Module, name: str, twin: str) -> None:
    """Import the sync form from where the async one comes from, if it is imported by name."""
    holder = module.scope_of(node).lookup(node.id)
    for binding in holder.bindings.get(node.id, ()) if holder is not None else ():
        statement = module.parent(binding.node)
        if isinstance(statement, ast.ImportFrom):
            dotted = "." * statement.level + (statement.module or "")
            draft.add_import(module, dotted, twin)
            draft.drop_import(module, dotted, name)


def keep_maker(draft: Draft, function: Function, stay: list[Reference]) -> None:
    """Keep the sync form of a function that makes engines or factories, for calls that stay."""
    twin = twin_name(function.name)
    text = _renamed(_source(function), {function.name: twin})
    draft.edit(function.module, function.definition, InsertAfter(text))
    for reference in stay:
        use_twin(draft, reference.node, reference.module, function.name, twin)


def make_again(draft: Draft, maker: Maker) -> None:
    """Call the sync form of a function as well, for the names of a module that stay."""
    function, module, called = maker.function, maker.module, maker.call.func
    twin = twin_name(function.name)
    source, old = module.source(maker.call), module.source(called)
    name = old.rpartition(".")[0] + "." + twin if isinstance(called, ast.Attribute) else twin
    names = ", ".join(twin_name(made) for made, _ in maker.kinds)
    again = f"{names} = {name}{source.removeprefix(old)}"
    draft.edit(module, maker.statement, InsertAfter(again))
    if isinstance(called, ast.Name) and function.module is not module:
        import_twin(draft, called, module, called.id, twin)


def _source(function: Function) -> str:
    """The text of a function with its decorators."""
    definition = function.definition
    first = min([definition.lineno, *(d.lineno for d in definition.decorator_list)])
    last = definition.end_lineno or definition.lineno
    return "\n".join(function.module.lines[first - 1 : last])


def _keep(analysis: Analysis, draft: Draft, holders: Holders, provider: Function) -> None:
    module, definition = provider.module, provider.definition
    names = {provider.name: twin_name(provider.name)}
    for node in ast.walk(definition):
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        known = node.id if isinstance(node, ast.Name) else node.attr
        holder = _holder(analysis, holders, node, module)
        if holder is not None:
            names[known] = holder.twin
        elif any(_is_named(analysis, node, module, other) for other in analysis.twins):
            names[known] = twin_name(known)
        else:
            continue
        if isinstance(node, ast.Name):
            import_twin(draft, node, module, known, names[known])
    draft.edit(module, definition, InsertAfter(_renamed(_source(provider), names)))


def _holder(
    analysis: Analysis, holders: Holders, node: ast.Name | ast.Attribute, module: Module
) -> Holder | None:
    home = home_of(analysis.program, node, module)
    for holder in holders.all:
        if home == (holder.scope, holder.name) and holder.needs_async and holder.needs_sync:
            return holder
    return None


def _is_named(
    analysis: Analysis, node: ast.Name | ast.Attribute, module: Module, provider: Function
) -> bool:
    return analysis.program.home(node, module) == (provider.module.scope, provider.name)


def owner_of(statement: ast.stmt, module: Module) -> str:
    """What stands in front of the attribute that a statement sets: ``self.``; else nothing."""
    match statement:
        case (
            ast.Assign(targets=[ast.Attribute(value=owner), *_])
            | ast.AnnAssign(target=ast.Attribute(value=owner))
        ):
            return f"{module.source(owner)}."
    return ""
