"""The imports of a module: which there are, in which groups, in which order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import libcst as cst

from codemods.edits.actions import Import
from codemods.edits.templates import leading_lines

#: The sections in which sorted imports stand.
FUTURE, STANDARD, THIRD_PARTY, LOCAL = range(4)


@dataclass(frozen=True)
class Block:
    """Import statements that no blank line separates; ``start`` is the place of the first."""

    start: int
    statements: tuple[cst.SimpleStatementLine, ...]

    @property
    def end(self) -> int:
        """The place behind the last statement."""
        return self.start + len(self.statements)


def import_of(statement: cst.CSTNode) -> cst.Import | cst.ImportFrom | None:
    """The import of a line that holds nothing else."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom() as small]):
            return small
    return None


def module_of(node: cst.ImportFrom) -> str:
    """The module after ``from``, with the dots of a relative import."""
    return "." * len(node.relative) + (dotted(node.module) if node.module else "")


def dotted(node: cst.BaseExpression) -> str:
    """``a.b.c`` as text; empty for anything else."""
    match node:
        case cst.Name(value=value):
            return value
        case cst.Attribute(value=value, attr=cst.Name(value=name)):
            return f"{dotted(value)}.{name}"
    return ""


def imported(node: cst.Import | cst.ImportFrom) -> Iterator[Import]:
    """What an import statement imports; nothing for ``*``."""
    if isinstance(node.names, cst.ImportStar):
        return
    for alias in node.names:
        yield import_by(node, alias)


def import_by(node: cst.Import | cst.ImportFrom, alias: cst.ImportAlias) -> Import:
    """One name of an import statement."""
    name = dotted(alias.name)
    other = dotted(alias.asname.name) if alias.asname else ""
    if isinstance(node, cst.Import):
        return Import(name, "", other)
    return Import(module_of(node), name, other)


def bound_name(one: Import) -> str:
    """The name that an import gives to the module."""
    return one.alias or one.name or one.module.partition(".")[0]


def is_import_block(statement: cst.CSTNode) -> bool:
    """Whether a statement only imports: also ``if TYPE_CHECKING:`` and ``try: import``."""
    match statement:
        case cst.If(test=test):
            return is_type_checking(test)
        case cst.Try(body=cst.IndentedBlock(body=[first, *_])):
            return import_of(first) is not None
    return import_of(statement) is not None


def is_type_checking(test: cst.BaseExpression) -> bool:
    """Whether a test is ``TYPE_CHECKING``."""
    return dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def head_of(body: Sequence[cst.CSTNode]) -> int:
    """The place behind the imports at the top of a module (behind its docstring, if none)."""
    end = 0
    for index, statement in enumerate(body):
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef, cst.With, cst.For, cst.While)):
            break
        if is_import_block(statement) or (index == 0 and _is_docstring(statement)):
            end = index + 1
    return end


def _is_docstring(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=value)]):
            return isinstance(value, (cst.SimpleString, cst.ConcatenatedString))
    return False


def blocks_of(body: Sequence[cst.CSTNode]) -> list[Block]:
    """The blocks of import statements at the top of a module."""
    blocks: list[Block] = []
    for index, statement in enumerate(body[: head_of(body)]):
        if import_of(statement) is None or not isinstance(statement, cst.SimpleStatementLine):
            continue
        apart = any(line.comment is None for line in leading_lines(statement))
        if blocks and not apart and blocks[-1].end == index:
            last = blocks.pop()
            blocks.append(Block(last.start, (*last.statements, statement)))
        else:
            blocks.append(Block(index, (statement,)))
    return blocks


def top_package(module: str) -> str:
    """The first part of a dotted name; the dots of a relative one."""
    return module.partition(".")[0] if not module.startswith(".") else "."


def section_of(module: str, first_party: frozenset[str]) -> int:
    """The section that a module belongs to."""
    top = top_package(module)
    if top == "__future__":
        return FUTURE
    if top == "." or top in first_party:
        return LOCAL
    return STANDARD if top in sys.stdlib_module_names else THIRD_PARTY


def module_in(statement: cst.CSTNode) -> str:
    """The module that an import statement names first."""
    node = import_of(statement)
    if isinstance(node, cst.ImportFrom):
        return module_of(node)
    return dotted(node.names[0].name) if node else ""


Key = Callable[[str], tuple[object, ...]]


def _by_type(name: str) -> tuple[object, ...]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return (kind, name.lower(), name)


#: The orders of names that are recognised: isort's, by characters, by letters.
NAME_ORDERS: tuple[Key, ...] = (_by_type, lambda name: (name,), lambda name: (name.lower(), name))


def sorted_place(names: Sequence[str], name: str) -> int:
    """Where ``name`` belongs among ``names``: in their order, or at the end if they have none."""
    for order in NAME_ORDERS:
        keys = [order(one) for one in names]
        if _rises(keys):
            return _place(keys, order(name))
    return len(names)


def _rises(keys: Sequence[tuple[object, ...]]) -> bool:
    return keys == sorted(keys)


def _place(keys: Sequence[tuple[object, ...]], key: tuple[object, ...]) -> int:
    return sum(1 for one in keys if one <= key)


def _module_key(module: str) -> tuple[object, ...]:
    dots = len(module) - len(module.lstrip("."))
    return (-dots if dots else -1000, module.lstrip(".").lower(), module)


def statement_place(
    block: Block, statement: cst.SimpleStatementLine, first_party: frozenset[str]
) -> int | None:
    """Where a new import belongs in a block that is sorted; None where it is not."""
    for sections in (True, False):
        for plain_first in (True, False):
            order = partial(_statement_key, first_party if sections else None, plain_first)
            keys = [order(one) for one in block.statements]
            if _rises(keys):
                return block.start + _place(keys, order(statement))
    return None


def _statement_key(
    first_party: frozenset[str] | None, plain_first: bool, statement: cst.CSTNode
) -> tuple[object, ...]:
    """The place of a statement in an order: by section or not, ``import`` first or not."""
    module = module_in(statement)
    section = section_of(module, first_party or frozenset())
    if first_party is None:
        section = min(section, STANDARD)
    later = plain_first and isinstance(import_of(statement), cst.ImportFrom)
    return (section, later, *_module_key(module))
