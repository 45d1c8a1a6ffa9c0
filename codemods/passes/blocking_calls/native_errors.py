"""What is caught around a request: the errors of requests become those of httpx, where equal."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Rewrite
from codemods.facts import Program
from codemods.facts.async_forms import BASES_OF_ERRORS, ERRORS
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External
from codemods.passes.blocking_calls.natives import Change, Context
from codemods.passes.blocking_calls.sites import Site

_BUILTINS = tuple(f"builtins.{name}" for name in BASES_OF_ERRORS)
#: What may be done with a caught error whose message is another one.
_LOGGING = frozenset("debug info warning error exception critical log".split())
_ANSWER = frozenset("status_code text content json".split())


class Errors:
    """The handlers of the try statements around a site."""

    def __init__(self, context: Context, site: Site) -> None:
        self.context = context
        self.program = context.program
        self.site = site

    def changes(self) -> list[Change] | None:
        """The edits of the handlers; None where one catches what httpx has not."""
        if self.context.is_caught_everywhere or self._is_registered():
            return None
        if self._is_caught_above(self.site.function, set()):
            return None
        changes: list[Change] = []
        for block in _tries(self.site.call, self.site.module):
            for handler in block.handlers:
                found = self._handler(handler, block)
                if found is None:
                    return None
                changes += found
        return changes

    def _handler(self, handler: ast.ExceptHandler, block: ast.Try) -> list[Change] | None:
        names = caught_names(self.program, handler, self.site.module)
        ours = [name for name in names if name.startswith("requests.")]
        if not ours:
            return None if any(name in _BUILTINS for name in names) else []
        words = [name.rpartition(".")[2] for name in ours]
        if any(word not in ERRORS for word in words) or len(ours) < len(names):
            return None
        if not self._all_become_async(block) or not self._is_used_alike(handler):
            return None
        found = [f"httpx.{error}" for word in words for error in ERRORS[word]]
        if "RequestException" in words and _reads_json(block):
            if any(_is_loads(node) for node in ast.walk(block)):
                return None
            found.append("json.JSONDecodeError")
        found = list(dict.fromkeys(found))
        text = found[0] if len(found) == 1 else f"({', '.join(found)})"
        assert handler.type is not None
        return [Change(self.site.module, handler.type, Rewrite(text))]

    def _all_become_async(self, block: ast.Try) -> bool:
        """Whether nothing else in a try statement goes on raising the errors of requests."""
        for node in ast.walk(ast.Module(block.body, [])):
            if not isinstance(node, ast.Call) or node is self.site.call:
                continue
            name = self.program.outside_name(node.func, self.site.module)
            if _asks(name) or self._reaches(node, self.site.module, set()):
                return False
        return True

    def _reaches(self, call: ast.Call, module: Module, seen: set[Function]) -> bool:
        """Whether a call of the application may go on to requests."""
        for function in self.program.called_functions(call, module):
            if function in seen:
                continue
            seen.add(function)
            if any(
                isinstance(node, ast.Call)
                and (
                    _asks(self.program.outside_name(node.func, function.module))
                    or self._reaches(node, function.module, seen)
                )
                for node in function.nodes
            ):
                return True
        return False

    def _is_used_alike(self, handler: ast.ExceptHandler) -> bool:
        """Whether a caught error is only raised on, logged, or asked for its answer."""
        if handler.name is None:
            return True
        module = self.site.module
        for node in ast.walk(ast.Module(handler.body, [])):
            if not (isinstance(node, ast.Name) and node.id == handler.name):
                continue
            if not _is_harmless(node, module):
                return False
        return True

    # -- further up --------------------------------------------------------------------------

    def _is_caught_above(self, function: Function, seen: set[Function]) -> bool:
        """Whether a caller catches the errors of requests, or what they are to the language."""
        if function in seen:
            return False
        seen.add(function)
        for reference in self.program.calls.references(function):
            if reference.call is None:
                continue
            for block in _tries(reference.call, reference.module):
                for handler in block.handlers:
                    if _is_of_requests(caught_names(self.program, handler, reference.module)):
                        return True
            caller = reference.module.function_of(reference.call)
            if caller is not None and self._is_caught_above(caller, seen):
                return True
        return False

    def _is_registered(self) -> bool:
        """Whether the application answers the errors of requests wherever they come from."""
        for module in self.program.modules.mentioning(
            ("exception_handler", "add_exception_handler")
        ):
            if "requests" not in module.identifiers:
                continue
            for name in ("exception_handler", "add_exception_handler"):
                for call in module.syntax.calls.get(name, ()):
                    for argument in call.args:
                        if self.program.outside_name(argument, module).startswith("requests."):
                            return True
        return False


def _asks(name: str) -> bool:
    """Whether a function is one of requests; what an answer says comes with the answer."""
    return name.startswith("requests.") and not name.startswith("requests.Response.")


def caught_names(program: Program, handler: ast.ExceptHandler, module: Module) -> list[str]:
    """What a handler catches, by resolved names; a name that is not known counts as "?"."""
    if handler.type is None:
        return []
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = []
    for part in parts:
        values = program.infer(part, module)
        outside = [v.name for v in values if isinstance(v, External)]
        names += outside or ([] if values else ["?"])
    return names


def _is_of_requests(names: list[str]) -> bool:
    return any(name.startswith("requests.") or name in _BUILTINS for name in names)


def catches_everywhere(program: Program) -> bool:
    """Whether a decorator, a dependency or a middleware catches what requests raises.

    Such a try statement yields, or calls what it was given: any function can be behind it.
    """
    for module in program.modules.mentioning(("requests", *BASES_OF_ERRORS)):
        if "try" not in module.identifiers or program.web.in_tests(module):
            continue
        for block in ast.walk(module.tree):
            if not isinstance(block, ast.Try) or not _runs_anything(block, module):
                continue
            for handler in block.handlers:
                if _is_of_requests(caught_names(program, handler, module)):
                    return True
    return False


def _runs_anything(block: ast.Try, module: Module) -> bool:
    given = {
        argument.arg
        for parent in module.ancestors(block)
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef)
        for argument in ast.walk(parent.args)
        if isinstance(argument, ast.arg)
    }
    return any(
        isinstance(node, ast.Yield | ast.YieldFrom)
        or (isinstance(node, ast.Name) and node.id in given and _is_called(node, module))
        for statement in block.body
        for node in ast.walk(statement)
    )


def _is_called(node: ast.Name, module: Module) -> bool:
    call = module.parent(node)
    return isinstance(call, ast.Call) and call.func is node


def _tries(node: ast.AST, module: Module) -> Iterator[ast.Try]:
    """The try statements in whose body a node stands, within its function."""
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(parent, ast.Try) and child in parent.body:
            yield parent
        child = parent


def _reads_json(block: ast.Try) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "json"
        for statement in block.body
        for node in ast.walk(statement)
    )


def _is_loads(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and (
        (node.attr if isinstance(node, ast.Attribute) else node.id) in ("loads", "load")
    )


def _is_harmless(node: ast.Name, module: Module) -> bool:
    match module.parent(node):
        case ast.Raise(cause=cause):
            return cause is node
        case ast.Attribute(attr="response") as answer:
            above = module.parent(answer)
            return isinstance(above, ast.Attribute) and above.attr in _ANSWER
        case ast.Call(func=ast.Attribute(attr=attr)):
            return attr in _LOGGING
    return False
