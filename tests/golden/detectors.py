"""What watches an application while it answers: each fault is kept with where it came from."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import os
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from golden.lazy import watch as watch_lazy

#: Kinds of faults. The first three are never allowed; a request may say that it logs errors.
NEVER_AWAITED = "never awaited"
MISSING_GREENLET = "missing greenlet"
LEAK = "leaked connection"
ERROR = "error in the log"

_LEAK_SIGNS = ("non-checked-in connection", "Exception terminating connection")


@dataclass
class Recorder:
    """Counts statements and collects faults, each under the phase in which it happened."""

    phase: str = "import"
    statements: Counter[str] = field(default_factory=Counter)
    sync_on_loop: Counter[str] = field(default_factory=Counter)
    #: Queries that reading a relationship sent.
    lazy: Counter[str] = field(default_factory=Counter)
    #: Where sync statements ran on the loop: the nearest lines of the application.
    places: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, str]] = field(default_factory=list)
    _records: dict[int, Any] = field(default_factory=dict)

    def fault(self, kind: str, text: str) -> None:
        """Note a fault in the present phase."""
        self.faults.append({"kind": kind, "phase": self.phase, "text": text.strip()})

    def install(self) -> None:
        """Start to watch this process."""
        self._watch_statements()
        watch_lazy(self._note_lazy)
        self._watch_greenlets()
        self._watch_warnings()
        self._watch_logs()
        self._watch_pools()
        sys.set_coroutine_origin_tracking_depth(8)

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note what the loop itself finds: exceptions of tasks that nobody retrieved."""

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            text = str(context.get("message"))
            self.fault(ERROR, text + "\n" + _formatted(error) if error else text)

        loop.set_exception_handler(handle)

    def checked_out(self) -> int:
        """The connections that no pool has back."""
        gc.collect()
        return sum(1 for record in self._records.values() if record.in_use)

    def _watch_statements(self) -> None:
        def before_cursor_execute(connection: Any, *arguments: Any) -> None:
            self.statements[self.phase] += 1
            if connection.dialect.is_async:
                return
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return
            self.sync_on_loop[self.phase] += 1
            self.places[_nearest_line()] += 1

        event.listen(Engine, "before_cursor_execute", before_cursor_execute)

    def _note_lazy(self) -> None:
        self.lazy[self.phase] += 1

    def _watch_greenlets(self) -> None:
        # Where it is made, not where it is raised: the application may swallow it.
        original = exc.MissingGreenlet.__init__

        def __init__(error: exc.MissingGreenlet, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            original(error, *args, **kwargs)
            self.fault(MISSING_GREENLET, f"{error} (at {_nearest_line()})")

        exc.MissingGreenlet.__init__ = __init__  # type: ignore[assignment]

    def _watch_warnings(self) -> None:
        # Errors made of warnings are swallowed inside destructors: they are noted, not raised.
        shown = warnings.showwarning

        def show(message: Warning | str, *args: Any, **kwargs: Any) -> None:
            self._read_text(str(message))
            shown(message, *args, **kwargs)

        warnings.simplefilter("always")
        warnings.showwarning = show

        def unraisable(found: sys.UnraisableHookArgs) -> None:
            text = f"{found.err_msg or 'exception ignored in'} {found.object!r}"
            self.fault(ERROR, f"{text}\n{_formatted(found.exc_value)}")

        sys.unraisablehook = unraisable

        def in_thread(found: threading.ExceptHookArgs) -> None:
            self.fault(ERROR, f"in {found.thread}\n{_formatted(found.exc_value)}")

        threading.excepthook = in_thread

    def _watch_logs(self) -> None:
        # At the logger, not at a handler: the application may configure the handlers anew.
        handlers = logging.Logger.callHandlers

        def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
            text = record.getMessage()
            known = self._read_text(text)
            if not known and (record.levelno >= logging.ERROR or record.exc_info):
                error = record.exc_info[1] if record.exc_info else None
                trace = f"\n{_formatted(error)}" if error else ""
                self.fault(ERROR, f"{logger.name}: {text}{trace}")
            handlers(logger, record)

        logging.Logger.callHandlers = call_handlers  # type: ignore[assignment]
        sys.stdout = _Tee(sys.stdout, self._read_output)
        sys.stderr = _Tee(sys.stderr, self._read_output)

    def _watch_pools(self) -> None:
        def checkout(connection: Any, record: Any, fairy: Any) -> None:
            self._records[id(record)] = record

        event.listen(Pool, "checkout", checkout)

    def _read_text(self, text: str) -> bool:
        if "was never awaited" in text:
            self.fault(NEVER_AWAITED, text)
        elif any(sign in text for sign in _LEAK_SIGNS):
            self.fault(LEAK, text)
        else:
            return False
        return True

    def _read_output(self, text: str) -> None:
        if "Traceback (most recent call last)" in text:
            self.fault(ERROR, text)


class _Tee(io.TextIOBase):
    """A stream that passes on what is written, and lets it be read."""

    def __init__(self, stream: Any, read: Callable[[str], None]) -> None:
        self._stream, self._read = stream, read

    def write(self, text: str) -> int:
        self._read(text)
        return int(self._stream.write(text))

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return int(self._stream.fileno())

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return str(self._stream.encoding)


def _nearest_line() -> str:
    """The innermost line of the application on the stack."""
    here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118
    for frame in reversed(traceback.extract_stack()):
        if frame.filename.startswith(here) and "site-packages" not in frame.filename:
            return f"{frame.filename.removeprefix(here)}:{frame.lineno}"
    return "outside the application"


def _formatted(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error)) if error else ""
