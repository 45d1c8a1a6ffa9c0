"""What can be done to a node: small pieces of data that the plan makes and the editor applies.

A *template* is Python source with holes. A hole is filled with a part of the node after the edits
below it were applied, so edits of nested nodes compose:

``{self}``      the node itself (of a statement: on a line of its own in the template)
``{func}``      what a call calls
``{receiver}``  the value of the attribute (of a call: of the attribute that it calls)
``{args}``      all arguments of a call, as written
``{rest}``      all arguments of a call but the first
``{0}``         the value of the first positional argument, and so on (of a with statement: the
                first thing that it enters; of a list or tuple: its one element; of a binary
                operation: its operands)
``{name=}``     the value of the keyword argument ``name``
``{value}``     the value of a return, an assignment, an expression statement, an await, a
                ``yield from``, a subscript, a ``not``
``{target}``    the target of an assignment with one target
``{items}``     the items of a with statement
``{test}``      the test of an if or a while
``{iter}``      the iterable of a for loop, or of the first ``for`` of a comprehension
``{body}``      the statements of a compound statement, or those that are wrapped (on a line of
                its own in the template)

The template of an expression statement has the holes of its expression as well. Any other text in
braces (a dict, an f-string) is left as it is, and so is what went through ``verbatim``. A hole
that the node has not is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from codemods.edits.keys import NodeKey


@dataclass(frozen=True)
class Await:
    """Put ``await`` before an expression, with parentheses where its place asks for them."""


@dataclass(frozen=True)
class Rewrite:
    """Replace an expression by a template."""

    template: str


@dataclass(frozen=True)
class Rename:
    """Give a name, an attribute, a function, a parameter or what a call calls a new name.

    Of a keyword argument it renames the keyword; of a part of an import, what is imported.
    """

    name: str


@dataclass(frozen=True)
class Arguments:
    """Change the arguments of a call.

    ``remove`` names keywords (``"future"``) or counts positions (``0``); ``put`` sets keywords to
    source text (which may have holes), replacing the one that is there or adding it at the end.
    Positions are those after the edits before this one; an argument to remove has to be there.
    """

    remove: tuple[str | int, ...] = ()
    put: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MakeAsync:
    """``def``, ``with`` and ``for`` become ``async def``, ``async with`` and ``async for``.

    On a comprehension, ``index`` says which of its ``for`` parts.
    """

    index: int = 0


@dataclass(frozen=True)
class MakeSync:
    """``async def`` becomes ``def``."""


@dataclass(frozen=True)
class MakeList:
    """A generator expression becomes a list comprehension."""


@dataclass(frozen=True)
class ReplaceStatement:
    """Replace a statement by the statements of a template; its comments stay above the first.

    An ``elif`` is no statement of its own: it can be neither replaced, removed nor inserted at.
    """

    template: str


@dataclass(frozen=True)
class InsertBefore:
    """Put the statements of a template before a statement."""

    template: str


@dataclass(frozen=True)
class InsertAfter:
    """Put the statements of a template after a statement."""

    template: str


@dataclass(frozen=True)
class InsertCopy:
    """Put a copy of an assignment or a function behind it, as it is after its edits.

    ``names`` are pairs of a name and what stands for it: another name, or a call of it (``f()``).
    Calls of the functions in ``calls`` get keywords. ``remove`` and ``put`` change the keywords of
    the call that is assigned (one to remove need not be there); it goes where a ``template`` has
    ``{value}``.
    """

    names: tuple[tuple[str, str], ...] = ()
    calls: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    remove: tuple[str, ...] = ()
    put: tuple[tuple[str, str], ...] = ()
    template: str = ""


@dataclass(frozen=True)
class WrapRest:
    """Put a statement and all behind it in its body where ``{body}`` stands in a template.

    The statement has to be the first of its line. A ``count`` says how many lines go there (a
    compound statement is one); what is behind them stays.
    """

    template: str
    count: int | None = None


@dataclass(frozen=True)
class RemoveStatement:
    """Take a statement out; comments above it stay, and a body left empty gets ``pass``."""


@dataclass(frozen=True)
class AddDecorator:
    """Put a decorator (source text without ``@``) on a function or class; last is nearest to it."""

    source: str


@dataclass(frozen=True)
class RemoveDecorator:
    """Take a decorator, named by its place (0 is the topmost), off a function or class.

    Places count the decorators as they are before the first edit of the node.
    """

    index: int


@dataclass(frozen=True)
class AddParameter:
    """Add a parameter (source text, e.g. ``app: FastAPI``) to a function, before ``**kwargs``.

    It becomes keyword-only behind ``*args`` or ``*``, and (with a new ``*``) where it has no
    default but a parameter before it has one.
    """

    source: str


@dataclass(frozen=True)
class SetReturns:
    """Set the return annotation of a function to source text."""

    source: str


Action = (
    Await
    | Rewrite
    | Rename
    | Arguments
    | MakeAsync
    | MakeList
    | MakeSync
    | ReplaceStatement
    | InsertBefore
    | InsertAfter
    | RemoveStatement
    | InsertCopy
    | WrapRest
    | AddDecorator
    | RemoveDecorator
    | AddParameter
    | SetReturns
)


@dataclass(frozen=True, order=True)
class Origin:
    """What asked for an edit: a place in the code base that the pass was given.

    What the pass found and decided there (on the line, or about the function ``symbol``) is behind
    the edit. ``why`` says it in words where the pass reports nothing about the place.
    """

    path: str
    line: int
    symbol: str = ""
    why: str = ""


@dataclass(frozen=True)
class Edit:
    """An action on the node with that key. Edits of one node apply in the order of the plan.

    ``because`` says what asked for it, where that is not what was decided about its own place.
    """

    key: NodeKey
    action: Action
    because: tuple[Origin, ...] = field(default=(), compare=False)


@dataclass(frozen=True, order=True)
class Import:
    """``from module import name as alias``; without ``name``: ``import module as alias``."""

    module: str
    name: str = ""
    alias: str = ""


@dataclass(frozen=True)
class FileEdits:
    """All that happens to one module in one pass.

    ``drop_imports`` go only where nothing in the edited module uses their name any more, or where
    one of ``add_imports`` gives that name now.
    ``append`` are statements put at the end of the module; ``after_imports`` behind its imports.
    ``because`` says of imports and of such statements what asked for them, where that is not what
    asked for the edits that use their names.
    """

    edits: tuple[Edit, ...] = ()
    add_imports: tuple[Import, ...] = ()
    drop_imports: tuple[Import, ...] = ()
    after_imports: tuple[str, ...] = ()
    append: tuple[str, ...] = field(default=())
    because: tuple[tuple[Import | str, Origin], ...] = field(default=(), compare=False)
