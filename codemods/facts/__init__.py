"""What the code means, for the whole program: names, types, models, routes and calls."""

from codemods.facts.program import Program

__all__ = ["Program"]
