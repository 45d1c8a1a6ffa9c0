"""Small servers on ports of this machine that wait before they answer."""

from __future__ import annotations

import contextlib
import shutil
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from golden.databases import find_binaries, postgres_server

#: How long each of them waits, in seconds.
WAIT = 0.05


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 128
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up has what it wanted."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Http(BaseHTTPRequestHandler):
    """Answers everything with a few bytes, as a service or an object store would."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"ok")

    def do_PUT(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        time.sleep(WAIT)
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Smtp(socketserver.StreamRequestHandler):
    """Takes messages, and forgets them."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        in_message = False
        for line in self.rfile:
            word = line.strip().upper()
            if in_message:
                in_message = word != b"."
                if in_message:
                    continue
                time.sleep(WAIT)
            elif word == b"DATA":
                in_message = True
                self.wfile.write(b"354 go on\r\n")
                continue
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


class Line(socketserver.StreamRequestHandler):
    """Says one line."""

    def handle(self) -> None:
        time.sleep(WAIT)
        self.wfile.write(b"hello\n")


class Mongo(socketserver.StreamRequestHandler):
    """As much of MongoDB's protocol as one ``find_one`` needs."""

    def handle(self) -> None:
        while len(head := self.rfile.read(16)) == 16:
            length, request, _, code = struct.unpack("<iiii", head)
            self._answer(request, code, self.rfile.read(length - 16))

    def _answer(self, request: int, code: int, body: bytes) -> None:
        import bson

        is_query = code == 2004  # what a driver begins with
        start = body.index(b"\0", 4) + 9 if is_query else 5
        asked = bson.decode(body[start : start + struct.unpack_from("<i", body, start)[0]])
        answer: dict[str, Any] = {
            "ok": 1.0,
            "isWritablePrimary": True,
            "ismaster": True,
            "minWireVersion": 0,
            "maxWireVersion": 21,
            "maxBsonObjectSize": 1 << 24,
            "maxMessageSizeBytes": 1 << 25,
            "maxWriteBatchSize": 1000,
        }
        if "find" in asked:
            time.sleep(WAIT)
            found = {"firstBatch": [{"_id": 1, "name": "ann"}], "id": 0, "ns": "app.users"}
            answer = {"ok": 1.0, "cursor": found}
        document = bson.encode(answer)
        payload = struct.pack("<iqii", 8, 0, 0, 1) if is_query else struct.pack("<iB", 0, 0)
        payload += document
        code = 1 if is_query else 2013
        with contextlib.suppress(OSError):  # a driver that is closed does not wait for the answer
            self.wfile.write(struct.pack("<iiii", 16 + len(payload), 1, request, code) + payload)


@contextmanager
def _serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _redis() -> Iterator[int]:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as free:
        port = free.server_address[1]
    binary = shutil.which("redis-server")
    assert binary is not None
    process = subprocess.Popen(
        [binary, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL
    )
    try:
        time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait()


HANDLERS: dict[str, type[socketserver.BaseRequestHandler]] = {
    "http": Http,
    "smtp": Smtp,
    "line": Line,
    "mongo": Mongo,
}


@contextmanager
def stand_in(name: str) -> Iterator[str]:
    """What an application calls the server ``name`` by: a port, or the URL of a database."""
    if name == "redis":
        with _redis() as port:
            yield str(port)
    elif name == "postgres":
        binaries = find_binaries()
        assert binaries is not None, "PostgreSQL's binaries were not found"
        with postgres_server(binaries) as server:
            yield server.database().dsn
    elif name:
        with _serving(HANDLERS[name]) as port:
            yield str(port)
    else:
        yield ""
