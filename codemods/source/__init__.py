"""The files of a code base: which there are, how they are encoded, what they hold."""

from codemods.source.codebase import CodeBase, SourceError, load
from codemods.source.text import SourceFile

__all__ = ["CodeBase", "SourceError", "SourceFile", "load"]
