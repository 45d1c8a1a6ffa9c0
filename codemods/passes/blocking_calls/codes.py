"""The codes of ``blocking-calls``."""

from __future__ import annotations

from codemods.facts.blocking_table import Kind
from codemods.findings import Code

NAME = "blocking-calls"

SLEEP = Code(
    "LL501",
    "blocking-sleep",
    "time.sleep stops the event loop",
    "`time.sleep` becomes `asyncio.sleep`.",
)
NETWORK = Code(
    "LL502",
    "blocking-network-call",
    "The event loop waits for the network",
    "Requests to other services are awaited, or made in a thread.",
)
DISK = Code(
    "LL503",
    "blocking-file-access",
    "The event loop waits for the disk",
    "Files are read and written by awaited calls, or in a thread.",
)
PROCESS = Code(
    "LL504",
    "blocking-process",
    "The event loop waits for another process",
    "Processes are awaited, or waited for in a thread.",
)
COMPUTATION = Code(
    "LL505",
    "blocking-computation",
    "The event loop waits for a long computation",
    "Hashes, images and tables are computed in a thread.",
)
DATABASE = Code(
    "LL506",
    "blocking-driver",
    "The event loop waits for a database driver",
    "Calls of database drivers are awaited, or run in a thread.",
)
WAIT = Code(
    "LL507",
    "blocking-wait",
    "The event loop waits for a thread, a lock or a person",
    "Threads, locks and people are waited for in a thread.",
)
LOOP = Code("LL508", "nested-event-loop", "An event loop is started within another one")
HELPER = Code(
    "LL509",
    "blocking-helper",
    "The event loop waits in a sync function",
    "Sync functions that wait are awaited, or called in a thread as a whole.",
)

CODES = (SLEEP, NETWORK, DISK, PROCESS, COMPUTATION, DATABASE, WAIT, LOOP, HELPER)

#: The code of each kind of waiting.
BY_KIND = {
    Kind.SLEEP: SLEEP,
    Kind.NETWORK: NETWORK,
    Kind.DISK: DISK,
    Kind.PROCESS: PROCESS,
    Kind.HASH: COMPUTATION,
    Kind.KEY: COMPUTATION,
    Kind.IMAGE: COMPUTATION,
    Kind.TABLE: COMPUTATION,
    Kind.DATABASE: DATABASE,
    Kind.THREAD: WAIT,
    Kind.PERSON: WAIT,
    Kind.LOOP: LOOP,
}
