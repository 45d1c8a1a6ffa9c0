"""Requests per second before and after, for each kind of blocking call.

``PYTHONPATH=.:tests/passes/blocking_calls python tests/passes/blocking_calls/throughput.py``
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep

from loop_app import freed
from served import Served, application, serve

TIMES = 50
WAIT = 0.05

#: Imports and the body of a path operation, by the kind of call.
KINDS = {
    "time.sleep": ("import time", f"time.sleep({WAIT})"),
    "a sync helper that sleeps": (
        f"import time\ndef helper():\n    time.sleep({WAIT})",
        "helper()",
    ),
    "requests.get": ("import requests", "requests.get('http://127.0.0.1:{port}')"),
    "subprocess.run": ("import subprocess", f"subprocess.run(['sleep', '{WAIT}'])"),
    "bcrypt.hashpw": ("import bcrypt", "bcrypt.hashpw(b'x', bcrypt.gensalt(9))"),
    "hashlib.scrypt": (
        "import hashlib",
        "hashlib.scrypt(b'x', salt=b'y', n=2**14, r=8, p=1)",
    ),
    "a file of 1 MiB": (
        "import os, tempfile, uuid",
        "name = f'{tempfile.gettempdir()}/{uuid.uuid4()}'\n"
        "    with open(name, 'wb') as f:\n"
        "        f.write(bytes(1 << 20))\n"
        "    os.remove(name)",
    ),
}


class _Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        sleep(WAIT)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextmanager
def slow_server() -> Iterator[int]:
    """A server on a port of this machine that waits before it answers."""
    server = _Server(("127.0.0.1", 0), _Slow)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def both(kind: str, times: int = TIMES) -> tuple[Served, Served]:
    """A path operation with one kind of call, served before and after."""
    head, body = KINDS[kind]
    with slow_server() as port, tempfile.TemporaryDirectory() as folder:
        migration = freed(
            "\n@app.get('/')\nasync def route():\n"
            f"    {body.replace('{port}', str(port))}\n    return 1\n",
            f"{head}\nfrom fastapi import FastAPI\napp = FastAPI()\n",
        )
        found = []
        for side, codebase in (("before", migration.before), ("after", migration.after)):
            with application(codebase, Path(folder) / side) as module:
                found.append(serve(module, "/", times))
    return found[0], found[1]


def main() -> None:
    """Print a line for each kind."""
    print(f"{TIMES} requests at once: requests per second, longest standstill of the loop in ms")
    for kind in KINDS:
        before, after = both(kind)
        print(
            f"{kind:28} before {TIMES / before.seconds:8.1f} /s {before.stood_still * 1000:7.0f} ms"
            f"   after {TIMES / after.seconds:8.1f} /s {after.stood_still * 1000:7.0f} ms"
        )


if __name__ == "__main__":
    main()
