"""Imports that nothing uses after the edits."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import libcst as cst

from codemods.edits.actions import Import
from codemods.edits.import_blocks import bound_name, import_by, is_type_checking
from codemods.edits.statements import Outcome, Statements, changed_line, joined

_WORD = re.compile(r"\w+")
_NOQA = re.compile(r"#\s*noqa(?!\s*:)|#\s*noqa\s*:.*\bF401\b", re.IGNORECASE)
_TYPE_COMMENT = re.compile(r"#\s*type:\s*(?!ignore)(.*)")

#: Functions whose string arguments are types.
_TYPED_CALLS = frozenset({"ForwardRef", "TypeVar", "cast", "NewType"})


def without_unused(
    module: cst.Module,
    drops: Iterable[Import],
    replaced: Iterable[str],
    code_of: Callable[[cst.CSTNode], str],
    kept: frozenset[str] = frozenset(),
) -> cst.Module:
    """The module without those of ``drops`` whose name nothing uses.

    ``replaced`` are names that another import gives now; ``kept`` are names to keep anyway.
    """
    drops = frozenset(drops)
    codes = [code_of(statement) for statement in module.body]
    used = used_names("".join(codes)) | kept
    free = frozenset(replaced)
    free |= rebound_names("".join(codes), {bound_name(one) for one in drops}) - kept
    gone = frozenset(one for one in drops if bound_name(one) in free or bound_name(one) not in used)
    if not gone:
        return module
    dropper = Dropper(gone)
    pairs: list[tuple[cst.BaseStatement, Outcome | None]] = []
    for statement, code in zip(module.body, codes, strict=True):
        if not isinstance(statement, cst.BaseStatement):
            continue
        if "import" in code and any(bound_name(one) in code for one in gone):
            pairs.append(dropper.dropped(statement))
        else:
            pairs.append((statement, None))
    body, pending = joined(pairs, top=True)
    lines = [line for line in pending if line.comment]
    return module.with_changes(body=body, footer=[*lines, *module.footer])


class Dropper(cst.CSTTransformer):
    """Takes names out of import statements, wherever they stand."""

    def __init__(self, gone: frozenset[Import]) -> None:
        super().__init__()
        self.gone = gone

    def dropped(self, statement: cst.BaseStatement) -> tuple[cst.BaseStatement, Outcome | None]:
        """A statement without the names, and what became of it where it changed as a whole."""
        if isinstance(statement, cst.SimpleStatementLine):
            return statement, self._line(statement)
        changed = statement.visit(self)
        if not isinstance(changed, cst.BaseStatement) or changed.deep_equals(statement):
            return statement, None
        if isinstance(changed, cst.If) and _is_empty_check(changed):
            return statement, Outcome([])
        return changed, None

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go down to statements only."""
        return not isinstance(
            node, (cst.SimpleStatementLine, cst.BaseExpression, cst.Parameters, cst.Decorator)
        )

    def leave_IndentedBlock(  # noqa: N802
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """Drop the names from a body."""
        pairs: list[tuple[cst.BaseStatement, Outcome | None]] = []
        for statement in updated_node.body:
            if isinstance(statement, cst.SimpleStatementLine):
                pairs.append((statement, self._line(statement)))
            elif isinstance(statement, cst.If) and _is_empty_check(statement):
                pairs.append((statement, Outcome([])))
            elif isinstance(statement, cst.BaseStatement):
                pairs.append((statement, None))
        if not any(outcome for _, outcome in pairs):
            return updated_node
        body, pending = joined(pairs, top=False)
        lines = [line for line in pending if line.comment]
        return updated_node.with_changes(
            body=body or [cst.SimpleStatementLine([cst.Pass()])],
            footer=[*lines, *updated_node.footer],
        )

    def _line(self, line: cst.SimpleStatementLine) -> Outcome | None:
        comment = line.trailing_whitespace.comment
        if comment and _NOQA.match(comment.value):
            return None
        outcomes = [self._small(small) for small in line.body]
        if not any(outcomes):
            return None
        return changed_line(line, outcomes)

    def _small(self, small: cst.BaseSmallStatement) -> Outcome | None:
        if not isinstance(small, (cst.Import, cst.ImportFrom)):
            return None
        if isinstance(small.names, cst.ImportStar):
            return None
        names = [alias for alias in small.names if import_by(small, alias) not in self.gone]
        if len(names) == len(small.names):
            return None
        if not names:
            return Outcome([])
        if names[-1] is not small.names[-1]:
            names[-1] = names[-1].with_changes(comma=small.names[-1].comma)
        plain = small.with_changes(names=names, semicolon=cst.MaybeSentinel.DEFAULT)
        middle: Statements = [cst.SimpleStatementLine([plain])]
        return Outcome(middle)


def _is_empty_check(node: cst.If) -> bool:
    """Whether nothing but ``pass`` is left of ``if TYPE_CHECKING:``."""
    if not is_type_checking(node.test) or node.orelse:
        return False
    match node.body:
        case cst.IndentedBlock(
            body=[cst.SimpleStatementLine(body=[cst.Pass()], leading_lines=[])], footer=[]
        ):
            return True
    return False


def used_names(code: str) -> frozenset[str]:
    """The names that a module uses: in code, in types written as strings, in ``__all__``.

    Where the module cannot be parsed, all words of it.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset(_WORD.findall(code))
    names: set[str] = set()
    for comment in _TYPE_COMMENT.findall(code):
        names.update(_WORD.findall(comment))
    for node in ast.walk(tree):
        names.update(_names(node))
    return frozenset(names)


def rebound_names(code: str, names: Iterable[str]) -> frozenset[str]:
    """Those of ``names`` that the module gives another value before anything reads them."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    open_names, found = set(names), set()
    for statement in body:
        if not open_names:
            break
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        read = {name for node in ast.walk(statement) for name in _names(node)}
        open_names -= read
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found |= open_names & {statement.targets[0].id}
            open_names -= found
    return frozenset(found)


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load() | ast.Del()):
            yield name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.AnnAssign(annotation=part) | ast.Subscript(slice=part):
            yield from _words(part)
        case ast.arg(annotation=ast.expr() as part):
            yield from _words(part)
        case ast.FunctionDef(returns=ast.expr() as part):
            yield from _words(part)
        case ast.AsyncFunctionDef(returns=ast.expr() as part):
            yield from _words(part)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _TYPED_CALLS:
            yield from _words(*node.args, *(one.value for one in node.keywords))
        case ast.Assign(targets=[ast.Name(id="__all__")], value=part):
            yield from _words(part)
        case ast.AugAssign(target=ast.Name(id="__all__"), value=part):
            yield from _words(part)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="__all__"))):
            yield from _words(*node.args)


def _words(*parts: ast.expr) -> Iterator[str]:
    """The words of the strings in expressions."""
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _WORD.findall(node.value)


def reexports(path: str, text: str, drops: Sequence[Import]) -> frozenset[str]:
    """The names that a package gives on: those that its ``__init__`` did not use before either."""
    names = {bound_name(one) for one in drops}
    explicit = {one.alias for one in drops if one.alias and one.alias == one.name}
    if path.rpartition("/")[2] != "__init__.py" or not names:
        return frozenset(explicit)
    return frozenset((names - used_names(text)) | explicit)
