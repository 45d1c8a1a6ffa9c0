"""Functions that are looked up by a name that is made at run time.

``getattr(handlers, f"handle_{kind}")`` and ``globals()[name]`` give functions that are then called
like any sync function, from a place that names none of them. So does whatever is given the path of
a function as a string: a scheduler, an entry point, an importer of the application's own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, FunctionValue, Instance, ModuleValue
from codemods.passes.async_session.sessions.patches import dotted
from codemods.plan.colours import Cause

_NAMESPACES = ("globals", "locals", "vars")
_GETTERS = ("operator.methodcaller", "operator.attrgetter")
#: Files that declare entry points, and how they name a function.
_DECLARING = ("pyproject.toml", "setup.cfg", "setup.py")
_ENTRY = re.compile(r"""=\s*["']?(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)""")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*")


def looked_up(program: Program) -> dict[Function, Cause]:
    """The functions that a lookup at run time can mean, and where."""
    found: dict[Function, Cause] = {}
    for module in program.modules.mentioning(("getattr", "methodcaller", *_NAMESPACES)):
        for name in ("getattr", *_NAMESPACES):
            for call in module.syntax.calls.get(name, ()):
                if not isinstance(call.func, ast.Name):
                    continue
                place = f"{module.path}:{call.lineno}"
                for function in _meant(program, name, call, module):
                    found.setdefault(function, Cause(f"may be looked up by name in {place}"))
    for function, place in (*_by_path(program), *_by_getter(program), *_declared(program)):
        found.setdefault(function, Cause(f"is named by a string in {place}"))
    return found


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


def _meant(program: Program, name: str, call: ast.Call, module: Module) -> Iterator[Function]:
    if name == "getattr":
        if len(call.args) < 2:
            return
        owner, wanted = call.args[:2]
        node: ast.expr = call
        candidates = list(_members(program, owner, module))
        if _is_unknown(program, owner, module):
            texts = _texts([wanted, *(node for node, _ in _passed(program, wanted, module))])
            candidates = [function for text in texts for function in program.calls.named(text)]
    else:
        found = _item(call, module)
        if found is None:
            return
        wanted, node = found
        scopes = module.functions.values()
        candidates = [f for f in scopes if f.parent is not None and f.parent.is_module]
        if call.args:
            candidates = list(_members(program, call.args[0], module))
    pattern = _pattern(wanted, module)
    if passed := _passed(program, wanted, module):
        pattern = "|".join(_pattern(text, where) for text, where in passed)
    if pattern == ".*" and not _is_called(program, node, module):
        return
    for function in candidates:
        if re.fullmatch(pattern, function.name):
            yield function


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
    for value in program.infer(owner, module):
        match value:
            case ModuleValue(module=target):
                yield from (f for f in target.functions.values() if f.parent and f.parent.is_module)
            case ClassValue(cls=Class() as cls) | Instance(cls=Class() as cls):
                for related in (*program.mro(cls), *program.subclasses(cls)):
                    if isinstance(related, Class):
                        yield from related.methods


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


def _is_called(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether what was looked up is called: at once, by its name, or by who is handed it."""
    parent = module.parent(node)
    if isinstance(parent, ast.Return):
        return True
    if isinstance(parent, ast.Call):
        name = program.outside_name(parent.func, module)
        return parent.func is node or not name.startswith("builtins.")
    if not isinstance(parent, ast.Assign | ast.NamedExpr | ast.AnnAssign):
        return False
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return any(module.syntax.calls.get(name) for name in names)
