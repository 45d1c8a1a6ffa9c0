"""The Jinja templates of a code base: where they are rendered, with what, and what they read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.values import FunctionValue
from codemods.plan.jinja_names import Names
from codemods.plan.validations import put_into

_TAG = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_ATTRIBUTE = re.compile(r"\.\s*([A-Za-z_]\w*)")
_SUBSCRIPT = re.compile(r"""\[\s*["']([A-Za-z_]\w*)["']\s*\]""")
#: Filters that are told by a text which attribute to read, further ones behind a dot.
_FILTER = re.compile(
    r"""(?:\battribute\s*=\s*|\b(?:attr|groupby|selectattr|rejectattr)\s*\(\s*)"""
    r"""["']([A-Za-z_][\w.]*)["']"""
)
_OTHER = re.compile(r"""(?:include|extends|import|from)\s+["']([^"']+)["']""")
_SUFFIXES = (".html", ".jinja", ".jinja2", ".j2", ".txt")


@dataclass(frozen=True)
class Reading:
    """What a template reads, those that it takes in counted.

    ``words`` are the attributes that it reads of anything, ``names`` tell of what it reads them,
    and ``name`` is what messages call it.
    """

    words: frozenset[str]
    names: Names
    name: str


class Jinja:
    """The templates of a code base, by name."""

    def __init__(self, program: Program) -> None:
        self.program = program

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

    def read_by(self, call: ast.Call, module: Module) -> Reading:
        """What the template of a call reads.

        A name that only the data knows can be that of any template.
        """
        parts = [*call.args, *(keyword.value for keyword in call.keywords)]
        texts = [text for part in parts for text in self._text(part, module)]
        if isinstance(call.func, ast.Attribute):
            made = self._defined(call.func.value, module)
            if isinstance(made, ast.Call) and made.args:
                texts += self._text(made.args[0], module)
        files = [text for text in texts if text.rpartition("/")[2] in self._texts]
        inline = [text for text in texts if _words_of(text)]
        if not files and not inline:
            files = list(self._texts)
        sources = dict.fromkeys(inline)
        for file in files:
            sources |= dict.fromkeys(self._sources(file, frozenset()))
        words = frozenset(word for text in sources for word in _words_of(text))
        names = Names([tag for text in sources for tag in _TAG.findall(text)])
        name = f"the template {files[0]}" if len(files) == 1 else "a template"
        return Reading(words, names, name)

    def handed(self, call: ast.Call, module: Module) -> Iterator[ast.expr]:
        """What a template gets: the values of the dict that is its context, or the whole of it."""
        yield from (value for _, value in self.keyed(call, module))

    def keyed(self, call: ast.Call, module: Module) -> Iterator[tuple[str, ast.expr]]:
        """The same, with the names by which the template gets it; "" where that is not known."""
        for part in (*call.args, *(k.value for k in call.keywords if k.arg == "context")):
            found = part
            if isinstance(part, ast.Name) and (function := module.function_of(part)) is not None:
                definition = self.program.definition(part, module)
                found = definition[0] if definition and definition[1] is module else part
                yield from (("", value) for value in put_into(part.id, function))
            if isinstance(found, ast.Dict):
                yield from zip(map(_key, found.keys), found.values, strict=True)
            elif not isinstance(part, ast.Constant):
                yield "", part
        if isinstance(call.func, ast.Attribute) and call.func.attr == "render":
            yield from ((k.arg or "", k.value) for k in call.keywords)

    def _text(self, node: ast.expr, module: Module) -> Iterator[str]:
        """The texts that an expression stands for."""
        found = self._defined(node, module)
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value

    def _defined(self, node: ast.expr, module: Module) -> ast.expr:
        definition = self.program.definition(node, module)
        return definition[0] if definition is not None else node

    def _sources(self, name: str, seen: frozenset[str]) -> Iterator[str]:
        """The texts of a template, and of those that it takes in."""
        for text in self._texts.get(name.rpartition("/")[2], ()):
            yield text
            for tag in _TAG.findall(text):
                for other in _OTHER.findall(tag):
                    if other not in seen:
                        yield from self._sources(other, seen | {name, other})

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for file in self.program.codebase:
            if file.path.endswith(_SUFFIXES):
                found.setdefault(file.path.rpartition("/")[2], []).append(file.text)
        return found


def _words_of(text: str) -> set[str]:
    """The attributes that the tags of a text read of anything."""
    found: set[str] = set()
    for tag in _TAG.findall(text):
        found.update(_ATTRIBUTE.findall(tag), _SUBSCRIPT.findall(tag))
        found.update(word for path in _FILTER.findall(tag) for word in path.split("."))
    return found


def _key(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str(key)):
            return key
    return ""
