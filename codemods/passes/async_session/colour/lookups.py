"""Functions that are looked up by a name that is made at run time.

``getattr(handlers, f"handle_{kind}")`` and ``globals()[name]`` give functions that are then called
like any sync function, from a place that names none of them. So does whatever is given the path of
a function as a string: a scheduler, an entry point, an importer of the application's own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.patches import dotted
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, FunctionValue, Instance, ModuleValue
from codemods.passes.async_session.colour.uses import Use, Uses
from codemods.plan.climb import Cause
from codemods.plan.surroundings import fits

_NAMESPACES = ("globals", "locals", "vars")
_IMPORTERS = ("importlib.import_module", "builtins.__import__")
_GETTERS = ("operator.methodcaller", "operator.attrgetter")
#: Files that declare entry points, and how they name a function.
_DECLARING = ("pyproject.toml", "setup.cfg", "setup.py")
_ENTRY = re.compile(r"""=\s*["']?(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)""")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*")


@dataclass(frozen=True)
class Lookups:
    """What is looked up at run time in a program.

    ``causes`` says where each function may be meant. ``calls`` are the places that call what they
    looked up, with the functions that they can mean; ``gone`` may be called anywhere else.
    """

    causes: dict[Function, Cause]
    calls: dict[ast.Call, frozenset[Function]]
    gone: frozenset[Function]


def looked_up(program: Program) -> Lookups:
    """The functions that a lookup at run time can mean, and where."""
    causes: dict[Function, Cause] = {}
    calls: dict[ast.Call, frozenset[Function]] = {}
    gone: set[Function] = set()
    uses = Uses(program)
    for module in program.modules.mentioning(("getattr", "methodcaller", *_NAMESPACES)):
        for name in ("getattr", *_NAMESPACES):
            for call in module.syntax.calls.get(name, ()):
                if not isinstance(call.func, ast.Name):
                    continue
                found = _meant(program, name, call, module)
                if found is None:
                    continue
                node, functions = found
                cause = Cause(f"may be looked up by name in {module.path}:{call.lineno}")
                for use in uses.of(node, module):
                    meant = frozenset(f for f in functions if _may_run(use, f))
                    if use.call is not None:
                        calls[use.call] = calls.get(use.call, frozenset()) | meant
                    else:
                        gone |= meant
                    for function in sorted(meant, key=_place):
                        causes.setdefault(function, cause)
    for function, place in (*_by_path(program), *_by_getter(program), *_declared(program)):
        causes.setdefault(function, Cause(f"is named by a string in {place}"))
        gone.add(function)
    return Lookups(causes, calls, frozenset(gone))


def _may_run(use: Use, function: Function) -> bool:
    """Whether a use of what was looked up can run a function, by what it is given."""
    if use.call is None:
        return True
    if isinstance(use.module.parent(use.call), ast.Await):
        return False  # it has to be async already
    return fits(use.call, function) or (function.is_method and fits(use.call, function, bound=0))


def _place(function: Function) -> tuple[str, int]:
    return function.module.path, function.definition.lineno


def _by_path(program: Program) -> Iterator[tuple[Function, str]]:
    """The functions whose dotted path stands in a string: ``"app.jobs.clean"``, ``app.jobs:run``.

    Paths in tests are replaced, not called (``patches``).
    """
    for module in program.modules:
        if program.web.in_tests(module):
            continue
        for node in module.syntax.parents:
            match node:
                case ast.Constant(value=str() as text) if _PATH.fullmatch(text):
                    if isinstance(module.parent(node), ast.Expr):
                        continue
                    for value in dotted(program, text.replace(":", "."), module):
                        if isinstance(value, FunctionValue):
                            yield value.function, f"{module.path}:{node.lineno}"


def _by_getter(program: Program) -> Iterator[tuple[Function, str]]:
    """``methodcaller("refresh")``: any method of that name."""
    for module in program.modules.mentioning(("methodcaller", "attrgetter")):
        for name in ("methodcaller", "attrgetter"):
            for call in module.syntax.calls.get(name, ()):
                if program.outside_name(call.func, module) not in _GETTERS:
                    continue
                for text in _texts(call.args):
                    for function in program.calls.named(text):
                        yield function, f"{module.path}:{call.lineno}"


def _declared(program: Program) -> Iterator[tuple[Function, str]]:
    """The entry points of a distribution: a console script calls one and does not await it."""
    modules = {module.name: module for module in program.modules}
    for file in program.codebase:
        if file.path.rpartition("/")[2] not in _DECLARING:
            continue
        for entry in _ENTRY.finditer(file.text):
            module = modules.get(entry["module"]) or modules.get(f"src.{entry['module']}")
            for value in program.inference.member(module, entry["name"]) if module else ():
                if isinstance(value, FunctionValue):
                    yield value.function, file.path


def _texts(nodes: Iterable[ast.expr]) -> list[str]:
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _meant(
    program: Program, name: str, call: ast.Call, module: Module
) -> tuple[ast.expr, list[Function]] | None:
    """The expression that gives what is looked up, and the functions that it can be.

    None where nothing is known of what is looked into, nor of the name.
    """
    node: ast.expr = call
    if name == "getattr":
        if len(call.args) < 2:
            return None
        owner, wanted = call.args[:2]
        candidates = list(_members(program, owner, module))
        if not candidates and _is_unknown(program, owner, module):
            texts = _texts([wanted, *(node for node, _ in _passed(program, wanted, module))])
            candidates = [function for text in texts for function in program.calls.named(text)]
            if not texts and not any(_chosen(program, owner, module)):
                return None
    else:
        found = _item(call, module)
        if found is None:
            return None
        wanted, node = found
        scopes = module.functions.values()
        candidates = [f for f in scopes if f.parent is not None and f.parent.is_module]
        if call.args:
            candidates = list(_members(program, call.args[0], module))
    pattern = _pattern(wanted, module)
    if passed := _passed(program, wanted, module):
        pattern = "|".join(_pattern(text, where) for text, where in passed)
    matching = re.compile(pattern)
    return node, [function for function in candidates if matching.fullmatch(function.name)]


def _passed(program: Program, wanted: ast.expr, module: Module) -> list[tuple[ast.expr, Module]]:
    """What the callers of a function pass for the parameter that is looked up."""
    if not isinstance(wanted, ast.Name):
        return []
    function = module.scope_of(wanted).lookup(wanted.id)
    if not isinstance(function, Function):
        return []
    argument = next((a for a in function.parameters if a.arg == wanted.id), None)
    if argument is None:
        return []
    found = [
        (program.calls.argument(call, function, argument), where)
        for call, where in program.calls.calls_of(function)
    ]
    return [(node, where) for node, where in found if node is not None]


def _is_unknown(program: Program, owner: ast.expr, module: Module) -> bool:
    """Whether nothing is known of an expression but that it may be a module."""
    return all(
        isinstance(value, External) and value.name.startswith("sys.modules")
        for value in program.infer(owner, module)
    )


def _members(program: Program, owner: ast.expr, module: Module) -> Iterable[Function]:
    """The functions of a module or of a class with its family."""
    for chosen in _chosen(program, owner, module):
        yield from (f for f in chosen.functions.values() if f.parent and f.parent.is_module)
    for value in program.infer(owner, module):
        match value:
            case ModuleValue(module=target):
                yield from (f for f in target.functions.values() if f.parent and f.parent.is_module)
            case ClassValue(cls=Class() as cls) | Instance(cls=Class() as cls):
                for related in (*program.mro(cls), *program.subclasses(cls)):
                    if isinstance(related, Class):
                        yield from related.methods


def _chosen(program: Program, owner: ast.expr, module: Module) -> Iterator[Module]:
    """The modules that ``import_module(f"app.jobs.{kind}")`` can give."""
    made = program.definition(owner, module) if isinstance(owner, ast.Name) else None
    node, where = made or (owner, module)
    if not isinstance(node, ast.Call) or not node.args:
        return
    if program.outside_name(node.func, where) not in _IMPORTERS:
        return
    pattern = _pattern(node.args[0], where)
    if pattern != ".*":
        yield from (m for m in program.modules if re.fullmatch(pattern, m.name))


def _item(call: ast.Call, module: Module) -> tuple[ast.expr, ast.expr] | None:
    """What is read from a namespace: ``globals()[name]``, ``globals().get(name)``."""
    parent = module.parent(call)
    if isinstance(parent, ast.Subscript) and parent.value is call:
        return parent.slice, parent
    if isinstance(parent, ast.Attribute) and parent.attr == "get":
        outer = module.parent(parent)
        if isinstance(outer, ast.Call) and outer.func is parent and outer.args:
            return outer.args[0], outer
    return None


def _pattern(wanted: ast.expr, module: Module) -> str:
    """A regular expression of the names that an expression can give."""
    match wanted:
        case ast.Constant(value=str() as text):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"
                for part in parts
            )
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return re.sub(r"(\.\*)+", ".*", _pattern(left, module) + _pattern(right, module))
        case ast.Name(id=name):
            holder = module.scope_of(wanted).lookup(name)
            bindings = holder.bindings.get(name, []) if holder is not None else []
            if len(bindings) == 1 and bindings[0].kind == "assign" and not bindings[0].path:
                value = bindings[0].value
                if value is not None and not isinstance(value, ast.Name):
                    return _pattern(value, module)
    return ".*"
