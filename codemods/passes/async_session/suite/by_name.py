"""Tests that ask for a fixture by its name, where that became async or has an async client.

No async fixture can be made while a test runs on the event loop: it has to be there before. So it
becomes a parameter; of several, a fixture chooses the one whose name ``parametrize`` gives.
"""

from __future__ import annotations

import ast

from codemods.edits.actions import (
    AddParameter,
    Arguments,
    RemoveStatement,
    Rewrite,
)
from codemods.facts import knowledge as known
from codemods.facts.by_name import ASKING, Asked, argument_names, asked
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.findings import Finding, Level, Treatment
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.sessions.silenced import RULE
from codemods.plan.draft import Draft

BY_NAME = "LL410"
_CHOOSE = "@pytest.fixture\ndef {name}(request):\n    return request.getfixturevalue(request.param)"
_CLASSES = {
    known.TEST_CLIENT: ("httpx", "AsyncClient"),
    known.SESSION: ("sqlalchemy.ext.asyncio", "AsyncSession"),
}


def ask_before(analysis: Analysis, draft: Draft) -> list[Finding]:
    """Have fixtures made before the test that asks for them; tell of those that can't be."""
    left = []
    for module in analysis.program.modules.mentioning((ASKING,)):
        for call in module.syntax.calls.get(ASKING, ()):
            function = module.function_of(call)
            if function is None or not call.args:
                continue
            found = asked(analysis.program, call, module)
            if not _may_give_async(analysis, call, found):
                continue
            if not analysis.program.web.is_test(function) or not analysis.is_async(function):
                if found is None:
                    left.append(_left(call, function))
            elif found is None or not _convert(analysis, draft, call, found):
                left.append(_left(call, function))
    return left


def _may_give_async(analysis: Analysis, call: ast.Call, found: Asked | None) -> bool:
    """Whether a fixture that became async, or one with such a client, can be what is asked for."""
    changed = set(analysis.colours.asynchronous)
    changed |= {made.function for made in analysis.clients.made if made.function is not None}
    web = analysis.program.web
    if found is not None:
        return any(_needs(analysis, f, changed) for f in found.fixtures.values())
    if isinstance(call.args[0], ast.Constant):
        return False
    return any(fixture in changed for named in web.fixtures.values() for fixture in named)


def _needs(analysis: Analysis, fixture: Function, changed: set[Function], depth: int = 0) -> bool:
    """Whether a fixture is one of these, or asks for one."""
    if fixture in changed:
        return True
    others = [analysis.program.web.fixture(fixture, a.arg) for a in fixture.parameters]
    for call in fixture.module.syntax.calls.get(ASKING, ()):
        found = asked(analysis.program, call, fixture.module)
        if found is not None and found.function is fixture:
            others += found.fixtures.values()
    return depth < 10 and any(
        other is not None and _needs(analysis, other, changed, depth + 1) for other in others
    )


def _convert(analysis: Analysis, draft: Draft, call: ast.Call, found: Asked) -> bool:
    """Whether the fixture could be asked for before the test."""
    function, module = found.function, found.function.module
    statement = module.statement(call)
    if statement not in function.definition.body or function.definition.args.vararg:
        return False
    if found.parametrize is not None:
        return _choose(analysis, draft, call, found, found.parametrize)
    [name] = found.fixtures
    bound = [b for b in function.bindings.get(name, ()) if b.node is not None]
    match statement:
        case ast.Assign(targets=[ast.Name(id=target)], value=value) if (
            value is call and target == name and len(bound) == 1
        ):
            draft.edit(module, statement, RemoveStatement())
        case _ if not bound:
            draft.edit(module, call, Rewrite(name))
        case _:
            return False
    draft.edit(module, function.definition, AddParameter(name))
    return True


def _choose(
    analysis: Analysis, draft: Draft, call: ast.Call, found: Asked, parametrize: ast.Call
) -> bool:
    """A fixture of the parameter's name gives what the name means."""
    function, module = found.function, found.function.module
    name = call.args[0]
    assert isinstance(name, ast.Name)
    uses = [
        node
        for node in module.syntax.references.get(name.id, ())
        if isinstance(node, ast.Name) and module.function_around(node) is function
    ]
    names = [a.arg for a in function.parameters]
    later = set(names[names.index(name.id) + 1 :]) - {
        "request",
        *argument_names(parametrize.args[0]),
    }
    taken = name.id in module.scope.bindings or name.id in analysis.program.web.fixtures
    told = any(keyword.arg == "indirect" for keyword in parametrize.keywords)
    if len(uses) > 1 or later or taken or told or function.is_method:
        return False
    draft.add_import(module, "pytest")
    draft.after_imports(module, _CHOOSE.format(name=name.id))
    draft.edit(module, parametrize, Arguments((), (("indirect", f'["{name.id}"]'),)))
    draft.edit(module, call, Rewrite("{0}"))
    argument = function.parameters[names.index(name.id)]
    if argument.annotation is not None:
        _annotate(analysis, draft, call, argument.annotation, module)
    return True


def _annotate(
    analysis: Analysis, draft: Draft, call: ast.Call, annotation: ast.expr, module: Module
) -> None:
    """The parameter is no name any more."""
    values = analysis.program.infer(call, module)
    for name, (source, cls) in _CLASSES.items():
        if analysis.program.instances(values, name):
            draft.edit(module, annotation, Rewrite(draft.name_for(module, source, cls)))
            return
    draft.edit(module, annotation, Rewrite("object"))


def _left(call: ast.Call, function: Function) -> Finding:
    return Finding(
        path=function.module.path,
        line=call.lineno,
        column=call.col_offset + 1,
        code=BY_NAME,
        message=f"`{ast.unparse(call)}` can give a client or session that becomes async: make it "
        "a parameter of the test, or await what is asked of it",
        rule=RULE,
        level=Level.DISPLAY,
        treatment=Treatment.LEFT,
        reasons=("an async fixture has to be made before the test runs on the event loop",),
        symbol=function.qualname,
    )
