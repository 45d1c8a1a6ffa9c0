"""Patches: what a migration changes, as unified diffs and as words for a reviewer."""

from codemods.patches.diff import FilePatch, Patch, PatchError, make_patch

__all__ = ["FilePatch", "Patch", "PatchError", "make_patch"]
