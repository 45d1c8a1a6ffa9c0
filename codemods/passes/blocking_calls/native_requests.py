"""Single HTTP requests: by the one client that the application has.

What requests answers and raises is followed to where it is used: only what httpx says by another
name of the same meaning is rewritten, and all of a function's use of an answer or none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits.actions import Arguments, Await, Rewrite
from codemods.facts.async_forms import REQUEST_ARGUMENTS, RESPONSE_ATTRIBUTES, AsyncForm
from codemods.facts.modules import Module
from codemods.facts.values import Instance
from codemods.passes.blocking_calls import clients
from codemods.passes.blocking_calls.native_clients import is_plain_request
from codemods.passes.blocking_calls.native_errors import Errors
from codemods.passes.blocking_calls.natives import CLIENT, Added, Change, Context, Native
from codemods.passes.blocking_calls.sites import Site

#: What tests name where they answer in the place of a server.
_MOCKS = {
    "requests": "requests requests_mock responses httpretty vcr betamax".split(),
    "httpx": "respx pytest_httpx httpx_mock".split(),
}
_PATCHING = frozenset("patch monkeypatch mocker setattr".split())
#: Values that both libraries write into a URL or a form in the same way.
_PLAIN_VALUES = ("builtins.str", "builtins.int")


def request(context: Context, site: Site, form: AsyncForm) -> Native | None:
    """``requests.get(url)`` becomes ``await http_client().get(url)``."""
    library, _, verb = context.name(site).rpartition(".")
    if _is_mocked(context, library) or not _has_plain_arguments(site, verb):
        return None
    if library == "httpx":
        changes: list[Change] | None = (
            _call(site, verb, ()) if is_plain_request(context, site) else None
        )
    else:
        changes = _from_requests(context, site, verb)
    if changes is None:
        return None
    imports: tuple[Added, ...] = ()
    if any("httpx." in getattr(change.action, "template", "") for change in changes):
        imports = (Added(site.module, "httpx"),)
    if any("json.JSONDecodeError" in getattr(c.action, "template", "") for c in changes):
        imports = (*imports, Added(site.module, "json"))
    drops = (Added(site.module, library), Added(site.module, library, verb))
    return Native(form, (site.call,), tuple(changes), imports, drops, clients.HTTP, site.module)


def _call(site: Site, verb: str, put: tuple[tuple[str, str], ...]) -> list[Change]:
    call, module = site.call, site.module
    return [
        Change(module, call, Arguments((), put)),
        Change(module, call, Rewrite(f"{CLIENT}().{verb}({{args}})")),
        Change(module, call, Await()),
    ]


def _has_plain_arguments(site: Site, verb: str) -> bool:
    """Whether only the address (and the method of ``request``) is given by its place."""
    allowed = 2 if verb == "request" else 1
    return len(site.call.args) == allowed and not any(
        isinstance(argument, ast.Starred) for argument in site.call.args
    )


def _is_mocked(context: Context, library: str) -> bool:
    """Whether tests answer for the library: they would have to answer for another one."""
    for module in context.program.modules.mentioning((library, *_MOCKS[library])):
        if not context.program.web.in_tests(module):
            continue
        if library == "requests" or not _PATCHING.isdisjoint(module.identifiers):
            return True
    return False


# -- from requests to httpx ------------------------------------------------------------------


def _from_requests(context: Context, site: Site, verb: str) -> list[Change] | None:
    keywords = {keyword.arg: keyword.value for keyword in site.call.keywords}
    if not set(keywords) <= REQUEST_ARGUMENTS - {"content", "follow_redirects"} | {
        "allow_redirects",
        "auth",
    }:
        return None
    if not _alike(context, site, keywords):
        return None
    used = _answer(context, site)
    errors = Errors(context, site).changes()
    if used is None or errors is None:
        return None
    put = [] if "timeout" in keywords else [("timeout", "None")]
    followed = "{allow_redirects=}" if "allow_redirects" in keywords else str(verb != "head")
    put.append(("follow_redirects", followed))
    changes = _call(site, verb, tuple(put))
    if "allow_redirects" in keywords:
        changes.insert(1, Change(site.module, site.call, Arguments(("allow_redirects",))))
    return [*changes, *used, *errors]


def _alike(context: Context, site: Site, keywords: dict[str | None, ast.expr]) -> bool:
    """Whether httpx sends the same for the arguments of a request."""
    module = site.module
    for name, value in keywords.items():
        if name == "timeout" and not _is_number(context, value, module):
            return False
        if name in ("params", "data") and not _is_plain_dict(context, value, module):
            return False
        if name == "auth" and not isinstance(value, ast.Tuple):
            return False
        if name == "headers" and not isinstance(value, ast.Dict):
            return False
    return "params" not in keywords or _has_no_query(site.call.args[-1])


def _is_number(context: Context, node: ast.expr, module: Module) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) or node.value is None
    values = context.program.infer(node, module)
    return bool(values) and context.program.is_a(node, module, "builtins.int", "builtins.float")


def _is_plain_dict(context: Context, node: ast.expr, module: Module) -> bool:
    return isinstance(node, ast.Dict) and all(
        isinstance(key, ast.Constant)
        and isinstance(key.value, str)
        and (
            isinstance(value, ast.JoinedStr)
            or (isinstance(value, ast.Constant) and type(value.value) in (str, int))
            or _is_one_of(context, value, module)
        )
        for key, value in zip(node.keys, node.values, strict=True)
    )


def _is_one_of(context: Context, node: ast.expr, module: Module) -> bool:
    values = context.program.infer(node, module)
    return bool(values) and all(
        isinstance(value, Instance) and value.cls in _PLAIN_VALUES for value in values
    )


def _has_no_query(url: ast.expr) -> bool:
    """Whether an address that is written out has no query of its own, which httpx would drop."""
    match url:
        case ast.Constant(value=str() as text):
            return "?" not in text
        case ast.JoinedStr(values=parts):
            texts = [p.value for p in parts if isinstance(p, ast.Constant)]
            return bool(texts) and not any("?" in str(text) for text in texts)
    return False


def _answer(context: Context, site: Site) -> list[Change] | None:
    """The edits of all that is done with the answer; None where something is done differently."""
    module, call = site.module, site.call
    parent = module.parent(call)
    if isinstance(parent, ast.Expr):
        return []
    if isinstance(parent, ast.Attribute):
        return _attribute(parent, module)
    if not (isinstance(parent, ast.Assign) and len(parent.targets) == 1):
        return None
    target = parent.targets[0]
    if not isinstance(target, ast.Name) or len(site.function.bindings.get(target.id, ())) != 1:
        return None
    changes: list[Change] = []
    for node in _reads(site, target.id):
        above = module.parent(node)
        if module.function_of(node) is not site.function or not isinstance(above, ast.Attribute):
            return None
        found = _attribute(above, module)
        if found is None:
            return None
        changes += found
    return changes


def _reads(site: Site, name: str) -> Iterator[ast.Name]:
    for node in site.function.nodes:
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _attribute(node: ast.Attribute, module: Module) -> list[Change] | None:
    """The edits of one attribute of an answer."""
    parent = module.parent(node)
    if node.attr == "ok":
        return [Change(module, node, Rewrite("(not {receiver}.is_error)"))]
    if node.attr == "reason":
        return [Change(module, node, Rewrite("{receiver}.reason_phrase"))]
    if node.attr not in RESPONSE_ATTRIBUTES:
        return None
    call = parent if isinstance(parent, ast.Call) and parent.func is node else None
    if node.attr == "raise_for_status":  # httpx gives the answer here, not None
        return [] if call is not None and isinstance(module.parent(call), ast.Expr) else None
    if node.attr == "json":
        return [] if call is not None and not call.keywords else None
    return []
