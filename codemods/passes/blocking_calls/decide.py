"""What becomes of each blocking call, all of it before any edit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codemods.config import Options
from codemods.facts import Program
from codemods.facts.async_forms import Shape
from codemods.facts.blocking_table import Effect, Form, Kind
from codemods.facts.streamed import Streamed
from codemods.facts.syntax import Class, Function
from codemods.facts.walk import own_nodes
from codemods.findings import Code, Treatment
from codemods.passes.blocking_calls import clients, codes
from codemods.passes.blocking_calls.around import closing_block, last_statement
from codemods.passes.blocking_calls.blocks import Blocks, Moved
from codemods.passes.blocking_calls.files import Opened, is_file_method, opened_files
from codemods.passes.blocking_calls.helpers import called_from_the_loop, candidates
from codemods.passes.blocking_calls.moving import Mover
from codemods.passes.blocking_calls.natives import Context, Native, natives
from codemods.passes.blocking_calls.sites import Site, Sites, async_functions
from codemods.passes.blocking_calls.threads import Threads
from codemods.plan.generated import Generated, generated
from codemods.plan.interleaving import Interleaving
from codemods.plan.iterators import collector
from codemods.plan.lifespans import Start, find_start, runs_once
from codemods.plan.places import consumed, place_obstacle
from codemods.plan.shared import SharedState
from codemods.plan.sleeps import Sleeps
from codemods.suppression import Silence

#: Where a cancelled task cleans up, an await could be cut off.
_CLEANUP = ("BaseException", "CancelledError", "GeneratorExit", "KeyboardInterrupt")
#: Async forms that go through a thread themselves.
_THREADS_BELOW = (Shape.PATH, Shape.FILE)
_UNKNOWN_FILE = "where the file was opened is not known"
_ALONE = "move the whole block into a function and call that by run_in_threadpool"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a site: its treatment and, where it is left, the reason.

    ``native`` is its async form, ``collected`` what a thread uses its iterator up by, ``block``
    the with statement that is left in a thread as well, ``moved`` one that a thread does as a
    whole. ``awaits`` tells that its helper becomes async.
    """

    site: Site
    treatment: Treatment
    reason: str = ""
    native: Native | None = None
    collected: ast.expr | None = None
    block: ast.With | None = None
    awaits: bool = False
    moved: Moved | None = None

    @property
    def code(self) -> Code:
        """What its finding is called."""
        return code_of(self.site)

    @property
    def sleeps(self) -> bool:
        """Whether it becomes ``asyncio.sleep``."""
        return self.treatment is Treatment.NATIVE and self.native is None and not self.awaits

    @property
    def waits_on_the_loop(self) -> bool:
        """Whether no thread is behind it any more."""
        if self.native is not None:
            return self.native.form.shape not in _THREADS_BELOW
        return self.treatment is Treatment.NATIVE


def decide(program: Program, silence: Silence, options: Options) -> Decisions:
    """The verdicts, with as many helpers in their async form as can be."""
    decisions = Decisions(program, silence, options)
    becoming = candidates(program, decisions.sites)
    while becoming:
        tried = Decisions(program, silence, options, becoming)
        stuck = tried.stuck()
        if not stuck:
            return tried
        becoming = called_from_the_loop(program, becoming - stuck)
    return decisions


class Decisions:
    """The verdict on every site of a program, where the functions ``becoming`` async are."""

    def __init__(
        self,
        program: Program,
        silence: Silence,
        options: Options,
        becoming: frozenset[Function] = frozenset(),
    ) -> None:
        self.program = program
        self.options = options
        self.silence = silence
        self.becoming = becoming
        self.sites = Sites(program, becoming)
        self.state = SharedState(program, self.sites.blocking)
        self.threads = Threads(program, self.sites, self.state)
        self.interleaving = Interleaving(program, self.state)
        self.has_pool = bool(program.modules.mentioning(("fastapi", "starlette")))
        self.has_fastapi = bool(program.modules.mentioning(("fastapi",)))
        self.sleeps = Sleeps(program)
        self._calls = frozenset(site.call for site in self.sites.all)
        self.opened: list[Opened] = []
        self.clients = self._clients_place()
        self.verdicts = self._with_natives(self._with_blocks(self._all()))

    def reads(self) -> Iterator[tuple[ast.Attribute, Function]]:
        """What is read on the loop of an answer that arrives only then."""
        streamed = Streamed(self.program)
        moved = {
            node
            for verdict in self.verdicts.values()
            if verdict.moved is not None
            for statement in verdict.moved.statements
            for node in ast.walk(statement)
        }
        for function in (*async_functions(self.program), *self.becoming):
            if "stream" in function.module.identifiers:
                own = [n for n in own_nodes(function) if n not in moved]
                for node in streamed.reads(own, function):
                    yield node, function

    def stuck(self) -> frozenset[Function]:
        """Those that were to become async, and would go on blocking or gain nothing by it."""
        found = {function for _, function in self.sites.locks() if function in self.becoming}
        gained: set[Function] = set()
        awaited: dict[Function, set[ast.Call]] = {}
        for call, verdict in self.verdicts.items():
            if verdict.awaits:
                awaited.setdefault(verdict.site.helpers[0], set()).add(call)
            if verdict.waits_on_the_loop:
                gained.add(verdict.site.function)
            elif verdict.treatment is not Treatment.NATIVE:
                found.add(verdict.site.function)
        for function in self.becoming:
            calls = {reference.call for reference in self.program.calls.references(function)}
            if function not in gained or calls != awaited.get(function):
                found.add(function)
        return frozenset(found & self.becoming)

    def _all(self) -> dict[ast.Call, Verdict]:
        verdicts = {site.call: self._verdict(site) for site in self.sites.all}
        sites = {site.call: site for site in self.sites.all}
        followed: set[ast.Call] = set()
        self.opened = list(opened_files(self.program, sites))
        for opened in self.opened:
            followed |= {opened.site.call, *(user.call for user in opened.users)}
            reason = self._file_reason(opened, verdicts)
            if reason:
                for site in (opened.site, *opened.users):
                    verdicts[site.call] = _left(site, reason)
        for site in self.sites.all:
            if site.call in followed or not is_file_method(self.program, site):
                continue
            if not self.threads.is_local(_receiver(site), site):
                verdicts[site.call] = _left(site, _UNKNOWN_FILE)
        return verdicts

    def _with_natives(self, verdicts: dict[ast.Call, Verdict]) -> dict[ast.Call, Verdict]:
        """The verdicts, where what could run in a thread has its async form instead."""
        sites = {
            call: verdict.site
            for call, verdict in verdicts.items()
            if verdict.treatment is Treatment.BRIDGED
            and verdict.collected is None
            and verdict.block is None
            and verdict.moved is None
        }
        context = Context(self.program, sites, tuple(self.opened), self.clients is not None)
        for call, native in natives(context, self.options).items():
            verdicts[call] = Verdict(sites[call], Treatment.NATIVE, native=native)
        return verdicts

    def _with_blocks(self, verdicts: dict[ast.Call, Verdict]) -> dict[ast.Call, Verdict]:
        """The verdicts, where one thread does several statements, or a block that opens files."""
        if not self.has_pool:
            return verdicts
        mover = Mover(
            self.program,
            Blocks(self.program, self.state, self.threads),
            self.opened,
            [verdict.site for verdict in verdicts.values()],
        )
        waiting = {call for call, v in verdicts.items() if v.treatment is Treatment.NATIVE}
        for moved, sites in mover.all(
            lambda site: site.call not in waiting and not self._stays(site),
            lambda site: self._collector(site) is not None,
        ):
            for site in sites:
                verdicts[site.call] = Verdict(site, Treatment.BRIDGED, moved=moved)
        return verdicts

    def _stays(self, site: Site) -> str:
        """Why a call can't be one of those that a thread makes together."""
        if not self.program.codebase.editable(site.module.path):
            return "the file can't be edited"
        if site.blocker.form is Form.LEFT and not site.helpers and not site.blocker.slight:
            return site.blocker.advice
        line = site.module.key(site.call).line
        if silenced := self.silence.why(site.module.path, line, code_of(site).code):
            return silenced
        if isinstance(site.module.parent(site.call), ast.Await):
            return "it is awaited, but gives nothing to wait for"
        if not is_file_method(self.program, site):
            why = "" if site.blocker.slight else self.threads.obstacle(site)
            if why:
                return why
        elif not self.threads.is_local(_receiver(site), site):
            return _UNKNOWN_FILE
        for opened in self.opened:
            if site in opened.users and (why := self._stays(opened.site)):
                return why
        return (
            self._later(site)
            or self._place(site, site.module.statement(site.call))
            or self._fixed_file(site)
            or self.interleaving.conflict(site.call, site.function)
        )

    def _later(self, site: Site) -> str:
        """Why a call, or the steps of what it gives, may come when its statement is done."""
        is_lazy = site.blocker.form is Form.LAZY and not site.helpers
        if is_lazy and not self._is_used_up(site):
            return site.blocker.advice
        for parent in site.module.ancestors(site.call):
            match parent:
                case ast.Lambda():
                    return "it stands in a lambda"
                case ast.GeneratorExp():
                    outer = site.module.parent(parent)
                    tests = isinstance(outer, ast.Call) and self.program.outside_name(
                        outer.func, site.module
                    ) in ("builtins.any", "builtins.all")
                    if not tests and not consumed(parent, site.module, self.program):
                        return "it stands in a generator expression"
                case ast.stmt():
                    break
        return ""

    def _is_used_up(self, site: Site) -> bool:
        """Whether the statement takes all steps of the iterator that a call gives."""
        match site.module.parent(site.call):
            case ast.For(iter=it) | ast.comprehension(iter=it) if it is site.call:
                return True
            case ast.Call() as outer if outer in self._calls and outer.func is not site.call:
                return True
        return self._collector(site) is not None

    def _clients_place(self) -> tuple[Start, Generated] | None:
        """Where the application closes its clients, and the module that has them."""
        if not self.options.unsafe_fixes:
            return None
        start = find_start(self.program)
        if isinstance(start, str) or not self.program.codebase.editable(start.module.path):
            return None
        place = generated(self.program, start.module, clients.MODULES, clients.text(http=True))
        if place is None or (place.exists and clients.HTTP not in place.text):
            return None
        if start.lifespan is not None and not self.program.codebase.editable(
            start.lifespan.module.path
        ):
            return None
        return start, place

    @staticmethod
    def _file_reason(opened: Opened, verdicts: dict[ast.Call, Verdict]) -> str:
        if opened.obstacle:
            return f"{opened.obstacle}: {_ALONE}"
        return next(
            (
                verdicts[site.call].reason
                for site in (opened.site, *opened.users)
                if verdicts[site.call].treatment is Treatment.LEFT
            ),
            "",
        )

    # -- one site ----------------------------------------------------------------------------

    def _verdict(self, site: Site) -> Verdict:
        reason = self._reason(site)
        if reason:
            return _left(site, reason)
        if self._is_awaited(site):
            return Verdict(site, Treatment.NATIVE, awaits=True)
        if not site.helpers and self.sleeps.alike(site.call, site.module):
            return Verdict(site, Treatment.NATIVE)
        if not self.has_pool:
            return _left(site, "there is no FastAPI whose pool of threads could be used")
        collected = self._collector(site) if site.blocker.form is Form.LAZY else None
        block = closing_block(self.program, site)
        return Verdict(site, Treatment.BRIDGED, collected=collected, block=block)

    def _reason(self, site: Site) -> str:
        blocker = site.blocker
        if not self.program.codebase.editable(site.module.path):
            return "the file can't be edited"
        line = site.module.key(site.call).line
        if silenced := self.silence.why(site.module.path, line, code_of(site).code):
            return silenced
        if blocker.form is Form.LEFT and (not site.helpers or blocker.kind in _HOPELESS):
            return blocker.advice
        if blocker.form is Form.LAZY and not site.helpers and self._collector(site) is None:
            return blocker.advice
        if isinstance(site.module.parent(site.call), ast.Await):
            return "it is awaited, but gives nothing to wait for"
        if self._is_awaited(site):
            return self._place(site) or self.interleaving.conflict(site.call, site.function)
        return (
            self._place(site)
            or self._closes(site)
            or self._fixed_file(site)
            or self.threads.obstacle(site)
            or self.interleaving.conflict(site.call, site.function)
        )

    def _is_awaited(self, site: Site) -> bool:
        """Whether what a site calls becomes async."""
        return len(site.helpers) == 1 and site.helpers[0] in self.becoming

    def _place(self, site: Site, node: ast.AST | None = None) -> str:
        """Why nothing can be awaited where the call (or a ``node`` around it) stands."""
        module, call = site.module, node or site.call
        if why := place_obstacle(self.program, call, module):
            return f"it stands {why}"
        comprehensions = 0
        child: ast.AST = call
        for parent in module.ancestors(call):
            if parent is site.function.definition:
                break
            if parent in module.classes and child not in _head(module.classes[parent]):
                return "it stands in the body of a class"
            if isinstance(parent, ast.comprehension):
                continue
            comprehensions += isinstance(
                parent, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
            )
            if isinstance(parent, ast.Try | ast.TryStar) and child in parent.finalbody:
                return "it cleans up in a finally block, where an await could be cancelled"
            if isinstance(parent, ast.ExceptHandler) and _catches_cancellation(parent):
                return "it cleans up after a cancellation, where an await could be cancelled"
            if isinstance(parent, ast.arg | ast.AnnAssign) and child is parent.annotation:
                return "it stands in an annotation"
            child = parent
        if comprehensions > 1:
            return "it stands in a comprehension within another one"
        if site.function.name in ("__aexit__", "__del__"):
            return f"it cleans up in {site.function.name}, where an await could be cancelled"
        return ""

    def _collector(self, site: Site) -> ast.expr | None:
        """What a thread can run to use up the iterator of a site."""
        found = collector(self.program, site.call, site.module)
        if found is None or any(
            isinstance(node, ast.Await | ast.NamedExpr)
            or (isinstance(node, ast.Call) and node is not site.call and node in self._calls)
            for node in ast.walk(found)
        ):
            return None
        return found

    def _closes(self, site: Site) -> str:
        """Why the end of a with statement around the call would go on blocking."""
        block = closing_block(self.program, site)
        if block is None:
            return ""
        if not self.has_fastapi or len(block.items) > 1:
            return f"to leave its with statement blocks as well: {_ALONE}"
        return self.interleaving.conflict(last_statement(block), site.function)

    def _fixed_file(self, site: Site) -> str:
        """Why two requests must not write at the same time."""
        if site.helpers or not (site.blocker.form is Form.OPEN or _replaces(site.call)):
            return ""
        if runs_once(self.program, site.function):
            return ""
        if self.state.effect(site.blocker, site.call, site.module) is not Effect.WRITE:
            return ""
        for node in ast.walk(site.call.func if _replaces(site.call) else site.call):
            if not isinstance(node, ast.Name):
                continue
            scope = site.module.scope_of(node).lookup(node.id)
            if scope is not None and not scope.is_module:
                return ""
        return (
            "every request writes the same file, and two of them could do so at once: "
            "hold an asyncio.Lock around the block"
        )


def _replaces(call: ast.Call) -> bool:
    """Whether a call of a path gives its file another content."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("write_text", "write_bytes")


def code_of(site: Site) -> Code:
    """What the finding about a site is called."""
    return codes.HELPER if site.helpers else codes.BY_KIND[site.blocker.kind]


#: What a thread of its own does not help against.
_HOPELESS = (Kind.LOOP, Kind.THREAD, Kind.PERSON)


def _left(site: Site, reason: str) -> Verdict:
    return Verdict(site, Treatment.LEFT, reason)


def _receiver(site: Site) -> ast.expr:
    assert isinstance(site.call.func, ast.Attribute)
    return site.call.func.value


def _head(cls: Class) -> list[ast.AST]:
    definition = cls.definition
    return [*definition.bases, *definition.keywords, *definition.decorator_list]


def _catches_cancellation(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(name in ast.unparse(handler.type) for name in _CLEANUP)
