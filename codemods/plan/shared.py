"""Which functions read and write what several requests share, and in what order."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.blocking import Blocking
from codemods.facts.blocking_table import Blocker, Effect, Kind
from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.walk import own_nodes
from codemods.plan.shared_keys import DATABASE, DISK, MAKERS, Key, SharedKeys, overlap

Place = tuple[int, int]

#: Methods of containers that change them.
_MUTATORS = frozenset(
    """append appendleft extend extendleft insert add update setdefault pop popleft popitem remove
    discard clear sort reverse subtract move_to_end put_nowait get_nowait rotate
    intersection_update difference_update symmetric_difference_update __setitem__
    __delitem__""".split()
)
_REMOVERS = frozenset("pop popleft popitem remove discard clear get_nowait".split())
#: Functions and methods that take a file away from others.
_FILE_REMOVERS = frozenset(
    "remove unlink rmdir removedirs rename renames replace move rmtree".split()
)
#: What makes a name that nobody else has.
_UNIQUE = ("tempfile.", "uuid.", "secrets.")
#: What a call reads or writes instead of the disk.
_IN_MEMORY = ("io.BytesIO", "io.StringIO", known.FILE)
#: What writes where its first argument says.
_WRITER = "pandas.ExcelWriter"
_DEPTH = 6


class Access(NamedTuple):
    """A read or a write of something shared. ``node`` is where it happens, ``place`` when."""

    key: Key
    writes: bool
    node: ast.AST
    place: Place
    removes: bool = False


class _Keys:
    """Many keys, of which one is asked whether any overlaps it."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = frozenset(keys)
        self._beginnings = frozenset(k[:end] for k in self._keys for end in range(len(k) + 1))

    def overlap(self, key: Key) -> bool:
        """Whether any of the keys names what ``key`` does, or one a part of the other."""
        return key in self._beginnings or any(key[:end] in self._keys for end in range(len(key)))


class SharedState:
    """Reads and writes of shared things, by function."""

    def __init__(self, program: Program, blocking: Blocking) -> None:
        self.program = program
        self.blocking = blocking
        self._keys = SharedKeys(program)
        self._accesses: dict[Function, tuple[Access, ...]] = {}
        self._totals: dict[Function, frozenset[tuple[Key, bool]]] = {}
        self._changes: dict[Module, tuple[frozenset[Key], frozenset[Key]]] = {}
        self._written: dict[tuple[str, ...], _Keys] = {}
        self._removed: dict[Key, bool] = {}

    def accesses(self, function: Function) -> tuple[Access, ...]:
        """What a function reads and writes, also through the functions that it calls."""
        if function not in self._accesses:
            self._accesses[function] = ()
            self._accesses[function] = tuple(self._own(function))
        return self._accesses[function]

    def total(self, function: Function) -> frozenset[tuple[Key, bool]]:
        """Every key that a function touches, and whether it writes it."""
        if function not in self._totals:
            self._totals[function] = frozenset()
            self._totals[function] = frozenset((a.key, a.writes) for a in self.accesses(function))
        return self._totals[function]

    def written_by_functions(self, key: Key) -> bool:
        """Whether any function writes what is named by ``key``, after it was made."""
        names = _names(key)
        if names not in self._written:
            self._written[names] = _Keys(
                changed
                for module in self._mentioning(names)
                for changed in self._changed(module)[0]
            )
        return self._written[names].overlap(key)

    def removed_by_functions(self, key: Key) -> bool:
        """Whether any function takes away what is named by ``key``, or a part of it."""
        if key not in self._removed:
            names = _FILE_REMOVERS if key == DISK else _names(key)
            self._removed[key] = any(
                overlap(removed, key)
                for module in self._mentioning(names)
                for removed in self._changed(module)[1]
            )
        return self._removed[key]

    def _mentioning(self, names: Iterable[str]) -> list[Module]:
        modules = self.program.modules.mentioning(names)
        return [module for module in modules if not self.program.web.in_tests(module)]

    def _changed(self, module: Module) -> tuple[frozenset[Key], frozenset[Key]]:
        """The keys that the functions of a module write themselves, and those they take away."""
        if module not in self._changes:
            accesses = [
                (function, access)
                for function in module.functions.values()
                for node in own_nodes(function)
                for access in self._changes_of(node, function)
            ]
            self._changes[module] = (
                frozenset(access.key for made, access in accesses if made.name not in MAKERS),
                frozenset(access.key for _, access in accesses if access.removes),
            )
        return self._changes[module]

    # -- one function ------------------------------------------------------------------------

    def _own(self, function: Function) -> Iterator[Access]:
        for node in own_nodes(function):
            yield from self._reads(node, function.module)
            yield from self._through(node, function.module)
            yield from self._changes_of(node, function)

    def _reads(self, node: ast.AST, module: Module) -> Iterator[Access]:
        """What a node reads."""
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                if not isinstance(module.parent(node), ast.Attribute):
                    yield from self._each(self._read(node, module), False, node, start(node))
            case ast.AugAssign(target=target):
                read = self._keys.of(target, module)
                yield from self._each(read, False, target, start(target))

    def _through(self, node: ast.AST, module: Module) -> Iterator[Access]:
        """What the functions of the application read and write that a node calls."""
        if isinstance(node, ast.Call):
            for callee in self.program.called_functions(node, module):
                place = end(node)
                for key, writes in self.total(callee):
                    yield Access(key, writes, node, place)

    def _changes_of(self, node: ast.AST, function: Function) -> Iterator[Access]:
        """What a node writes itself, and what it does outside of the process."""
        module = function.module
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()) if node.id in function.outer_names:
                written = self._keys.of(node, module)
                yield from self._each(written, True, node, end(module.statement(node)))
            case ast.Attribute(ctx=ast.Store() | ast.Del(), value=value, attr=attr):
                written = {(*holder, attr) for holder in self._keys.of(value, module)}
                yield from self._each(written, True, node, end(module.statement(node)))
            case ast.Subscript(ctx=ast.Store() | ast.Del() as context, value=value):
                place, gone = end(module.statement(node)), isinstance(context, ast.Del)
                for key in sorted(self._keys.of(value, module)):
                    yield Access(key, True, node, place, gone)
            case ast.Call():
                yield from self._called(node, module)

    def _read(self, node: ast.Name | ast.Attribute, module: Module) -> set[Key]:
        """What is read by a name: of a method that is called, what it belongs to."""
        parent = module.parent(node)
        if isinstance(parent, ast.Call) and parent.func is node and isinstance(node, ast.Attribute):
            if self.program.called_functions(parent, module):
                return set()
            return self._keys.of(node.value, module)
        return self._keys.of(node, module)

    def _called(self, call: ast.Call, module: Module) -> Iterator[Access]:
        """What a call changes or does outside of the process, if it is none of the application."""
        if (changed := _changed_by(call)) and not self.program.called_functions(call, module):
            removes = _last(call.func) in _REMOVERS
            for key in sorted(self._keys.of(changed, module)):
                yield Access(key, True, call, end(call), removes)
        blocker = self.blocking.call(call, module)
        if blocker is not None:
            for key, writes in self._outside(blocker, call, module):
                yield Access(key, writes, call, end(call), _last(call.func) in _FILE_REMOVERS)

    @staticmethod
    def _each(keys: Iterable[Key], writes: bool, node: ast.AST, place: Place) -> Iterator[Access]:
        for key in sorted(keys):
            yield Access(key, writes, node, place)

    # -- what is outside of the process ------------------------------------------------------

    def _outside(
        self, blocker: Blocker, call: ast.Call, module: Module
    ) -> Iterator[tuple[Key, bool]]:
        """What a blocking call reads or writes on the disk or in a database."""
        effect = self.effect(blocker, call, module)
        if effect is Effect.NONE:
            return
        if blocker.kind is Kind.DATABASE:
            yield DATABASE, effect is Effect.WRITE
        elif not self._unique(call, module, 0) and not (
            effect is Effect.READ and self._shipped(call, module)
        ):
            yield DISK, effect is Effect.WRITE

    def effect(self, blocker: Blocker, call: ast.Call, module: Module) -> Effect:
        """What a blocking call does to what others see, as its arguments say."""
        if blocker.effect is Effect.MODE:
            method = isinstance(call.func, ast.Attribute) and self.program.is_a(
                call.func.value, module, known.PATH
            )
            return _mode(call, method)
        if blocker.effect is Effect.STATEMENT:
            return _statement(call)
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        if any(self._is_in_memory(node, module) for node in arguments):
            return Effect.NONE
        if _is_true(call, "exist_ok") or (blocker.kind is Kind.TABLE and not call.args):
            return Effect.NONE
        return blocker.effect

    def _is_in_memory(self, node: ast.expr, module: Module) -> bool:
        """Whether an argument keeps what is written, or is a writer made for such a one."""
        if self.program.is_a(node, module, *_IN_MEMORY):
            return True
        if not isinstance(node, ast.Name) or not self.program.is_a(node, module, _WRITER):
            return False
        scope = module.scope_of(node).lookup(node.id)
        made = [binding.value for binding in scope.bindings.get(node.id, ())] if scope else []
        return bool(made) and all(
            isinstance(call, ast.Call)
            and bool(call.args)
            and self.program.is_a(call.args[0], module, *_IN_MEMORY)
            for call in made
        )

    def _shipped(self, call: ast.Call, module: Module) -> bool:
        """Whether a file lies beside the code: its path is made of ``__file__`` alone."""
        found = False
        waiting: list[ast.expr] = [call]
        seen: set[str] = set()
        while waiting:
            for node in ast.walk(waiting.pop()):
                if not isinstance(node, ast.Name) or node.id in seen:
                    continue
                seen.add(node.id)
                found = found or node.id == "__file__"
                scope = module.scope_of(node).lookup(node.id)
                if scope is not None and not scope.is_module:
                    return False
                bindings = scope.bindings.get(node.id, []) if scope else []
                waiting += [b.value for b in bindings if b.value is not None]
        return found

    def _unique(self, node: ast.expr, module: Module, depth: int) -> bool:
        """Whether an expression is made of a name that nobody else has."""
        for inner in ast.walk(node):
            match inner:
                case ast.Call(func=func):
                    if self.program.outside_name(func, module).startswith(_UNIQUE):
                        return True
                case ast.Name(ctx=ast.Load(), id=name) if depth < _DEPTH:
                    scope = module.scope_of(inner).lookup(name)
                    bindings = scope.bindings.get(name, []) if scope else []
                    if isinstance(scope, Function) and any(
                        binding.value is not None
                        and binding.value is not node
                        and self._unique(binding.value, module, depth + 1)
                        for binding in bindings
                    ):
                        return True
        return False


def _names(key: Key) -> tuple[str, ...]:
    """The words of which a module has one that writes what a key names, or a part of it."""
    return key[2:] or key[-1:]


def _changed_by(call: ast.Call) -> ast.expr | None:
    """What a call changes, as its name says."""
    match call.func:
        case ast.Attribute(value=value, attr=attr) if attr in _MUTATORS:
            return value
        case ast.Name(id="setattr") if call.args:
            return call.args[0]
    return None


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _mode(call: ast.Call, method: bool) -> Effect:
    """Whether a file is opened to be read; to append is harmless, each write is one."""
    places = call.args[:1] if method else call.args[1:2]
    given = [*places, *(k.value for k in call.keywords if k.arg == "mode")]
    modes = [m.value for m in given if isinstance(m, ast.Constant) and isinstance(m.value, str)]
    if not given or (modes and set(modes[0]) <= set("rbtU")):
        return Effect.READ
    if modes and set(modes[0]) <= set("abt"):
        return Effect.NONE
    return Effect.WRITE


def _statement(call: ast.Call) -> Effect:
    """Whether a statement only reads, as its text says."""
    text = call.args[0] if call.args else None
    query = text.value if isinstance(text, ast.Constant) else ""
    reads = isinstance(query, str) and query.lstrip().lower().startswith(("select", "show"))
    return Effect.READ if reads else Effect.WRITE


def _is_true(call: ast.Call, name: str) -> bool:
    return any(
        k.arg == name and isinstance(k.value, ast.Constant) and k.value.value is True
        for k in call.keywords
    )


def start(node: ast.expr) -> Place:
    """Where an expression begins."""
    return node.lineno, node.col_offset


def end(node: ast.expr | ast.stmt) -> Place:
    """Where an expression (or the head of a compound statement) ends."""
    match node:
        case ast.For(iter=part) | ast.AsyncFor(iter=part):
            return end(part)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return end(items[-1].context_expr)
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
