"""Mocked sessions in tests: what they say of a legacy query, they say of its new form.

The forms of the queries that a test reaches tell which calls of the session there are now. Where
one of them now serves what several chains of the mock told apart, the entity of the statement
tells it: ``about(db.scalars, User)`` are the calls with a statement about users.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from codemods.edits import Edit, InsertAfter, RemoveStatement, ReplaceStatement, Rewrite
from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.facts.syntax import Class, Function
from codemods.passes.modern_queries.forms import Form, Slot
from codemods.passes.modern_queries.mocked import Chain, Mocked
from codemods.plan.reached import Reach, Reached

#: The new form of what no code of the application asks for.
_USUAL = {
    "count": Slot(("scalar",)),
    "get": Slot(("get",)),
    "delete": Slot(("execute",), "rowcount"),
    "update": Slot(("execute",), "rowcount"),
}


#: Assertions that say nothing of the arguments.
_PLAIN_ASSERTIONS = ("assert_called", "assert_called_once", "assert_not_called")


class NoCounterpartError(Exception):
    """Why a chain of a mock has no equal new form."""


@dataclass(frozen=True)
class Target:
    """The calls that a chain becomes: a slot, for statements about some entities or for all."""

    slot: Slot
    entities: tuple[str, ...] = ()

    def text(self, base: str, tail: tuple[str, ...]) -> str:
        """The chain of the new form."""
        called = f"{base}.{self.slot.method}"
        if self.entities:
            called = f"about({called}, {', '.join(self.entities)})"
        steps = [step for name in self.slot.names[1:] for step in ("return_value", name)]
        if self.slot.attribute:
            if tail[:1] != ("return_value",):
                return ".".join((called, *steps, *tail))
            steps += ["return_value", self.slot.attribute]
            tail = tail[1:]
        return ".".join((called, *steps, *tail))


class Mocks:
    """Rewrites the chains of mocked sessions."""

    def __init__(
        self,
        program: Program,
        mocked: Mocked,
        forms: list[Form],
        names_entity: Callable[[Module, Class], str],
    ) -> None:
        self.program = program
        self.mocked = mocked
        self.forms = forms
        self.names_entity = names_entity
        self.edits: dict[Module, list[Edit]] = defaultdict(list)
        self.helped: dict[Module, None] = {}
        self.done: list[Chain] = []
        self.left: list[tuple[Chain, str]] = []
        self.unasked: list[Chain] = []
        self._scopes: dict[Function, Reach] = {}
        self._tests_of: dict[Function | Module, list[Function]] = defaultdict(list)

    def edit(self) -> None:
        """Rewrite what has a counterpart."""
        if not self.mocked.chains and not self.mocked.idle:
            return
        self._read_tests()
        for chain in self.mocked.chains:
            try:
                edits = self._rewritten(chain)
            except NoCounterpartError as problem:
                self.left.append((chain, str(problem)))
                continue
            self.edits[chain.module].extend(edits)
            self.done.append(chain)
        self._untie()

    # -- what the tests reach ----------------------------------------------------------------

    def _read_tests(self) -> None:
        reached = Reached(self.program)
        holders = {chain.function for chain in self.mocked.chains if chain.function is not None}
        modules = {chain.module for chain in self.mocked.chains}
        words = [function.name for function in holders]
        modules.update(m for m in self.program.modules.mentioning(words) if words)
        for test in reached.tests():
            if test.module not in modules:
                continue
            reach = self._scopes[test] = reached.of(test)
            self._tests_of[test.module].append(test)
            for function in reach.harness:
                self._tests_of[function].append(test)

    def _tests(self, chain: Chain) -> list[Function]:
        return self._tests_of[chain.function or chain.module]

    def _reached(self, chain: Chain) -> list[Form]:
        """The queries that the tests of a chain can run; none, where that is not known."""
        functions = set().union(*(self._scopes[test].application for test in self._tests(chain)))
        return [form for form in self.forms if form.function in functions]

    def _beside(self, chain: Chain) -> list[Chain]:
        """The other chains that say what something gives, in the same tests."""
        tests = set(self._tests(chain))
        return [
            other
            for other in self.mocked.chains
            if other is not chain and other.is_set and tests & set(self._tests(other))
        ]

    # -- one chain ---------------------------------------------------------------------------

    def _rewritten(self, chain: Chain) -> list[Edit]:
        if not self.program.codebase.editable(chain.module.path):
            raise NoCounterpartError("its file is not to be edited")
        if self._raises(chain):
            return self._assigned(chain, [Target(Slot((m,))) for m in self._methods(chain)])
        if chain.names == ("query",) and chain.tail[-1:] == ("()",):
            return self._asserted(chain)
        called = chain.tail[-1:] == ("()",) or chain.is_read
        if not (chain.is_whole if called else chain.is_set):
            raise NoCounterpartError("what is asked of it has no counterpart that is known")
        forms = self._reached(chain) or self.forms
        own = [form for form in forms if any(map(chain.fits, form.chains))]
        slots = _slots(own) or self._unused(chain)
        stays = any(form.slot is None for form in own)
        if called:
            return self._called(chain, slots, stays)
        if not own and any(_meet(form.slot, slots[0]) for form in forms):
            return self._asked_by_nothing(chain)
        targets = [t for slot in slots for t in self._targets(chain, slot, own, forms)]
        return self._assigned(chain, targets, stays)

    def _asked_by_nothing(self, chain: Chain) -> list[Edit]:
        """No query of the tests is built like that, and another would get what it says."""
        statement = chain.statement
        self.unasked.append(chain)
        return [Edit(chain.module.key(statement), RemoveStatement())]

    def _unused(self, chain: Chain) -> list[Slot]:
        """The likely form of a chain that no query of its tests has."""
        everywhere = [form for form in self.forms if any(map(chain.fits, form.chains))]
        if found := _slots(everywhere):
            return found[:1]
        if not chain.is_whole:
            raise NoCounterpartError("no query of the application is run like that")
        name = chain.names[-1]
        return [_USUAL.get(name, Slot(("scalars", name)))]

    def _targets(
        self, chain: Chain, slot: Slot, own: list[Form], forms: list[Form]
    ) -> list[Target]:
        """Where a value is put: in a slot of its own, else in that of its entities."""
        others = [form for form in forms if _meet(form.slot, slot) and form not in own]
        said = {form: said for form in others if (said := self._said(form, chain))}
        if not others or (not said and not self._reached(chain)):
            return [Target(slot)]
        entities = self._entities(chain, slot)
        if entities is None:
            if not said:
                return [Target(slot)]
            raise NoCounterpartError("it is not known what its queries select")
        if entities & frozenset().union(*(form.entities for form in said)):
            raise NoCounterpartError("other queries of the same entity give something else")
        if len(said) == len(others) and all(
            self._rank(chain, slot) > self._rank(other, slot)
            for beside in said.values()
            for other in beside
        ):
            return [Target(slot)]
        named = sorted(self.names_entity(chain.module, entity) for entity in entities)
        if "" in named:
            raise NoCounterpartError("the entity of its queries can't be imported")
        if self._shares(chain, slot, entities):
            return [Target(slot, (name,)) for name in named]
        return [Target(slot, tuple(named))]

    def _entities(self, chain: Chain, slot: Slot) -> frozenset[Class] | None:
        """What the queries of a chain select, as far as they became calls of one method."""
        mine = [
            form.entities
            for form in self._reached(chain) or self.forms
            if form.slot is not None
            and form.slot.method == slot.method
            and any(map(chain.fits, form.chains))
        ]
        return frozenset().union(*mine) if all(mine) else None

    def _shares(self, chain: Chain, slot: Slot, entities: frozenset[Class]) -> bool:
        """Whether another chain is about some of the entities, but not about the same ones."""
        beside = [self._entities(other, slot) for other in self._beside(chain)]
        return any(other & entities for other in beside if other and other != entities)

    def _rank(self, chain: Chain, slot: Slot) -> tuple[int, int, int]:
        """Which of several chains gives what is given for all other statements."""
        entities = self._entities(chain, slot) or ()
        return (len(entities), -chain.node.lineno, -chain.node.col_offset)

    def _said(self, form: Form, chain: Chain) -> list[Chain]:
        """The chains by which a test says something else of a query than of those of a chain."""
        return [
            other
            for other in self._beside(chain)
            if any(map(other.fits, form.chains))
            and (other.names != chain.names or other.loops != chain.loops)
            and not _same(other, chain)
        ]

    def _assigned(self, chain: Chain, targets: list[Target], stays: bool = False) -> list[Edit]:
        texts = [target.text(chain.base, chain.tail) for target in targets]
        if len(texts) > 1 and "side_effect" in chain.tail and not self._raises(chain):
            raise NoCounterpartError("one list of results is for calls that became different")
        if any(target.entities for target in targets):
            self.helped[chain.module] = None
        key = chain.module.key
        if len(texts) == 1 and not stays and not targets[0].entities:
            return [Edit(key(chain.node), Rewrite(texts[0]))]
        statement = f"{' = '.join(texts)} = {{value}}"
        action = InsertAfter(statement) if stays else ReplaceStatement(statement)
        return [Edit(key(chain.statement), action)]

    def _called(self, chain: Chain, slots: list[Slot], stays: bool) -> list[Edit]:
        """What is asked about the calls: only where they became calls of one form."""
        node, tail = chain.node, chain.tail
        if isinstance(node, ast.Call):
            node, tail = node.func, tail[:-1]
        if len(slots) != 1 or stays or "()" in tail:
            raise NoCounterpartError("the calls that it asserts became different ones")
        # A new form has arguments of its own.
        if not chain.is_read and not tail[-1].endswith(_PLAIN_ASSERTIONS):
            raise NoCounterpartError("what it asserts of the arguments has no counterpart")
        return [Edit(chain.module.key(node), Rewrite(Target(slots[0]).text(chain.base, tail)))]

    def _asserted(self, chain: Chain) -> list[Edit]:
        """``query.assert_called_once_with(User)``: the statement selects from ``User``."""
        methods = self._methods(chain)
        name, call = chain.tail[0], chain.node
        if name == "assert_not_called" and isinstance(chain.module.parent(call), ast.Expr):
            lines = "\n".join(f"{chain.base}.{method}.{name}()" for method in methods)
            return [Edit(chain.module.key(chain.statement), ReplaceStatement(lines))]
        if len(methods) != 1 or len(chain.tail) != 2 or not isinstance(call, ast.Call):
            raise NoCounterpartError("the calls that it asserts became different ones")
        called = f"{chain.base}.{methods[0]}"
        key = chain.module.key
        if name in ("assert_called", "assert_called_once", "assert_not_called"):
            return [Edit(key(call.func), Rewrite(f"{called}.{name}"))]
        single = len(call.args) == 1 and not call.keywords and methods == ["scalars"]
        if not single or not isinstance(chain.module.parent(call), ast.Expr):
            raise NoCounterpartError("what it asserts of the arguments has no counterpart")
        described = f"{called}.call_args.args[0].column_descriptions[0]"
        check = f'assert {described}["entity"] is {{0}}'
        if name == "assert_called_once_with":
            check = f"{called}.assert_called_once()\n{check}"
        elif name != "assert_called_with":
            raise NoCounterpartError("what it asserts of the arguments has no counterpart")
        return [Edit(key(chain.statement), ReplaceStatement(check))]

    def _methods(self, chain: Chain) -> list[str]:
        """The methods of the session that run the queries that begin like a chain."""
        length = len(chain.names)
        found = [
            form.slot.method
            for form in self._reached(chain) or self.forms
            if form.slot is not None and any(c[:length] == chain.names for c in form.chains)
        ]
        if not found:
            raise NoCounterpartError("no query of the application begins like that")
        return [name for name, _ in Counter(found).most_common()]

    def _raises(self, chain: Chain) -> bool:
        """Whether the mock only raises an error."""
        value = chain.value
        if chain.tail != ("side_effect",) or chain.is_whole or value is None:
            return False
        raised = value.func if isinstance(value, ast.Call) else value
        return ast.unparse(raised).rpartition(".")[2].endswith(("Error", "Exception"))

    # -- names that stood for parts of queries -----------------------------------------------

    def _untie(self) -> None:
        """Take out the assignments that tied a name to a part of a query, where nothing uses it."""
        kept = {s for chain, _ in self.left for tie in chain.ties for s in tie.statements}
        gone: dict[ast.stmt, Module] = {
            statement: tie.module
            for chain in self.done
            for tie in chain.ties
            for statement in tie.statements
            if statement not in kept
        }
        gone |= {chain.statement: chain.module for chain in self.mocked.idle}
        for statement, module in gone.items():
            if not self.program.codebase.editable(module.path):
                continue
            self.edits[module].append(Edit(module.key(statement), RemoveStatement()))


def _slots(forms: Iterable[Form]) -> list[Slot]:
    counted = Counter(form.slot for form in forms if form.slot is not None)
    return [slot for slot, _ in counted.most_common()]


def _meet(one: Slot | None, other: Slot) -> bool:
    """Whether a mock that is told what to give for one form would give it for the other too."""
    if one is None:
        return False
    shorter = min(len(one.names), len(other.names))
    return one.names[:shorter] == other.names[:shorter] and (
        one.method == "scalars" or one.names == other.names
    )


def _same(one: Chain, other: Chain) -> bool:
    """Whether two chains are told to give the same."""
    if one.tail != other.tail or one.value is None or other.value is None:
        return False
    return "side_effect" not in one.tail and ast.dump(one.value) == ast.dump(other.value)
