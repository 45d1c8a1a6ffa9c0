"""What tests put in the place of something else: ``patch``, ``patch.object``, ``setattr``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import UNKNOWN, FunctionValue, ModuleValue, Values

#: The fixtures of pytest and pytest-mock that replace things, by name and by type.
_FIXTURES = {
    "monkeypatch": "pytest.MonkeyPatch",
    "mocker": "pytest_mock.MockerFixture",
    "class_mocker": "pytest_mock.MockerFixture",
    "module_mocker": "pytest_mock.MockerFixture",
    "session_mocker": "pytest_mock.MockerFixture",
}
_WORDS = ("patch", "setattr")


@dataclass(frozen=True, eq=False)
class Patch:
    """One replacement: ``values`` is what is replaced, ``new`` what is put there.

    Without ``new`` a mock is made. ``mock`` is the name that it has in ``function``.
    """

    call: ast.Call
    module: Module
    values: Values
    new: ast.expr | None
    mock: str = ""
    function: Function | None = None

    @property
    def functions(self) -> list[Function]:
        """The functions that are replaced."""
        return [v.function for v in self.values if isinstance(v, FunctionValue)]

    def keyword(self, name: str) -> ast.keyword | None:
        """The keyword argument of that name."""
        return next((k for k in self.call.keywords if k.arg == name), None)


def patches(program: Program) -> list[Patch]:
    """Every replacement of the tests that can be resolved."""
    return [
        found
        for module in program.modules.mentioning(_WORDS)
        if program.web.in_tests(module)
        for name in ("patch", "object", "setattr")
        for call in module.syntax.calls.get(name, ())
        if (found := _patch(program, call, module)) is not None
    ]


def _patch(program: Program, call: ast.Call, module: Module) -> Patch | None:
    form = _form(program, call.func, module)
    if not form or not call.args:
        return None
    first, *others = call.args
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        values = dotted(program, first.value, module)
    elif form != "patch" and others and isinstance(name := others.pop(0), ast.Constant):
        owner = program.infer(first, module)
        values = program.inference.attribute(owner, str(name.value), module)
    else:
        return None
    if not values:
        return None
    keywords = {k.arg: k.value for k in call.keywords}
    new = others[0] if others else keywords.get("new", keywords.get("value"))
    function = _decorated(call, module) or module.function_of(call)
    mock = "" if new is not None or function is None else _name(program, call, module, function)
    return Patch(call, module, values, new, mock, function)


def _form(program: Program, called: ast.expr, module: Module) -> str:
    """``patch``, ``object`` or ``setattr``, where a call replaces something, else ""."""
    name = program.outside_name(called, module)
    if name in ("unittest.mock.patch", "mock.patch", "mock.mock.patch"):
        return "patch"
    if name in ("unittest.mock.patch.object", "mock.patch.object"):
        return "object"
    if not isinstance(called, ast.Attribute):
        return ""
    owner = called.value
    if called.attr == "object" and isinstance(owner, ast.Attribute) and owner.attr == "patch":
        owner = owner.value
    elif called.attr not in _WORDS:
        return ""
    return called.attr if _is_fixture(program, owner, module) else ""


def _is_fixture(program: Program, node: ast.expr, module: Module) -> bool:
    if not isinstance(node, ast.Name):
        return False
    holder = module.scope_of(node).lookup(node.id)
    if not isinstance(holder, Function):
        return False
    argument = next((a for a in holder.parameters if a.arg == node.id), None)
    if argument is None:
        return program.outside_name(node, module).startswith("pytest.MonkeyPatch")
    return node.id in _FIXTURES or (
        argument.annotation is not None
        and program.outside_name(argument.annotation, module) in _FIXTURES.values()
    )


def dotted(program: Program, text: str, module: Module) -> Values:
    """What a dotted path means: the longest part that is a module, and attributes of it."""
    parts = text.split(".")
    if not all(part.isidentifier() for part in parts):
        return UNKNOWN
    for length in range(len(parts), 0, -1):
        found = program.modules.resolve(module, ".".join(parts[:length]))
        if found is None:
            continue
        values: Values = frozenset((ModuleValue(found),))
        for part in parts[length:]:
            values = program.inference.attribute(values, part, module)
        return values
    return UNKNOWN


# -- the name of the mock ------------------------------------------------------------------------


def _decorated(call: ast.Call, module: Module) -> Function | None:
    parent = module.parent(call)
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and call in parent.decorator_list:
        return module.functions[parent]
    return None


def _name(program: Program, call: ast.Call, module: Module, function: Function) -> str:
    """The name of the mock that a call makes, in the function that it stands in or decorates."""
    match module.parent(call):
        case ast.withitem(optional_vars=ast.Name(id=name)):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            names = [a.arg for a in function.parameters][1 if function.is_method else 0 :]
            given = list(_giving(program, function))
            index = given.index(call) if call in given else len(names)
            return names[index] if index < len(names) else ""
    return ""


def _giving(program: Program, function: Function) -> Iterator[ast.Call]:
    """The decorators that hand a mock to the function, in the order of its parameters."""
    for decorator in reversed(function.definition.decorator_list):
        if not isinstance(decorator, ast.Call):
            continue
        form = _form(program, decorator.func, function.module)
        if not form or any(k.arg == "new" for k in decorator.keywords):
            continue
        if len(decorator.args) == (1 if form == "patch" else 2):
            yield decorator
