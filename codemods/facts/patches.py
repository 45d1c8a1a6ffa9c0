"""What tests put in the place of something else: ``patch``, ``patch.object``, ``setattr``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import UNKNOWN, ClassValue, FunctionValue, ModuleValue, Values

#: The fixtures of pytest and pytest-mock that replace things, by name and by type.
FIXTURES = {
    "monkeypatch": "pytest.MonkeyPatch",
    "mocker": "pytest_mock.MockerFixture",
    "class_mocker": "pytest_mock.MockerFixture",
    "module_mocker": "pytest_mock.MockerFixture",
    "session_mocker": "pytest_mock.MockerFixture",
}
#: The packages that mocks come from: the one of the standard library, and its backport.
LIBRARIES = ("unittest.mock", "mock")
_WORDS = ("patch", "setattr")
_OF_PATCH = ("object", "multiple")
#: The keywords of ``patch.multiple`` that name nothing to be replaced.
_MULTIPLE = ("spec", "create", "spec_set", "autospec", "new_callable")


@dataclass(frozen=True, eq=False)
class Patch:
    """One replacement: ``values`` is what is replaced, ``new`` what is put there.

    Without ``new`` a mock is made. ``mock`` is the name that it has in ``function``. ``of_class``
    says that a class holds what is replaced: a function that is put there is bound to objects.
    """

    call: ast.Call
    module: Module
    values: Values
    new: ast.expr | None
    mock: str = ""
    function: Function | None = None
    of_class: bool = False

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
        for name in ("patch", "object", "setattr", "multiple")
        for call in module.syntax.calls.get(name, ())
        for found in _patches(program, call, module)
    ]


def _patches(program: Program, call: ast.Call, module: Module) -> Iterator[Patch]:
    form = form_of(program, call.func, module)
    if not form or not call.args:
        return
    if form == "multiple":
        yield from _multiple(program, call, module)
        return
    first, *others = call.args
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        owners = dotted(program, first.value.rpartition(".")[0], module)
        values = dotted(program, first.value, module)
    elif form != "patch" and others and isinstance(named := others.pop(0), ast.Constant):
        owners = program.infer(first, module)
        values = program.inference.attribute(owners, str(named.value), module)
    else:
        return
    if not values:
        return
    keywords = {k.arg: k.value for k in call.keywords}
    new = others[0] if others else keywords.get("new", keywords.get("value"))
    function = _decorated(call, module) or module.function_of(call)
    mock = "" if new is not None or function is None else _name(program, call, module, function)
    yield Patch(call, module, values, new, mock, function, _is_class(owners))


def _multiple(program: Program, call: ast.Call, module: Module) -> Iterator[Patch]:
    """``patch.multiple("module", name=new)``: each of its keywords."""
    match call.args[0]:
        case ast.Constant(value=str(path)):
            owners = dotted(program, path, module)
        case owner:
            owners = program.infer(owner, module)
    function = _decorated(call, module) or module.function_of(call)
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in _MULTIPLE:
            continue
        values = program.inference.attribute(owners, keyword.arg, module)
        given = program.outside_name(keyword.value, module).endswith("mock.DEFAULT")
        if values and not given:  # DEFAULT: a mock is made, of the colour of what it replaces
            yield Patch(call, module, values, keyword.value, "", function, _is_class(owners))


def _is_class(owners: Values) -> bool:
    return any(isinstance(owner, ClassValue) for owner in owners)


def form_of(program: Program, called: ast.expr, module: Module) -> str:
    """Which form of ``patch`` or ``setattr`` a call is that replaces something, else ""."""
    name = program.outside_name(called, module)
    if name in ("unittest.mock.patch", "mock.patch", "mock.mock.patch"):
        return "patch"
    for form in ("object", "multiple"):
        if name in (f"unittest.mock.patch.{form}", f"mock.patch.{form}"):
            return form
    if not isinstance(called, ast.Attribute):
        return ""
    owner = called.value
    if called.attr in _OF_PATCH and isinstance(owner, ast.Attribute) and owner.attr == "patch":
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
    for binding in holder.bindings.get(node.id, ()):
        # ``with monkeypatch.context() as patched:``
        if binding.kind == "with" and isinstance(entered := binding.value, ast.Call):
            opened = entered.func
            return (
                isinstance(opened, ast.Attribute)
                and opened.attr == "context"
                and _is_fixture(program, opened.value, module)
            )
    argument = next((a for a in holder.parameters if a.arg == node.id), None)
    if argument is None:
        return program.outside_name(node, module).startswith("pytest.MonkeyPatch")
    return node.id in FIXTURES or (
        argument.annotation is not None
        and program.outside_name(argument.annotation, module) in FIXTURES.values()
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
        form = form_of(program, decorator.func, function.module)
        if not form or any(k.arg == "new" for k in decorator.keywords):
            continue
        if len(decorator.args) == (1 if form == "patch" else 2):
            yield decorator
