"""Applies the edits of one module to its LibCST tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, cast

import libcst as cst

from codemods.edits.actions import (
    Action,
    AddDecorator,
    AddParameter,
    Arguments,
    Await,
    MakeAsync,
    MakeList,
    MakeSync,
    RemoveDecorator,
    Rename,
    Rewrite,
    SetReturns,
    WrapRest,
)
from codemods.edits.comments import with_lost
from codemods.edits.errors import ActionError, EditError
from codemods.edits.expressions import awaited, listed, renamed, rewritten, with_arguments
from codemods.edits.functions import decorated, made_async, with_parameter, with_returns
from codemods.edits.keys import source_lines
from codemods.edits.layout import Compound, Layout, Spot
from codemods.edits.locate import Located
from codemods.edits.precedence import parenthesized, protect
from codemods.edits.statements import (
    STATEMENT_ACTIONS,
    Outcome,
    Statements,
    changed,
    changed_line,
    joined,
    wrapped,
)
from codemods.edits.templates import code_of, with_leading_lines
from codemods.source import SourceFile

_BRACKETS = (
    cst.Arg,
    cst.SubscriptElement,
    cst.DictElement,
    cst.ListComp,
    cst.SetComp,
    cst.DictComp,
)


class _Wrap(NamedTuple):
    """The place and the first of some statements of a body that a template wraps."""

    first: int
    old: cst.BaseStatement
    action: WrapRest


class Editor(cst.CSTTransformer):
    """Visits the nodes around edits, and applies the edits from the innermost outwards."""

    def __init__(
        self, file: SourceFile, found: Located, actions: dict[int, list[Action]], layout: Layout
    ) -> None:
        super().__init__()
        self.path = file.path
        self.lines = source_lines(file.text)
        self.found = found
        self.actions = actions
        self.layout = layout
        self.touched = frozenset(found.owners.values())
        #: The logical lines in which a template made something new.
        self.rewritten = frozenset(
            found.owners[identity]
            for identity, some in actions.items()
            if identity in found.owners and any(isinstance(one, Rewrite) for one in some)
        )
        self.stack: list[cst.CSTNode] = []
        #: Actions that wait for the list of statements that their statement stands in.
        self.waiting: dict[int, list[Action]] = {}

    def edited(self, module: cst.Module) -> cst.Module:
        """The module with all edits; statements without edits stay the same objects."""
        try:
            return self._edited(module)
        except (ActionError, cst.CSTValidationError, cst.ParserSyntaxError) as error:
            raise EditError(self.path, f"the edits do not fit together ({error})") from error

    def _edited(self, module: cst.Module) -> cst.Module:
        self.stack.append(module)
        updated = [
            cast(cst.BaseStatement, one.visit(self)) if id(one) in self.found.path else one
            for one in module.body
        ]
        body, pending = self._body(module.body, updated, top=True)
        self.stack.pop()
        for identity in self.waiting:
            raise EditError(self.path, "cannot be edited there", self.found.keys[identity])
        return module.with_changes(body=body, footer=[*pending, *module.footer])

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go down only where there are edits."""
        self.stack.append(node)
        return id(node) in self.found.path

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        """Apply the edits of a node, after those below it."""
        self.stack.pop()
        if id(original_node) not in self.found.path:
            return updated_node
        node = protect(updated_node, original_node)
        if isinstance(original_node, (cst.IndentedBlock, cst.SimpleStatementSuite)):
            node = self._suite(original_node, node)
        actions = self.actions.get(id(original_node), ())
        if actions:
            node = self._acted(original_node, node, actions)
        if id(original_node) in self.touched:
            node = self._laid_out(original_node, node)
        return node

    def _acted(
        self, original: cst.CSTNode, node: cst.CSTNode, actions: Sequence[Action]
    ) -> cst.CSTNode:
        try:
            node = decorated(node, actions)
            for action in actions:
                if isinstance(action, STATEMENT_ACTIONS):
                    self.waiting.setdefault(id(original), []).append(action)
                else:
                    node = self._applied(original, node, action)
            if isinstance(node, cst.BaseExpression):
                node = self._apart(original, node)
        except (ActionError, cst.CSTValidationError, cst.ParserSyntaxError) as error:
            raise EditError(self.path, str(error), self.found.keys[id(original)]) from error
        return node

    def _applied(self, original: cst.CSTNode, node: cst.CSTNode, action: Action) -> cst.CSTNode:
        match action:
            case Await() if isinstance(node, cst.BaseExpression):
                return awaited(node, self.stack[-1])
            case Rewrite(template) if isinstance(node, cst.BaseExpression):
                return rewritten(node, template, self._enclosed())
            case Rename():
                return renamed(node, action)
            case Arguments():
                return with_arguments(node, action)
            case MakeAsync():
                return made_async(node, action)
            case MakeSync() if isinstance(node, cst.FunctionDef):
                return node.with_changes(asynchronous=None)
            case MakeList() if isinstance(node, cst.GeneratorExp):
                return listed(node)
            case AddParameter():
                return with_parameter(node, action)
            case SetReturns():
                return with_returns(node, action)
            case AddDecorator() | RemoveDecorator():
                return node
        raise ActionError(f"{type(action).__name__} does not fit")

    def _apart(self, original: cst.CSTNode, node: cst.BaseExpression) -> cst.BaseExpression:
        """``node`` in parentheses where it would run into a word beside it: ``return[x]``."""
        span = self.found.spans.get(id(original))
        if node.lpar or span is None:
            return node
        line, column, end_line, end_column = span
        before = self.lines[line - 1][column - 1 : column] if column else ""
        after = self.lines[end_line - 1][end_column : end_column + 1]
        code = code_of(node)
        if _is_word(before + code[:1]) or _is_word(code[-1:] + after):
            return parenthesized(node)
        return node

    def _enclosed(self) -> bool:
        """Whether brackets around the current node let it span lines."""
        for index in range(len(self.stack) - 1, -1, -1):
            node = self.stack[index]
            if isinstance(node, (cst.BaseStatement, cst.BaseSmallStatement, cst.Decorator)):
                return False
            if isinstance(node, _BRACKETS) or getattr(node, "lpar", None):
                return True
            if isinstance(node, (cst.List, cst.Set)):
                return True
        return False

    def _laid_out(self, original: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        indent = self.found.indents[id(original)]
        rewritten = id(original) in self.rewritten
        if isinstance(node, Compound):
            return self.layout.header(original, node, indent, rewritten)
        if isinstance(node, cst.Decorator) and isinstance(original, cst.Decorator):
            return self.layout.decorator(original, node, indent, rewritten)
        return node  # a line of simple statements is laid out in its body

    def _suite(self, original: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        if isinstance(original, cst.IndentedBlock) and isinstance(node, cst.IndentedBlock):
            body, pending = self._body(original.body, node.body, top=False)
            lines = [line for line in pending if line.comment]
            return node.with_changes(
                body=body or [_PASS], footer=[*lines, *node.footer] if lines else node.footer
            )
        if isinstance(original, cst.SimpleStatementSuite) and isinstance(
            node, cst.SimpleStatementSuite
        ):
            return self._one_line_suite(original, node)
        return node

    def _one_line_suite(
        self, original: cst.SimpleStatementSuite, node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        if not any(id(small) in self.waiting for small in original.body):
            return node
        old, new = (
            cst.SimpleStatementLine(one.body, trailing_whitespace=one.trailing_whitespace)
            for one in (original, node)
        )
        body, _ = self._body([old], [new], top=False)
        match body or [_PASS]:
            case [cst.SimpleStatementLine(leading_lines=[]) as line]:
                return node.with_changes(
                    body=line.body, trailing_whitespace=line.trailing_whitespace
                )
        return cst.IndentedBlock(body)

    def _body(
        self, original: Sequence[cst.CSTNode], updated: Sequence[cst.CSTNode], *, top: bool
    ) -> tuple[Statements, Sequence[cst.EmptyLine]]:
        """The statements of a body after the edits of its statements."""
        pairs: list[tuple[cst.BaseStatement, Outcome | None]] = []
        wraps: list[_Wrap] = []
        for old, new in zip(original, updated, strict=True):
            if not isinstance(old, cst.BaseStatement) or not isinstance(new, cst.BaseStatement):
                continue
            if (action := self._wrap(old)) is not None:
                wraps.append(_Wrap(len(pairs), old, action))
            pairs.append(self._statement(old, new))
        for wrap in reversed(wraps):
            inside = slice(wrap.first, wrap.first + (wrap.action.count or len(pairs)))
            statements, pending = joined(pairs[inside], top=False)
            spot = Spot(self.layout, self.found.indents.get(id(wrap.old), ""), wrap.old)
            outcome = wrapped(wrap.action.template, statements, pending, spot)
            pairs[inside] = [(with_leading_lines(wrap.old, ()), outcome)]
        return joined(pairs, top)

    def _wrap(self, statement: cst.BaseStatement) -> WrapRest | None:
        """The action that wraps a statement and what is behind it, if there is one."""
        first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else statement
        actions = self.waiting.get(id(first), [])
        found = next((action for action in actions if isinstance(action, WrapRest)), None)
        if found is None:
            return None
        actions.remove(found)
        if not actions:
            del self.waiting[id(first)]
        return found

    def _statement(
        self, old: cst.BaseStatement, new: cst.BaseStatement
    ) -> tuple[cst.BaseStatement, Outcome | None]:
        if isinstance(old, cst.SimpleStatementLine) and isinstance(new, cst.SimpleStatementLine):
            touched = id(old) in self.touched
            if touched:
                indent, rewritten = self.found.indents[id(old)], id(old) in self.rewritten
                new = self.layout.line(old, new, indent, rewritten)
            outcomes = [
                self._outcome(small, updated, old)
                for small, updated in zip(old.body, new.body, strict=True)
            ]
            if any(outcomes):
                return new, _keeping(old, changed_line(new, outcomes))
            return (with_lost(old, [new])[0] if touched else new), None
        outcome = self._outcome(old, new, old)
        return new, _keeping(new, outcome) if outcome else None

    def _outcome(
        self,
        old: cst.BaseStatement | cst.BaseSmallStatement,
        new: cst.BaseStatement | cst.BaseSmallStatement,
        line: cst.BaseStatement,
    ) -> Outcome | None:
        actions = self.waiting.pop(id(old), None)
        if actions is None:
            return None
        indent = self.found.indents.get(id(line), "")
        spot = Spot(self.layout, indent, line)
        try:
            return changed(new, actions, spot)
        except (ActionError, cst.CSTValidationError) as error:
            raise EditError(self.path, str(error), self.found.keys[id(old)]) from error


def _keeping(old: cst.BaseStatement, outcome: Outcome) -> Outcome:
    """An outcome with the comments of the statement that it replaces."""
    plain = with_leading_lines(old, ())
    return replace(outcome, middle=with_lost(plain, outcome.middle, outcome.tail))


def _is_word(pair: str) -> bool:
    return len(pair) == 2 and all(one.isalnum() or one in "_\"'" for one in pair)


_PASS = cst.SimpleStatementLine([cst.Pass()])
