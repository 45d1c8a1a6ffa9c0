"""Chains of mocks in tests that stand for a legacy query: ``db.query.return_value.filter...``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Function, Scope
from codemods.passes.modern_queries.table import BUILDERS, TERMINALS

#: What gives the result of a mocked call: it is asked for, or the call is made.
_CALL = "()"
_RESULT = ("return_value", _CALL)
_SAYS = ("return_value", "side_effect")
_ROOT = "query"
_DEEPEST = 5


@dataclass(frozen=True, eq=False)
class Tie:
    """A name for a part of a mocked query, with the statements that make it that."""

    module: Module
    statements: tuple[ast.stmt, ...]


@dataclass(frozen=True, eq=False)
class Chain:
    """One expression about the calls of a mocked query.

    ``base`` is the source text of the session. ``names`` are the methods of the query, ``tail`` is
    what is said of the last one. Methods in ``loops`` give the query that they are called on.
    """

    node: ast.expr
    module: Module
    function: Function | None
    base: str
    names: tuple[str, ...]
    tail: tuple[str, ...]
    loops: frozenset[str] = frozenset()
    ties: tuple[Tie, ...] = ()

    @property
    def statement(self) -> ast.stmt:
        """The statement around."""
        return self.module.statement(self.node)

    @property
    def value(self) -> ast.expr | None:
        """What is assigned to it."""
        match self.module.parent(self.node):
            case ast.Assign(targets=[target], value=value) if target is self.node:
                return value
        return None

    @property
    def is_set(self) -> bool:
        """Whether the test says what the calls give."""
        return self.value is not None and any(word in self.tail for word in _SAYS)

    @property
    def is_read(self) -> bool:
        """Whether it is asked how often there was a call."""
        return self.value is None and self.tail in (("call_count",), ("called",))

    @property
    def is_whole(self) -> bool:
        """Whether it is about what runs the query, not about a part of it."""
        return self.names[-1] in TERMINALS

    def fits(self, other: tuple[str, ...]) -> bool:
        """Whether the methods of a query are those that it stands for."""
        plain = tuple(name for name in other if name not in self.loops)
        return self.names == plain


class Mocked:
    """Finds the chains."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.chains: list[Chain] = []
        #: Those that tie a name to a part of a query, where nothing is said of the name.
        self.idle: list[Chain] = []
        #: The calls of ``query`` on mocks.
        self.roots: set[ast.expr] = set()
        for module in program.modules.mentioning((_ROOT,)):
            if program.web.in_tests(module):
                for node in module.syntax.references.get(_ROOT, ()):
                    if isinstance(node, ast.Attribute):
                        self._begin(node, module)
                self.chains.extend(_replaced(module))

    def _begin(self, node: ast.Attribute, module: Module) -> None:
        top, tokens = _climb(node, module)
        read = _read((_ROOT, *tokens))
        if read is None:
            return
        names, tail = read
        chain = Chain(top, module, module.function_of(node), ast.unparse(node.value), names, tail)
        if not _is_mock(chain, tokens):
            return
        parent = module.parent(node)
        if isinstance(parent, ast.Call):
            self.roots.add(parent)
        self._take(chain, 0)

    def _take(self, chain: Chain, depth: int) -> None:
        """Follow a name that a part of the query is tied to; else keep the chain."""
        further = self._further(chain) if depth < _DEEPEST else None
        if further is None:
            self.chains.append(chain)
            return
        if not further:
            self.idle.append(chain)
        for more in further:
            self._take(more, depth + 1)

    def _further(self, chain: Chain) -> list[Chain] | None:
        """The chains that go on at a name, or None where not all of its uses are understood."""
        name = _tied(chain)
        if not name or chain.function is None:
            return None
        statements = [chain.statement, *_creations(chain.function, name)]
        loops: set[str] = set()
        found: list[Chain] = []
        for use in _uses(chain.function, name, chain.module):
            top, tokens = _climb(use, chain.module)
            if not tokens and (
                chain.module.parent(use) is chain.statement or _gives_itself(use, chain.module)
            ):
                continue
            read = _read(tokens)
            if read is None:
                return None
            more = replace(chain, node=top, names=read[0], tail=read[1])
            value = more.value
            if more.tail == ("return_value",) and isinstance(value, ast.Name) and value.id == name:
                loops.update(more.names)
                statements.append(more.statement)
            elif not (isinstance(value, ast.Name) and value.id == name):
                found.append(more)
        ties = (*chain.ties, Tie(chain.module, tuple(statements)))
        loops |= chain.loops
        return [
            replace(
                more,
                names=(*chain.names, *(n for n in more.names if n not in loops)),
                loops=frozenset(loops),
                ties=ties,
            )
            for more in found
        ]


def _replaced(module: Module) -> Iterator[Chain]:
    """``db.query = MagicMock(...)``: the method itself is another mock."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(attr="query", value=owner) as target],
                value=ast.Call(func=made),
            ) if ast.unparse(made).endswith("Mock"):
                function = module.function_of(target)
                yield Chain(target, module, function, ast.unparse(owner), (_ROOT,), ())


def _climb(node: ast.expr, module: Module) -> tuple[ast.expr, tuple[str, ...]]:
    """The attributes and calls around an expression, from the inside out."""
    tokens: list[str] = []
    while True:
        parent = module.parent(node)
        if isinstance(parent, ast.Attribute):
            tokens.append(parent.attr)
        elif isinstance(parent, ast.Call) and parent.func is node:
            tokens.append(_CALL)
        else:
            return node, tuple(tokens)
        node = parent


def _read(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The methods of a query at the beginning of a chain, and the rest."""
    names: list[str] = []
    position = 0
    while position < len(tokens):
        name = tokens[position]
        if name in TERMINALS:
            return (*names, name), tokens[position + 1 :]
        if name not in BUILDERS and name != _ROOT:
            break
        names.append(name)
        position += 1
        following = tokens[position + 1 : position + 2]
        if tokens[position : position + 1] not in (("return_value",), (_CALL,)) or not (
            following and (following[0] in BUILDERS or following[0] in TERMINALS)
        ):
            return tuple(names), tokens[position:]
        position += 1
    return None


def _is_mock(chain: Chain, tokens: tuple[str, ...]) -> bool:
    """Whether only a mock has what is asked for."""
    words = {"return_value", "side_effect", "call_args", "call_count", "called", "call_args_list"}
    return any(token in words or token.startswith("assert_") for token in tokens) or (
        not tokens and chain.value is not None
    )


def _tied(chain: Chain) -> str:
    """The name that stands for a part of a query: it is given by a call, or is what a call gave."""
    if chain.is_whole:
        return ""
    if chain.tail == ("return_value",):
        value = chain.value
        if isinstance(value, ast.Name) and _made_bare(value, chain):
            return value.id
    if chain.tail in (("return_value",), (_CALL,)):
        match chain.module.parent(chain.node):
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is chain.node:
                return name
    return ""


def _gives_itself(use: ast.Name, module: Module) -> bool:
    """``query.filter.return_value = query``."""
    match module.parent(use):
        case ast.Assign(targets=[ast.Attribute(attr="return_value") as target]):
            return ast.unparse(target).partition(".")[0] == use.id
    return False


def _made_bare(name: ast.Name, chain: Chain) -> bool:
    """Whether a name is that of a mock that its function makes, without any settings."""
    bindings = chain.function.bindings.get(name.id, ()) if chain.function is not None else ()
    return bool(bindings) and all(
        isinstance(b.value, ast.Call)
        and not b.value.args
        and not b.value.keywords
        and ast.unparse(b.value.func).endswith("Mock")
        for b in bindings
    )


def _creations(function: Function, name: str) -> list[ast.stmt]:
    """The assignments that make the mock that a name stands for."""
    return [
        function.module.statement(b.value)
        for b in function.bindings.get(name, ())
        if isinstance(b.value, ast.Call) and ast.unparse(b.value.func).endswith("Mock")
    ]


def _uses(function: Function, name: str, module: Module) -> Iterator[ast.Name]:
    holder: Scope | None = function.lookup(name)
    for node in module.syntax.references.get(name, ()):
        if isinstance(node, ast.Name) and module.scope_of(node).lookup(name) is holder:
            yield node
