"""Functions that are looked up by a name that is made at run time.

``getattr(handlers, f"handle_{kind}")`` and ``globals()[name]`` give functions that are then called
like any sync function, from a place that names none of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, External, Instance, ModuleValue
from codemods.plan.colours import Cause

_NAMESPACES = ("globals", "locals", "vars")


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
    return found


def _meant(program: Program, name: str, call: ast.Call, module: Module) -> Iterator[Function]:
    if name == "getattr":
        if len(call.args) < 2:
            return
        owner, wanted = call.args[:2]
        node: ast.expr = call
        candidates = list(_members(program, owner, module))
        if isinstance(wanted, ast.Constant) and _is_unknown(program, owner, module):
            candidates = program.calls.named(str(wanted.value))
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
    if pattern == ".*" and not _is_called(node, module):
        return
    for function in candidates:
        if re.fullmatch(pattern, function.name):
            yield function


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


def _is_called(node: ast.expr, module: Module) -> bool:
    """Whether what was looked up is called, at once or under the name that it is given."""
    parent = module.parent(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        return True
    if not isinstance(parent, ast.Assign | ast.NamedExpr | ast.AnnAssign):
        return False
    targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    return any(module.syntax.calls.get(name) for name in names)
