"""Which assignments of a local name reach which of its reads.

The facts read names without regard to order. A name such as ``query`` often holds one query
after the other, though, and then a list; here each read is told from which assignments its value
can come. One walk over the statements of a scope answers it for all of its names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codemods.facts.syntax import Scope

#: The assignments that reach a place: name to the nodes that bind it.
Env = dict[str, frozenset[ast.AST]]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Reach:
    """The reads of one scope (a function or a module) and the bindings that reach them."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.reads: dict[ast.Name, frozenset[ast.AST]] = {}
        #: All nodes that bind a name, for readers in other scopes.
        self.bindings: dict[str, set[ast.AST]] = {}
        self._before: dict[ast.stmt, Env] = {}
        self._breaks: list[list[Env]] = []
        self._continues: list[list[Env]] = []
        env: Env = {}
        node = scope.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    self._bind(argument.arg, argument, env)
        body = (
            node.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module)
            else []
        )
        self._block(body, env)

    def at(self, statement: ast.stmt, name: str) -> frozenset[ast.AST]:
        """The bindings of ``name`` that reach a statement."""
        return self._before.get(statement, {}).get(name, frozenset())

    # -- statements --------------------------------------------------------------------------

    def _block(self, body: Iterable[ast.stmt], env: Env | None) -> Env | None:
        """Walk statements; None where the end of the block is not reached."""
        for statement in body:
            if env is None:
                # Dead code: its reads get what is bound anywhere.
                env = {name: frozenset(nodes) for name, nodes in self.bindings.items()}
                self._statement(statement, env)
                env = None
            else:
                env = self._statement(statement, env)
        return env

    def _statement(self, node: ast.stmt, env: Env) -> Env | None:
        self._before[node] = _merged(self._before.get(node), dict(env)) or {}
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                for decorator in node.decorator_list:
                    self._expression(decorator, env)
                self._bind(node.name, node, env)
                return env
            case ast.If(test=test, body=body, orelse=orelse):
                self._expression(test, env)
                return _merged(self._block(body, dict(env)), self._block(orelse, dict(env)))
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._loop(node, env)
            case ast.Try():
                return self._try(node, env)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self._expression(item.context_expr, env)
                    if item.optional_vars is not None:
                        self._target(item.optional_vars, node, env)
                # What a context manager swallows leaves the block anywhere.
                return _merged(self._block(body, dict(env)), self._somewhere(body, env))
            case ast.Match(subject=subject, cases=cases):
                self._expression(subject, env)
                ends: list[Env | None] = [env]
                for case in cases:
                    inside = dict(env)
                    for pattern in ast.walk(case.pattern):
                        name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                        if isinstance(name, str):
                            self._bind(name, case.pattern, inside)
                    if case.guard is not None:
                        self._expression(case.guard, inside)
                    ends.append(self._block(case.body, inside))
                return _all_merged(ends)
            case ast.Return() | ast.Raise():
                self._children(node, env)
                return None
            case ast.Break() | ast.Continue():
                stack = self._breaks if isinstance(node, ast.Break) else self._continues
                if stack:
                    stack[-1].append(dict(env))
                return None
            case ast.Assign(targets=targets, value=value):
                self._expression(value, env)
                for target in targets:
                    self._target(target, node, env)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self._expression(value, env)
                    self._target(target, node, env)
            case ast.AugAssign(target=target, value=value):
                self._expression(value, env)
                if isinstance(target, ast.Name):
                    self.reads[target] = env.get(target.id, frozenset())
                self._target(target, node, env)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    self._bind(alias.asname or alias.name.partition(".")[0], alias, env)
            case _:
                self._children(node, env)
        return env

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, env: Env) -> Env | None:
        if not isinstance(node, ast.While):
            self._expression(node.iter, env)
        exits: list[Env | None] = []
        # Twice: the second time round, the assignments of the first reach the top.
        for _ in range(2):
            self._breaks.append([])
            self._continues.append([])
            inside = dict(env)
            if isinstance(node, ast.While):
                self._expression(node.test, inside)
            else:
                self._target(node.target, node, inside)
            end = self._block(node.body, inside)
            exits.extend(self._breaks.pop())
            env = _all_merged([env, end, *self._continues.pop()]) or env
        endless = (
            isinstance(node, ast.While)
            and isinstance(node.test, ast.Constant)
            and bool(node.test.value)
        )
        normal = None if endless else self._block(node.orelse, dict(env))
        return _all_merged([normal, *exits])

    def _try(self, node: ast.Try, env: Env) -> Env | None:
        ends: list[Env | None] = [self._block(node.body, dict(env))]
        if ends[0] is not None:
            ends[0] = self._block(node.orelse, ends[0])
        raised = self._somewhere(node.body, env)
        for handler in node.handlers:
            inside = dict(raised)
            if handler.type is not None:
                self._expression(handler.type, inside)
            if handler.name:
                self._bind(handler.name, handler, inside)
            ends.append(self._block(handler.body, inside))
        after = _all_merged(ends)
        if not node.finalbody:
            return after
        final = self._block(node.finalbody, _merged(after, dict(raised)) or {})
        return None if after is None else final

    def _somewhere(self, body: list[ast.stmt], env: Env) -> Env:
        """What can be bound where an exception leaves a block."""
        found = dict(env)
        for statement in body:
            for node in ast.walk(statement):
                for name, binder in _binds(node):
                    found[name] = found.get(name, frozenset()) | {binder}
        return found

    # -- expressions -------------------------------------------------------------------------

    def _children(self, node: ast.AST, env: Env) -> None:
        for child in ast.iter_child_nodes(node):
            self._expression(child, env)

    def _expression(self, node: ast.AST, env: Env) -> None:
        match node:
            case ast.Name(ctx=ast.Load()):
                self.reads[node] = self.reads.get(node, frozenset()) | env.get(node.id, frozenset())
            case ast.Name(ctx=ast.Del()):
                env.pop(node.id, None)
            case ast.NamedExpr(target=target, value=value):
                self._expression(value, env)
                if isinstance(target, ast.Name):
                    self._bind(target.id, node, env)
            case ast.Lambda():
                # Its body runs later, and is asked about as a scope of its own.
                self._children(node.args, env)
            case _:
                self._children(node, env)

    def _target(self, target: ast.expr, binder: ast.AST, env: Env) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, binder, env)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._target(element, binder, env)
        elif isinstance(target, ast.Starred):
            self._target(target.value, binder, env)
        else:
            self._children(target, env)

    def _bind(self, name: str, node: ast.AST, env: Env) -> None:
        env[name] = frozenset((node,))
        self.bindings.setdefault(name, set()).add(node)


def _binds(node: ast.AST) -> Iterable[tuple[str, ast.AST]]:
    """The names that a node binds, in any of its statements."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets=found):
            targets = found
        case ast.AnnAssign(target=target, value=value) if value is not None:
            targets = [target]
        case ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            targets = [target]
        case ast.NamedExpr(target=target):
            targets = [target]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            targets = [item.optional_vars for item in items if item.optional_vars is not None]
    for target in targets:
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                yield name.id, node


def _merged(left: Env | None, right: Env | None) -> Env | None:
    if left is None or right is None:
        return left if right is None else right
    merged = dict(left)
    for name, nodes in right.items():
        merged[name] = merged.get(name, frozenset()) | nodes
    return merged


def _all_merged(envs: Iterable[Env | None]) -> Env | None:
    found: Env | None = None
    for env in envs:
        found = _merged(found, env)
    return found
