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
from codemods.facts.values import FunctionValue
from codemods.passes.eager_loading.holding import mapped_in, put_into
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
        for call, module in self.rendered():
            words, name = self.read_by(call, module)
            for value in self.handed(call, module):
                values = self.program.infer(value, module)
                for entity in sorted(mapped_in(values, self.program), key=str):
                    for path in sorted(self._paths(entity, words, 0)):
                        yield Touch(value, module, entity, path, value, name, escapes=True)

    def rendered(self) -> Iterator[tuple[ast.Call, Module]]:
        """The calls that render a template, tests left out."""
        for module in self.program.modules.mentioning(("TemplateResponse", "render")):
            if self.program.web.in_tests(module):
                continue
            for name in ("TemplateResponse", "render"):
                for call in module.syntax.calls.get(name, ()):
                    called = self.program.infer(call.func, module)
                    if not any(isinstance(value, FunctionValue) for value in called):
                        yield call, module

    def read_by(self, call: ast.Call, module: Module) -> tuple[set[str], str]:
        """The words that the template of a call reads, and what messages name it.

        A name that only the data knows can be that of any template.
        """
        parts = [*call.args, *(keyword.value for keyword in call.keywords)]
        texts = [text for part in parts for text in self._text(part, module)]
        if isinstance(call.func, ast.Attribute):
            made = self._defined(call.func.value, module)
            if isinstance(made, ast.Call) and made.args:
                texts += self._text(made.args[0], module)
        files = [text for text in texts if text.rpartition("/")[2] in self._texts]
        inline = {word for text in texts for word in _words_of(text)}
        if not files and not inline:
            files = list(self._texts)
        words = inline | {word for file in files for word in self._words(file, frozenset())}
        return words, f"the template {files[0]}" if len(files) == 1 else "a template"

    def _text(self, node: ast.expr, module: Module) -> Iterator[str]:
        """The texts that an expression stands for."""
        found = self._defined(node, module)
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value

    def _defined(self, node: ast.expr, module: Module) -> ast.expr:
        definition = self.program.definition(node, module)
        return definition[0] if definition is not None else node

    def handed(self, call: ast.Call, module: Module) -> Iterator[ast.expr]:
        """What a template gets: the values of the dict that is its context, or the whole of it."""
        for part in (*call.args, *(k.value for k in call.keywords if k.arg == "context")):
            found = part
            if isinstance(part, ast.Name) and (function := module.function_of(part)) is not None:
                definition = self.program.definition(part, module)
                found = definition[0] if definition and definition[1] is module else part
                yield from put_into(part.id, function)
            if isinstance(found, ast.Dict):
                yield from found.values
            elif not isinstance(part, ast.Constant):
                yield part
        if isinstance(call.func, ast.Attribute) and call.func.attr == "render":
            yield from (k.value for k in call.keywords)

    def _paths(self, entity: Class, words: set[str], depth: int) -> set[Path]:
        """The relationships by the words of the template, as far as they lead."""
        found: set[Path] = set()
        for word in words:
            for path in self.touches.paths_of(entity, word):
                found.add(path)
                target = self.touches.target(entity, path)
                if target is not None and depth < _DEPTH:
                    below = words - {word, *path}
                    found |= {(*path, *rest) for rest in self._paths(target, below, depth + 1)}
        return found

    def _words(self, name: str, seen: frozenset[str]) -> set[str]:
        """The attributes that a template, and those that it takes in, read of anything."""
        found: set[str] = set()
        for text in self._texts.get(name.rpartition("/")[2], ()):
            found |= _words_of(text)
            for tag in _TAG.findall(text):
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


def _words_of(text: str) -> set[str]:
    """The attributes that the tags of a text read of anything."""
    return {word for tag in _TAG.findall(text) for word in _ATTRIBUTE.findall(tag)}
