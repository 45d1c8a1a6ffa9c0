"""Edits of LibCST trees: actions as data, and the editor that applies them to a module."""

from codemods.edits.actions import (
    Action,
    AddDecorator,
    AddParameter,
    Arguments,
    Await,
    Edit,
    FileEdits,
    Import,
    InsertAfter,
    InsertBefore,
    MakeAsync,
    MakeSync,
    RemoveDecorator,
    RemoveStatement,
    Rename,
    ReplaceStatement,
    Rewrite,
    SetReturns,
)
from codemods.edits.errors import EditError
from codemods.edits.keys import NodeKey, key_of, source_lines

__all__ = [
    "Action",
    "AddDecorator",
    "AddParameter",
    "Arguments",
    "Await",
    "Edit",
    "EditError",
    "FileEdits",
    "Import",
    "InsertAfter",
    "InsertBefore",
    "MakeAsync",
    "MakeSync",
    "NodeKey",
    "RemoveDecorator",
    "RemoveStatement",
    "Rename",
    "ReplaceStatement",
    "Rewrite",
    "SetReturns",
    "key_of",
    "source_lines",
]
