"""Reads the scopes, bindings and references of a module in a single walk over its ``ast``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts.syntax import Binding, Class, Function, Scope, Syntax

if TYPE_CHECKING:
    from codemods.facts.modules import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Reader:
    """Walks a module once and fills a ``Syntax``."""

    def __init__(self, module: Module, tree: ast.Module) -> None:
        root = Scope(module, tree, None, module.name)
        self.module = module
        self.syntax = Syntax(root)
        self._handlers = {
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.Lambda: self._lambda,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.NamedExpr: self._walrus,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.ExceptHandler: self._except,
            ast.Global: self._outer,
            ast.Nonlocal: self._outer,
            ast.Return: self._return,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.Await: self._await,
            ast.Call: self._call,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
        }
        for statement in tree.body:
            self._visit(statement, tree, root)

    def _visit(self, node: ast.AST, parent: ast.AST, scope: Scope) -> None:
        self.syntax.parents[node] = parent
        handler = self._handlers.get(type(node))
        if handler is not None:
            handler(node, scope)
        else:
            self._children(node, scope)

    def _children(self, node: ast.AST, scope: Scope) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if value._fields:
                    self._visit(value, node, scope)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self._visit(item, node, scope)

    def _each(self, nodes: list[ast.expr], parent: ast.AST, scope: Scope) -> None:
        for node in nodes:
            self._visit(node, parent, scope)

    # -- scopes ------------------------------------------------------------------------------

    def _function(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, _FUNCTIONS)
        function = Function(self.module, node, scope, node.name)
        self.syntax.functions[node] = function
        scope.bindings[node.name].append(Binding("def", node))
        self._each(node.decorator_list, node, scope)
        self._arguments(node.args, node, scope, function)
        if node.returns is not None:
            self._visit(node.returns, node, scope)
        for statement in node.body:
            self._visit(statement, node, function)

    def _arguments(
        self, arguments: ast.arguments, parent: ast.AST, outer: Scope, inner: Scope
    ) -> None:
        self.syntax.parents[arguments] = parent
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                every.append(extra)
        for argument in every:
            self.syntax.parents[argument] = arguments
            if argument.annotation is not None:
                self._visit(argument.annotation, argument, outer)
            kind = "variadic" if argument in (arguments.vararg, arguments.kwarg) else "parameter"
            inner.bindings[argument.arg].append(
                Binding(kind, argument, annotation=argument.annotation)
            )
        self._each(arguments.defaults, arguments, outer)
        self._each([d for d in arguments.kw_defaults if d is not None], arguments, outer)

    def _class(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.ClassDef)
        klass = Class(self.module, node, scope, node.name)
        self.syntax.classes[node] = klass
        scope.bindings[node.name].append(Binding("class", node))
        self._each(node.decorator_list, node, scope)
        self._each(node.bases, node, scope)
        for keyword in node.keywords:
            self._visit(keyword, node, scope)
        for statement in node.body:
            self._visit(statement, node, klass)

    def _lambda(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Lambda)
        inner = Scope(self.module, node, scope, "<lambda>")
        self.syntax.scopes[node] = scope
        self._arguments(node.args, node, scope, inner)
        self._visit(node.body, node, inner)

    def _comprehension(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, _COMPREHENSIONS)
        inner = Scope(self.module, node, scope, "<comprehension>")
        self.syntax.scopes[node] = scope
        for index, part in enumerate(node.generators):
            self.syntax.parents[part] = node
            self._visit(part.iter, part, inner if index else scope)
            self._bind(part.target, "for", part.iter, inner, part)
            self._visit(part.target, part, inner)
            self._each(part.ifs, part, inner)
        if isinstance(node, ast.DictComp):
            self._visit(node.key, node, inner)
            self._visit(node.value, node, inner)
        else:
            self._visit(node.elt, node, inner)

    # -- bindings ----------------------------------------------------------------------------

    def _bind(
        self,
        target: ast.expr,
        kind: str,
        value: ast.expr | None,
        scope: Scope,
        node: ast.AST,
        path: tuple[int, ...] = (),
        annotation: ast.expr | None = None,
    ) -> None:
        if isinstance(target, ast.Name):
            bindings = _holder(scope, target.id).bindings[target.id]
            bindings.append(Binding(kind, node, value, annotation, path))
        elif isinstance(target, ast.Tuple | ast.List):
            for index, element in enumerate(target.elts):
                self._bind(element, kind, value, scope, node, (*path, index))
        elif isinstance(target, ast.Starred):
            self._bind(target.value, "starred", None, scope, node, path)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = self._owner(target.value.id, scope)
            if owner is not None:
                owner.attributes[target.attr].append(Binding(kind, node, value, annotation, path))

    def _owner(self, name: str, scope: Scope) -> Class | None:
        """The class whose ``self`` (or ``cls``) ``name`` is in ``scope``."""
        current: Scope | None = scope
        while current is not None and not isinstance(current, Function):
            current = current.parent
        if isinstance(current, Function) and isinstance(current.parent, Class):
            parameters = current.parameters
            if parameters and parameters[0].arg == name:
                return current.parent
        return None

    def _assign(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Assign)
        self._visit(node.value, node, scope)
        for target in node.targets:
            self._bind(target, "assign", node.value, scope, node)
            self._visit(target, node, scope)

    def _annotated(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.AnnAssign)
        self._bind(node.target, "annotated", node.value, scope, node, annotation=node.annotation)
        self._children(node, scope)

    def _augmented(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.AugAssign)
        self._bind(node.target, "augmented", node.value, scope, node)
        self._children(node, scope)

    def _walrus(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.NamedExpr)
        self.syntax.scopes[node] = scope
        holder = scope
        while isinstance(holder.node, _COMPREHENSIONS) and holder.parent is not None:
            holder = holder.parent
        self._bind(node.target, "assign", node.value, holder, node)
        self._children(node, scope)

    def _for(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.For | ast.AsyncFor)
        self._bind(node.target, "for", node.iter, scope, node)
        self._children(node, scope)

    def _with(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items:
            if item.optional_vars is not None:
                self._bind(item.optional_vars, "with", item.context_expr, scope, node)
        self._children(node, scope)

    def _import(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Import)
        for alias in node.names:
            self.syntax.parents[alias] = node
            name = alias.asname or alias.name.partition(".")[0]
            scope.bindings[name].append(Binding("import", alias))

    def _import_from(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            self.syntax.parents[alias] = node
            if alias.name == "*":
                scope.star_imports.append(node)
                continue
            scope.bindings[alias.asname or alias.name].append(Binding("from", alias))
            if alias.asname and alias.asname != alias.name:
                self.syntax.aliases[alias.name].add(alias.asname)

    def _except(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.ExceptHandler)
        if node.name:
            scope.bindings[node.name].append(Binding("except", node, node.type))
        self._children(node, scope)

    def _outer(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Global | ast.Nonlocal)
        scope.outer_names.update(node.names)

    # -- expressions and exits ---------------------------------------------------------------

    def _exit_of(self, scope: Scope) -> Function | None:
        current: Scope | None = scope
        while isinstance(current, Scope) and isinstance(current.node, _COMPREHENSIONS):
            current = current.parent
        return current if isinstance(current, Function) else None

    def _return(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Return)
        if (function := self._exit_of(scope)) is not None:
            function.returns.append(node)
        self._children(node, scope)

    def _yield(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Yield | ast.YieldFrom)
        self.syntax.scopes[node] = scope
        if (function := self._exit_of(scope)) is not None:
            function.yields.append(node)
        self._children(node, scope)

    def _await(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Await)
        self.syntax.scopes[node] = scope
        if (function := self._exit_of(scope)) is not None:
            function.awaits.append(node)
        self._children(node, scope)

    def _call(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Call)
        self.syntax.scopes[node] = scope
        called = node.func
        if isinstance(called, ast.Name):
            self.syntax.calls[called.id].append(node)
        elif isinstance(called, ast.Attribute):
            self.syntax.calls[called.attr].append(node)
        else:
            # What a call or a subscript gives is called: sessionmaker(engine)(), handlers[0]().
            self.syntax.calls[""].append(node)
        self._children(node, scope)

    def _name(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Name)
        self.syntax.scopes[node] = scope
        if isinstance(node.ctx, ast.Load):
            self.syntax.references[node.id].append(node)

    def _attribute(self, node: ast.AST, scope: Scope) -> None:
        assert isinstance(node, ast.Attribute)
        self.syntax.scopes[node] = scope
        if isinstance(node.ctx, ast.Load):
            self.syntax.references[node.attr].append(node)
        self._visit(node.value, node, scope)


def _holder(scope: Scope, name: str) -> Scope:
    """The scope whose name an assignment binds, after ``global`` and ``nonlocal``."""
    if name not in scope.outer_names:
        return scope
    outer = scope.parent
    while outer is not None and not outer.is_module and name not in outer.bindings:
        outer = outer.parent
    return outer or scope
