"""What tests put in the place of functions, classes and modules with parts that become async.

A mock of a coroutine function is an ``AsyncMock``; one of an object, a class or a module gets a
``spec``, by which its coroutine methods are. A function or lambda becomes a coroutine function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from codemods.edits.actions import Arguments, InsertBefore, MakeAsync, Rename, Rewrite
from codemods.facts.modules import Module
from codemods.facts.patches import Patch
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, FunctionValue, Instance, ModuleValue, Values
from codemods.passes.async_session.colour.analysis import Analysis
from codemods.passes.async_session.suite.mock_calls import (
    MOCKS,
    WORDS,
    creation,
    is_mock_class,
    is_mocker,
    made,
    spec_of,
)
from codemods.passes.async_session.suite.standins import StandIns
from codemods.plan.draft import Draft, function_origin
from codemods.plan.generated import import_name

_LIBRARY = "unittest.mock"
#: What ``patch`` is told that says already what the mock is like, or what it gives.
_TOLD = ("spec", "spec_set", "autospec", "new_callable", "wraps", "return_value", "side_effect")


@dataclass
class Replacements:
    """Writes the edits of what stands for something of the application."""

    analysis: Analysis
    draft: Draft
    patches: list[Patch]
    _prepared: set[tuple[Function | None, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.program = self.analysis.program
        self.standins = StandIns(self.program, self.patches)

    def edit(self) -> None:
        """Edit each place in the tests."""
        for patch in self.patches:
            changed = self._async(patch.functions)
            if changed:
                with self.draft.because(*map(function_origin, changed)):
                    self._stand_in(patch)
            else:
                self._whole(patch)
        for call, module in made(self.program):
            self._mock(call, module)
        self._put_by_hand()
        self._results()

    # -- functions ---------------------------------------------------------------------------

    def became_async(self, function: Function) -> bool:
        """Whether a call of the function has to be awaited from now on."""
        return (
            self.analysis.is_coroutine(function)
            and not function.is_async
            and not function.is_generator
        )

    def _async(self, functions: list[Function]) -> list[Function]:
        return [function for function in functions if self.became_async(function)]

    def _stand_in(self, patch: Patch) -> None:
        """What stands in for a coroutine function has to be one."""
        callable_ = patch.keyword("new_callable")
        if callable_ is not None and is_mock_class(self.program, callable_.value, patch.module):
            self._async_mock(callable_.value, patch.module)
        if patch.new is not None:  # else ``patch`` sees that the original is async
            self._replace(patch.new, patch.module, bound=patch.of_class)

    def _replace(self, new: ast.expr, module: Module, *, bound: bool) -> None:
        """``bound``: what a class holds is called with the object, if it is a function."""
        if isinstance(new, ast.Lambda):
            self._lambda(new, module, bound=bound)
            return
        call = creation(self.program, new, module)
        if call is not None:
            self._async_mock(call[0].func, call[1])
            return
        found = self.program.definition(new, module) or (new, module)
        match found[0]:
            case ast.Call(func=ast.Attribute(value=owner, attr="stub") as stub):
                if is_mocker(owner):  # ``mocker.stub()``
                    self.draft.edit(found[1], stub, Rename("async_stub"))
                    return
        for value in self.program.infer(new, module):
            if isinstance(value, FunctionValue) and not value.function.is_async:
                self._function(value.function, new, module, bound=bound)

    def _lambda(self, new: ast.Lambda, module: Module, *, bound: bool) -> None:
        name = self.draft.add_import(module, _LIBRARY, "AsyncMock")
        if bound:  # a mock is not bound to the object
            self.draft.edit(module, new.body, Rewrite(f"{name}(return_value={{self}})()"))
        else:
            self.draft.edit(module, new, Rewrite(f"{name}(side_effect={{self}})"))

    def _function(self, function: Function, new: ast.expr, module: Module, *, bound: bool) -> None:
        if self.analysis.is_coroutine(function):
            return
        if all(
            self._replaces(reference.node, reference.module)
            for reference in self.program.calls.references(function)
        ):
            self.draft.edit(function.module, function.definition, MakeAsync())
            return
        name = self.draft.add_import(module, _LIBRARY, "AsyncMock")
        template = f"{name}(side_effect={{self}})"
        if bound and isinstance(new, ast.Name | ast.Attribute):
            template = f"lambda *args, **kwargs: {template}(*args, **kwargs)"
        self.draft.edit(module, new, Rewrite(template))

    def _replaces(self, node: ast.expr, module: Module) -> bool:
        """Whether an expression is put in the place of a function that became async."""
        parent = module.parent(node)
        if isinstance(parent, ast.Assign) and parent.value is node:
            return any(self._held(target, module) for target in parent.targets)
        return any(
            patch.new is node and len(self._async(patch.functions)) == len(patch.functions)
            for patch in self.patches
            if patch.functions
        )

    def _async_mock(self, node: ast.expr, module: Module) -> None:
        if isinstance(node, ast.Attribute):
            self.draft.edit(module, node, Rename("AsyncMock"))
        elif isinstance(node, ast.Name):
            self.draft.edit(module, node, Rename("AsyncMock"))
            self.draft.add_import(module, _LIBRARY, "AsyncMock")
            self.draft.drop_import(module, _LIBRARY, node.id)

    # -- by hand -----------------------------------------------------------------------------

    def _put_by_hand(self) -> None:
        """``service.find = MagicMock(...)``, ``crud.find = lambda ...``, ``repo.find = found``."""
        for module in self.program.modules.mentioning((*WORDS, "patch", "setattr", "pytest")):
            if not self.program.web.in_tests(module):
                continue
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                    continue
                target = node.targets[0]
                functions = self._held(target, module)
                if functions and self._is_new(node.value, module, functions):
                    with self.draft.because(*map(function_origin, functions)):
                        self._replace(node.value, module, bound=self._of_class(target, module))

    def _held(self, target: ast.expr, module: Module) -> list[Function]:
        """The functions that become async and that an attribute holds otherwise."""
        if not isinstance(target, ast.Attribute) or target.attr in ("return_value", "side_effect"):
            return []
        owner = self.standins.means(target.value, module)
        values = self.program.inference.attribute(owner, target.attr, module)
        return self._async([v.function for v in values if isinstance(v, FunctionValue)])

    def _is_new(self, node: ast.expr, module: Module, functions: list[Function]) -> bool:
        """Whether a value is put there, and not what was there before put back."""
        if isinstance(node, ast.Lambda | ast.Call):
            return True
        values = self.program.infer(node, module)
        return not any(isinstance(v, FunctionValue) and v.function in functions for v in values)

    def _of_class(self, target: ast.expr, module: Module) -> bool:
        assert isinstance(target, ast.Attribute)
        owner = self.program.infer(target.value, module)
        return any(isinstance(value, ClassValue) for value in owner)

    # -- objects -----------------------------------------------------------------------------

    def _whole(self, patch: Patch) -> None:
        """``patch`` of a class, an object or a module, or of a function that gives an object."""
        if patch.new is not None or any(patch.keyword(word) for word in _TOLD):
            return
        stated = set(assigned(patch.function)) if patch.function is not None else set()
        if {f"{patch.mock}.return_value", f"{patch.mock}.side_effect"} & stated:
            return
        functions = list(self._within(patch.values))
        plain = [v for v in patch.values if not isinstance(v, FunctionValue)]
        if not functions or len(plain) != len(patch.values):
            return
        with self.draft.because(*map(function_origin, functions)):
            self.draft.edit(patch.module, patch.call, Arguments((), (("spec", "True"),)))

    def _mock(self, call: ast.Call, module: Module) -> None:
        """A mock that is handed to the application as an object or a function."""
        if spec_of(call) is not None:
            return
        values = self.standins.of(call, module)
        direct = self._async([v.function for v in values if isinstance(v, FunctionValue)])
        if direct:
            with self.draft.because(*map(function_origin, direct)):
                self._async_mock(call.func, module)
            return
        classes = {v.cls for v in values if isinstance(v, Instance) and isinstance(v.cls, Class)}
        functions = list(self._within(values))
        if len(classes) != 1 or not functions or self._is_session(classes):
            return
        cls = classes.pop()
        with self.draft.because(*map(function_origin, functions)):
            put = [("spec", self._name(cls, module))]
            mock = module.source(call.func)
            put += [(name, f"{mock}()") for name in self._open(cls) if not _keyword(call, name)]
            self.draft.edit(module, call, Arguments((), tuple(put)))

    def _is_session(self, classes: set[Class]) -> bool:
        return any(self.program.is_session_class(cls) for cls in classes)

    def _within(self, values: Values) -> Iterator[Function]:
        """The functions of classes, objects and modules that become async."""
        for value in values:
            match value:
                case Instance(cls=Class() as cls) | ClassValue(cls=cls):
                    for base in self.program.mro(cls):
                        if isinstance(base, Class):
                            yield from self._async(list(base.methods))
                case ModuleValue(module=module):
                    for function in module.functions.values():
                        if function.parent is module.scope and self.became_async(function):
                            yield function

    def _name(self, cls: Class, module: Module) -> str:
        """What a module calls a class; it is imported where it has no name there."""
        for name, bindings in module.scope.bindings.items():
            if any(binding.kind in ("from", "class") for binding in bindings):
                values = self.program.inference.member(module, name)
                if values == frozenset((ClassValue(cls),)):
                    return name
        source = import_name(self.program, module, cls.module.path)
        return self.draft.name_for(module, source, cls.name)

    def _open(self, cls: Class) -> list[str]:
        """What only objects of a class have, and others read: a ``spec`` does not know of it."""
        bases = [base for base in self.program.mro(cls) if isinstance(base, Class)]
        names = {name for base in bases for name in base.attributes}
        names |= {
            name
            for base in bases
            for name, bindings in base.bindings.items()
            if all(b.kind == "annotated" and b.value is None for b in bindings)
        }
        names -= {
            name
            for base in bases
            for name, bindings in base.bindings.items()
            if any(b.kind != "annotated" or b.value is not None for b in bindings)
        }
        family = {cls, *self.program.subclasses(cls), *bases}
        return sorted(name for name in names if self._is_read(name, family))

    def _is_read(self, name: str, family: set[Class]) -> bool:
        """Whether an attribute is read, by others, from what may be an object of the family."""
        for module in self.program.modules.mentioning((name,)):
            for node in module.syntax.references.get(name, ()):
                if not isinstance(node, ast.Attribute):
                    continue
                if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                    continue
                values = self.standins.means(node.value, module)
                others = self.program.infer(node.value, module) - frozenset(MOCKS)
                if not (values or others) or any(
                    isinstance(value, Instance) and value.cls in family for value in values
                ):
                    return True
        return False

    # -- results -----------------------------------------------------------------------------

    def _results(self) -> None:
        """What a coroutine gives is no coroutine: ``find.return_value.name.return_value = ...``.

        A child of ``AsyncMock`` is another one, unless the test says what it gives.
        """
        for module in self.program.modules.mentioning(("return_value",)):
            if not self.program.web.in_tests(module):
                continue
            for node in module.syntax.references.get("return_value", ()):
                if isinstance(node, ast.Attribute) and isinstance(
                    module.parent(node), ast.Attribute
                ):
                    self._result(node, module)

    def _result(self, node: ast.Attribute, module: Module) -> None:
        values = self.standins.means(node.value, module)
        functions = self._async([v.function for v in values if isinstance(v, FunctionValue)])
        text, function = ast.unparse(node), module.function_of(node)
        if not functions or function is None or (function, text) in self._prepared:
            return
        self._prepared.add((function, text))
        if text in assigned(function) or self._told_elsewhere(node, module, function):
            return
        statement = module.statement(node)
        with self.draft.because(*map(function_origin, functions)):
            mock = self.draft.add_import(module, _LIBRARY, "MagicMock")
            self.draft.edit(module, statement, InsertBefore(f"{text} = {mock}()"))

    def _told_elsewhere(self, node: ast.Attribute, module: Module, function: Function) -> bool:
        """Whether another function may have said what the same mock gives."""
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(node.value, ast.Attribute) or not isinstance(root, ast.Name):
            return False
        patched = any(p.mock == root.id and p.function is function for p in self.patches)
        bound = function.bindings.get(root.id, ())
        if patched or (bound and all(binding.kind != "parameter" for binding in bound)):
            return False  # it was made here
        ending = f".{node.value.attr}.return_value"
        others = (f for f in module.functions.values() if f is not function)
        return any(text.endswith(ending) for other in others for text in assigned(other))


def assigned(function: Function) -> Iterator[str]:
    """What a function assigns to, as it is written."""
    for node in ast.walk(function.definition):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield ast.unparse(target)


def _keyword(call: ast.Call, name: str) -> bool:
    return any(k.arg is None or k.arg == name for k in call.keywords)
