"""Calls that make a relationship, also by way of a function of the application, and their words.

``text: Mapped[dict[str, Text]] = keyed("lang_id")``, where ``keyed`` returns ``relationship(...)``,
is that relationship: its arguments are those of the inner call, with what the outer one gives.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import FunctionValue

if TYPE_CHECKING:
    from codemods.facts.program import Program

RELATIONSHIPS = frozenset(
    {"sqlalchemy.orm.relationship", "sqlmodel.Relationship", "sqlalchemy.orm.dynamic_loader"}
)
#: Other ways to write a loader strategy.
_SPELLINGS: dict[object, str] = {True: "select", False: "joined", None: "noload"}

#: Helpers that call helpers: as deep as that is followed.
_DEPTH = 4


def relationship_call(
    call: ast.Call, module: Module, program: Program, depth: int = _DEPTH
) -> ast.Call | None:
    """The call that makes a relationship for ``call``.

    What the application's own function is given stands in the place of its parameters.
    """
    outside = program.outside_name(call.func, module)
    if outside in RELATIONSHIPS:
        return call
    if outside or not depth:
        return None
    for helper in _helpers(call.func, module, program):
        made = [value.value for value in helper.returns if isinstance(value.value, ast.Call)]
        if len(made) != len(helper.returns):
            continue
        for inner in made:
            if found := relationship_call(inner, helper.module, program, depth - 1):
                return _filled(found, helper, call)
    return None


def arguments(call: ast.Call) -> tuple[list[ast.expr], dict[str, ast.expr]]:
    """The arguments of a relationship, those of ``sa_relationship`` included."""
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    inner = keywords.get("sa_relationship")
    if isinstance(inner, ast.Call):
        return inner.args, {k.arg: k.value for k in inner.keywords if k.arg} | keywords
    return call.args, keywords


def _helpers(called: ast.expr, module: Module, program: Program) -> list[Function]:
    """The application's own functions that a call can mean and that speak of relationships."""
    return [
        value.function
        for value in program.infer(called, module)
        if isinstance(value, FunctionValue)
        and value.function.returns
        and not value.function.module.identifiers.isdisjoint(("relationship", "Relationship"))
    ]


def _filled(inner: ast.Call, helper: Function, outer: ast.Call) -> ast.Call:
    """``inner`` with the arguments of ``outer`` for the parameters of ``helper``."""
    given: dict[str, ast.expr] = {
        argument.arg: value
        for argument in helper.parameters
        if (value := helper.default_of(argument))
    }
    given |= {a.arg: v for a, v in zip(helper.parameters, outer.args, strict=False)}
    named = {k.arg: k.value for k in outer.keywords if k.arg}
    parameters = {argument.arg for argument in helper.parameters}
    given |= {name: value for name, value in named.items() if name in parameters}
    spread = helper.definition.args.kwarg
    more = {name: value for name, value in named.items() if name not in parameters}

    def fill(call: ast.Call) -> ast.Call:
        keywords = [ast.keyword(k.arg, filled(k.value)) for k in call.keywords if k.arg]
        if spread is not None and len(keywords) < len(call.keywords):
            keywords += [ast.keyword(name, value) for name, value in more.items()]
        made = ast.Call(call.func, [filled(value) for value in call.args], keywords)
        return ast.copy_location(made, outer)

    def filled(value: ast.expr) -> ast.expr:
        if isinstance(value, ast.Call):
            return fill(value)
        return given.get(value.id, value) if isinstance(value, ast.Name) else value

    return fill(inner)


def named_columns(node: ast.expr) -> list[str]:
    """The columns that an argument of ``relationship`` names, as they are written there."""
    if isinstance(node, ast.Lambda):
        return named_columns(node.body)
    if isinstance(node, ast.List | ast.Tuple):
        return [part for element in node.elts for part in named_columns(element)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [part.strip() for part in node.value.strip("[]() ").split(",")]
    return [ast.unparse(node)]


def foreign_keys(node: ast.AST) -> Iterator[ast.expr]:
    """What the foreign keys in a class or table point at."""
    for call in ast.walk(node):
        match call:
            case ast.Call(
                func=ast.Name(id="ForeignKey") | ast.Attribute(attr="ForeignKey"), args=[first, *_]
            ):
                yield first


def is_keyed(made_by: ast.expr | None, annotation: ast.expr | None) -> bool:
    """Whether a collection is a dictionary: ``attribute_keyed_dict("name")``, ``dict[str, X]``."""
    made = ast.unparse(made_by) if made_by is not None else ""
    written = ast.unparse(annotation) if annotation is not None else ""
    return (
        "dict" in made
        or "mapped_collection" in made
        or any(word in written for word in ("dict[", "Dict[", "Mapping["))
    )


def loader_strategy(lazy: ast.expr | None) -> str:
    """A ``lazy`` argument as a word: "unknown" where it is not a constant."""
    if lazy is None:
        return "select"
    if not isinstance(lazy, ast.Constant):
        return "unknown"
    return _SPELLINGS.get(lazy.value, str(lazy.value))


def deferred_group(call: ast.Call, module: Module, program: Program) -> str | None:
    """The group of a column that is loaded when it is read; "" for one by itself.

    ``raiseload`` makes reading it an error: such a column is never loaded in that way.
    """
    said = {keyword.arg: keyword.value for keyword in call.keywords}
    called = program.outside_name(call.func, module).endswith(".deferred")
    if not called and not _is_true(said.get("deferred")):
        return None
    if _is_true(said.get("raiseload")) or _is_true(said.get("deferred_raiseload")):
        return None
    group = said.get("deferred_group", said.get("group"))
    return str(group.value) if isinstance(group, ast.Constant) else ""


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def backref_strategy(call: ast.Call | None) -> str:
    """The loader strategy of the side that ``backref=backref(name, lazy=...)`` makes."""
    for keyword in call.keywords if call is not None else ():
        if keyword.arg == "backref" and isinstance(keyword.value, ast.Call):
            return loader_strategy(
                next((k.value for k in keyword.value.keywords if k.arg == "lazy"), None)
            )
    return "select"


def has_secondary(call: ast.Call | None) -> bool:
    """Whether a relationship goes through a table of pairs."""
    return call is not None and any(keyword.arg == "secondary" for keyword in call.keywords)
