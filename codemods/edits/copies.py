"""Copies of statements with other names."""

from __future__ import annotations

import libcst as cst

from codemods.edits.actions import Arguments, InsertCopy
from codemods.edits.errors import ActionError
from codemods.edits.expressions import with_arguments

Statement = cst.BaseSmallStatement | cst.BaseStatement


class _Renamed(cst.CSTTransformer):
    """Puts other names, or calls of them, in the place of names; the keywords of calls stay."""

    def __init__(self, action: InsertCopy) -> None:
        super().__init__()
        self.names = dict(action.names)
        self.calls = dict(action.calls)

    def leave_Name(  # noqa: N802
        self, original_node: cst.Name, updated_node: cst.Name
    ) -> cst.BaseExpression:
        """A name that stands for itself."""
        return self._put(updated_node, original_node.value)

    def leave_Attribute(  # noqa: N802
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """The last part of a dotted name."""
        plain = updated_node.with_changes(attr=original_node.attr)
        return self._put(plain, original_node.attr.value)

    def _put(self, node: cst.Name | cst.Attribute, name: str) -> cst.BaseExpression:
        new = self.names.get(name)
        if new is None:
            return node
        named = cst.Name(new.removesuffix("()"))
        whole = named if isinstance(node, cst.Name) else node.with_changes(attr=named)
        return cst.Call(whole) if new.endswith("()") else whole

    def leave_Arg(  # noqa: N802
        self, original_node: cst.Arg, updated_node: cst.Arg
    ) -> cst.Arg:
        """An argument: its keyword belongs to what is called."""
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Call(  # noqa: N802
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.BaseExpression:
        """A call that gets more keywords."""
        called = original_node.func
        name = called.attr if isinstance(called, cst.Attribute) else called
        put = self.calls.get(name.value, ()) if isinstance(name, cst.Name) else ()
        changed = with_arguments(updated_node, Arguments((), put)) if put else updated_node
        return changed if isinstance(changed, cst.BaseExpression) else updated_node


def copied(node: Statement, action: InsertCopy) -> tuple[Statement, cst.BaseExpression | None]:
    """A copy of a statement; the call that it assigns apart, where that goes into a template."""
    copy = node.deep_clone().visit(_Renamed(action))
    if isinstance(copy, cst.FunctionDef):
        return copy, None
    if not isinstance(copy, (cst.Assign, cst.AnnAssign)) or not isinstance(copy.value, cst.Call):
        raise ActionError("can't be copied")
    there = {argument.keyword.value for argument in copy.value.args if argument.keyword}
    remove = tuple(name for name in action.remove if name in there)
    value = with_arguments(copy.value, Arguments(remove, action.put))
    if not isinstance(value, cst.BaseExpression):
        raise ActionError("can't be copied")
    return copy.with_changes(value=value), value if action.template else None
