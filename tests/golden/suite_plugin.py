"""A pytest plugin for the applications' own suites: forced collection, outcomes as JSON."""

from __future__ import annotations

import gc
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from golden.lazy import watch

_outcomes: dict[str, str] = {}
#: Queries that reading a relationship sent, by test.
_lazy: Counter[str] = Counter()

#: Exceptions of threads are errors. But a session that a test never closed, before as well as
#: after, leaves a connection to the collector, and aiosqlite's thread may still want to tell its
#: event loop, which has ended with the test.
_THREADS = "pytest.PytestUnhandledThreadExceptionWarning"
_STRICT = (
    f"error::{_THREADS}",
    rf"ignore:Exception in thread Thread-\d+ \(_connection_worker_thread\):{_THREADS}",
)


def pytest_configure(config: pytest.Config) -> None:
    """Be strict about threads, and count hidden queries."""
    for line in _STRICT:
        config.addinivalue_line("filterwarnings", line)
    watch(lambda: _lazy.update([os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Collect before pytest looks for what destructors complained of in this test."""
    gc.collect()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst outcome of a test's phases."""
    known = _outcomes.get(report.nodeid)
    if (report.when == "call" or report.outcome != "passed") and known in (None, "passed"):
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    """Write the outcomes."""
    said = {"outcomes": _outcomes, "lazy": _lazy}
    Path(os.environ["LOOPLIFT_SUITE_REPORT"]).write_text(json.dumps(said), encoding="utf-8")
