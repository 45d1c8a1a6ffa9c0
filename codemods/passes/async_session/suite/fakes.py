"""Classes of tests that stand for a class of the application without being one of its kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import MakeAsync
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, FunctionValue, Instance, Values
from codemods.passes.async_session.suite.replacements import Replacements
from codemods.plan.draft import function_origin


def edit_fakes(replacements: Replacements) -> None:
    """The methods of a fake become async with those that they stand for."""
    program = replacements.program
    for cls in program.all_classes():
        if not program.web.in_tests(cls.module) or not cls.methods:
            continue
        kinds = {base for base in program.mro(cls) if isinstance(base, Class)}
        for original in _originals(replacements, cls) - kinds:
            for method, meant in _pairs(replacements, cls, original):
                with replacements.draft.because(function_origin(meant)):
                    replacements.draft.edit(method.module, method.definition, MakeAsync())


def _originals(replacements: Replacements, fake: Class) -> set[Class]:
    """The classes whose objects the application expects where a fake is."""
    program, standins = replacements.program, replacements.standins
    found: Values = frozenset()
    for module in program.modules.mentioning((fake.name,)):
        for node in module.syntax.references.get(fake.name, ()):
            if not any(
                isinstance(v, ClassValue) and v.cls is fake for v in program.infer(node, module)
            ):
                continue
            call = module.parent(node)
            if isinstance(call, ast.Call) and call.func is node:
                found |= standins.of(call, module)
            else:
                found |= standins.of(node, module)
    return {
        v.cls
        for v in found
        if isinstance(v, Instance | ClassValue) and isinstance(v.cls, Class)
    }


def _pairs(
    replacements: Replacements, fake: Class, original: Class
) -> Iterator[tuple[Function, Function]]:
    """The methods of a fake that nobody else calls, with those that became async."""
    program = replacements.program
    for method in fake.methods:
        if method.is_async or method.is_generator or replacements.analysis.is_coroutine(method):
            continue
        values = program.inference.instance_attribute(Instance(original), method.name)
        meant = [v.function for v in values if isinstance(v, FunctionValue)]
        if not meant or not all(map(replacements.became_async, meant)):
            continue
        references = program.calls.references(method)
        if not any(program.web.in_tests(reference.module) for reference in references):
            yield method, meant[0]
