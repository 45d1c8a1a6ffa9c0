"""What the user asked for: command line over ``[tool.looplift]`` over defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The settings of one run.

    ``select`` and ``ignore`` hold names of passes, codes or prefixes of codes, as in ruff; an
    empty ``select`` means every pass whose level is safe (and, with ``unsafe_fixes``, the others).
    ``driver`` maps a database ("postgresql", "sqlite", "mysql") to the driver asked for.
    ``jobs`` is the number of processes (0: as many as there are processors).
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unsafe_fixes: bool = False
    driver: tuple[tuple[str, str], ...] = ()
    jobs: int = 0
    cache: bool = True
