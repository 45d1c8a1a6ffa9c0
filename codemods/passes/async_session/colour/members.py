"""Methods and properties of models that a library reads: templates, and Pydantic models.

Nothing awaits what they give there. So they stay sync; where they need the session of their object,
so does the function that hands the object over, for that session must not be an async one.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from codemods.facts import Program
from codemods.facts.schemas import Schemas
from codemods.facts.syntax import Class, Function
from codemods.facts.values import ClassValue, Instance, Values
from codemods.plan.climb import Cause
from codemods.plan.colours import Colouring
from codemods.plan.jinja import Jinja
from codemods.plan.validations import FROM_OBJECT, mapped_in

_DEPTH = 5


@dataclass(frozen=True)
class Reader:
    """A function that hands an object on to what reads ``member`` of it."""

    member: Function
    function: Function
    by: str


class Members:
    """The methods and properties of models that are read by templates and Pydantic models."""

    def __init__(
        self, program: Program, opening: Collection[Function | None], loading: Collection[ast.AST]
    ) -> None:
        self.program = program
        #: Functions that open the sessions that they use.
        self.opening = opening
        #: Calls that make Pydantic models within ``run_sync``.
        self.loading = loading
        self._readers = [*self._templates(), *self._schemas()]

    @property
    def closed(self) -> dict[Function, Cause]:
        """The members, all of which have to stay sync."""
        found: dict[Function, Cause] = {}
        for reader in self._readers:
            found.setdefault(reader.member, Cause(f"is read by {reader.by}"))
        return found

    def conflicts(self, colours: Colouring) -> dict[Function, Cause]:
        """What hands objects on, of which something is read that needs their session."""
        found: dict[Function, Cause] = {}
        for reader in self._readers:
            member, function = reader.member, reader.function
            if member not in colours.sync or member in self.opening or function in colours.sync:
                continue
            text = f"hands an object to {reader.by}, which reads {member.qualname}"
            found.setdefault(function, Cause(text, member))
        return found

    def _templates(self) -> Iterator[Reader]:
        jinja = Jinja(self.program)
        for call, module in jinja.rendered():
            function = module.function_around(call)
            if function is None:
                continue
            reading = jinja.read_by(call, module)
            for value in jinja.handed(call, module):
                classes = mapped_in(self.program.infer(value, module), self.program)
                yield from self._read(classes, reading.words, function, reading.name)

    def _schemas(self) -> Iterator[Reader]:
        for function, values, schemas in (*self._responses(), *self._validations()):
            for schema in schemas:
                words = self._sources((schema,), 0)
                name = f"the Pydantic model {getattr(schema.cls, 'name', '')}"
                yield from self._read(mapped_in(values, self.program), words, function, name)

    def _responses(self) -> Iterator[tuple[Function, Values, list[Instance]]]:
        schemas = Schemas(self.program)
        for function, routes in self.program.web.routes.items():
            for route in routes:
                if route.response_model is None:
                    continue
                model = self.program.annotation(route.response_model, route.module)
                found = list(schemas.schemas(model))
                for statement in function.returns if found else ():
                    if statement.value is not None:
                        yield function, self.program.infer(statement.value, function.module), found

    def _validations(self) -> Iterator[tuple[Function, Values, list[Instance]]]:
        for module in self.program.modules.mentioning(FROM_OBJECT):
            for name in FROM_OBJECT & module.syntax.calls.keys():
                for call in module.syntax.calls[name]:
                    function = module.function_around(call)
                    owner = getattr(call.func, "value", None)
                    if function is None or owner is None or not call.args or call in self.loading:
                        continue
                    models = [
                        Instance(value.cls, value.args)
                        for value in self.program.infer(owner, module)
                        if isinstance(value, ClassValue)
                    ]
                    yield function, self.program.infer(call.args[0], module), models

    def _sources(self, models: Iterable[Instance], depth: int) -> frozenset[str]:
        """The attributes that Pydantic models are made from, at any depth."""
        found: set[str] = set()
        schemas = Schemas(self.program)
        for model in models if depth < _DEPTH else ():
            for field in schemas.fields(model).values():
                found.add(field.source)
                found |= self._sources(schemas.schemas(field.values), depth + 1)
        return frozenset(found)

    def _read(
        self, classes: Iterable[Class], words: Collection[str], function: Function, by: str
    ) -> Iterator[Reader]:
        """The members with these names of some classes, and of what their relationships give."""
        waiting, seen = [*classes], set[Class]()
        while waiting:
            cls = waiting.pop()
            if cls in seen:
                continue
            seen.add(cls)
            for name, one in self.program.models.relationships(cls).items():
                if name in words and one.target is not None:
                    waiting.append(one.target)
            for base in self.program.mro(cls):
                for method in base.methods if isinstance(base, Class) else ():
                    if method.name in words:
                        yield Reader(method, function, by)
