"""What Jinja templates read of the objects that are handed to them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class
from codemods.passes.eager_loading.holding import mapped_in
from codemods.passes.eager_loading.ways import Path, Touch

if TYPE_CHECKING:
    from codemods.passes.eager_loading.touches import Touches

_TAG = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_ATTRIBUTE = re.compile(r"\.\s*([A-Za-z_]\w*)")
_OTHER = re.compile(r"""(?:include|extends|import|from)\s+["']([^"']+)["']""")
_DEPTH = 3


class Templates:
    """The templates of a code base, by name."""

    def __init__(self, program: Program, touches: Touches) -> None:
        self.program = program
        self.touches = touches

    def reads(self) -> Iterator[Touch]:
        """What each template that is rendered reads of the mapped instances in its context."""
        for module in self.program.modules.mentioning(("TemplateResponse", "render")):
            if self.program.web.in_tests(module):
                continue
            for name in ("TemplateResponse", "render"):
                for call in module.syntax.calls.get(name, ()):
                    yield from self._rendered(call, module)

    def _rendered(self, call: ast.Call, module: Module) -> Iterator[Touch]:
        parts = [*call.args, *(keyword.value for keyword in call.keywords)]
        files = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
        words = {word for file in files for word in self._words(file, frozenset())}
        if not words:
            return
        for value in self._handed(call, parts):
            values = self.program.infer(value, module)
            for entity in sorted(mapped_in(values, self.program), key=str):
                for path in sorted(self._paths(entity, words, 0)):
                    why = f"the template {files[0]}"
                    yield Touch(value, module, entity, path, value, why, escapes=True)

    @staticmethod
    def _handed(call: ast.Call, parts: list[ast.expr]) -> Iterator[ast.expr]:
        for part in parts:
            if isinstance(part, ast.Dict):
                yield from part.values
        if isinstance(call.func, ast.Attribute) and call.func.attr == "render":
            yield from (k.value for k in call.keywords if k.arg is not None)

    def _paths(self, entity: Class, words: set[str], depth: int) -> set[Path]:
        """The relationships by the words of the template, as far as they lead."""
        found: set[Path] = set()
        for word in words:
            for path in self.touches.paths_of(entity, word):
                found.add(path)
                target = self.touches.target(entity, path)
                if target is not None and depth < _DEPTH:
                    below = words - {word}
                    found |= {(*path, *rest) for rest in self._paths(target, below, depth + 1)}
        return found

    def _words(self, name: str, seen: frozenset[str]) -> set[str]:
        """The attributes that a template, and those that it takes in, read of anything."""
        found: set[str] = set()
        for text in self._texts.get(name.rpartition("/")[2], ()):
            for tag in _TAG.findall(text):
                found.update(_ATTRIBUTE.findall(tag))
                for other in _OTHER.findall(tag):
                    if other not in seen:
                        found |= self._words(other, seen | {name, other})
        return found

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for file in self.program.codebase:
            if file.path.endswith((".html", ".jinja", ".jinja2", ".j2", ".txt")):
                found.setdefault(file.path.rpartition("/")[2], []).append(file.text)
        return found
