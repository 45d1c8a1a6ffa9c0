"""From connected parts of queries to the edits that make statements of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codemods.edits import AddParameter, Arguments, Edit, Rewrite
from codemods.facts import Program
from codemods.facts import knowledge as known
from codemods.facts.modules import Module
from codemods.facts.values import External
from codemods.passes.modern_queries import dml, results
from codemods.passes.modern_queries.builders import convert_step
from codemods.passes.modern_queries.draft import Draft
from codemods.passes.modern_queries.forms import Form, converted
from codemods.passes.modern_queries.names import Names
from codemods.passes.modern_queries.sessions import Sessions
from codemods.passes.modern_queries.states import Steps
from codemods.passes.modern_queries.supply import Supply
from codemods.passes.modern_queries.travel import Node, Part

_HANDLERS = results.HANDLERS | dml.HANDLERS


class Converter:
    """Makes the edits of connected parts."""

    def __init__(self, program: Program, steps: Steps, sessions: Sessions) -> None:
        self.program = program
        self.steps = steps
        self.sessions = sessions
        self._names: dict[Module, Names] = {}
        #: What became of the places that run the queries that were converted.
        self.forms: list[Form] = []

    def names(self, module: Module) -> Names:
        """The names of a module."""
        if module not in self._names:
            self._names[module] = Names(self.program, module)
        return self._names[module]

    def convert(self, part: Part) -> dict[Module, list[Edit]]:
        """The edits of a part; raises ``UnconvertibleError``."""
        saved = {module: names.saved() for module, names in self._names.items()}
        try:
            return self._convert(part)
        except BaseException:
            # Imports that were asked for on the way are not needed after all.
            for module, names in self._names.items():
                names.restore(saved.get(module))
            raise

    def _convert(self, part: Part) -> dict[Module, list[Edit]]:
        supply = Supply(self.sessions, part)
        draft = Draft(self.program, self.steps, supply, self.names)
        for sink in part.sinks:
            _HANDLERS[sink.name](draft, sink)
        for node in part.nodes:
            if node in draft.special:
                if template := draft.special[node]:
                    draft.rewrite(node, template)
            elif node.kind == "root":
                draft.rewrite(node, "<select>({args})")
            elif node.kind == "step":
                convert_step(draft, node)
        self._hand_over(draft)
        self._annotate(draft, part)
        self.forms.extend(converted(draft.finished))
        return draft.all_edits()

    def _hand_over(self, draft: Draft) -> None:
        """Add the parameters that hand sessions to functions."""
        for function, name in draft.supply.parameters.items():
            annotation = draft.filled(function.module, "<Session>")
            action = AddParameter(f"{name}: {annotation}")
            draft.act(function.module, function.definition, action)
        for call, module, name, text in draft.supply.passed:
            draft.act(module, call, Arguments(put=((name, text),)))

    def _annotate(self, draft: Draft, part: Part) -> None:
        """Annotations that name ``Query`` name ``Select``."""
        done: set[ast.expr] = set()
        for node in part.nodes:
            for annotation in _annotations(node):
                for query in self._queries(annotation, node.module):
                    if query not in done:
                        done.add(query)
                        template = draft.filled(node.module, "<Select>")
                        if isinstance(query, ast.Constant):
                            template = f'"{template}"'
                        draft.act(node.module, query, Rewrite(template))

    def _queries(self, annotation: ast.expr, module: Module) -> Iterator[ast.expr]:
        """The parts of an annotation that mean ``Query``, with what they are subscripted by."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            if annotation.value.partition("[")[0].rpartition(".")[2] == "Query":
                yield annotation
        elif isinstance(annotation, ast.Subscript):
            if External(known.QUERY) in self.program.infer(annotation.value, module):
                yield annotation
            else:
                yield from self._queries(annotation.slice, module)
        elif isinstance(annotation, ast.Name | ast.Attribute):
            if External(known.QUERY) in self.program.infer(annotation, module):
                yield annotation
        else:
            for child in ast.iter_child_nodes(annotation):
                if isinstance(child, ast.expr):
                    yield from self._queries(child, module)


def _annotations(node: Node) -> Iterator[ast.expr]:
    """The annotations of what a query goes through."""
    match node.node:
        case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation):
            found = annotation
        case ast.FunctionDef(returns=returns):
            found = returns
        case _:
            return
    if found is not None:
        yield found
