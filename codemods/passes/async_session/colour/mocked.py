"""Functions that tests hand to mocks, which call them or look like them, in either colour."""

from __future__ import annotations

import ast

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.patches import LIBRARIES, form_of

_MAKERS = frozenset(
    f"{library}.{name}" for library in LIBRARIES for name in ("Mock", "MagicMock", "AsyncMock")
)
_LIKE = frozenset(f"{library}.create_autospec" for library in LIBRARIES)
_CALLED = ("wraps", "side_effect")


def is_mocked(program: Program, node: ast.expr, holder: ast.Call, module: Module) -> bool:
    """Whether a call makes a mock of a function, which a test does not call by itself."""
    if not program.web.in_tests(module):
        return False
    keyword = next((k.arg for k in holder.keywords if k.value is node), "")
    name = program.outside_name(holder.func, module)
    if name in _LIKE:
        taken = node in holder.args[:1] or keyword == "spec"
    else:
        makes = name in _MAKERS or bool(form_of(program, holder.func, module))
        taken = keyword in _CALLED and makes
    return taken and not _is_called(holder, module)


def _is_called(holder: ast.Call, module: Module) -> bool:
    """Whether the name of the mock is called where it is made."""
    match module.parent(holder):
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.withitem(
            optional_vars=ast.Name(id=name)
        ):
            scope = module.scope_of(holder)
            return any(
                isinstance(call.func, ast.Name) and module.scope_of(call) is scope
                for call in module.syntax.calls.get(name, ())
            )
    return False
