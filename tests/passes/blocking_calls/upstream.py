"""A server on a port of this machine, with what an HTTP client can meet."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from urllib.parse import parse_qsl, urlsplit


class _Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match address.path:
            case "/moved":
                self._send(302, b"", [("Location", "/echo?moved=yes"), ("Set-Cookie", "a=b")])
            case "/round":
                self._send(302, b"", [("Location", "/round")])
            case "/slow":
                sleep(0.6)
                self._send(200, b"slow")
            case "/cut":
                self.close_connection = True
            case "/text":
                self._send(200, "Grüße".encode(), [("Content-Type", "text/plain; charset=utf-8")])
            case "/no-json":
                self._send(200, b"<p>", [("X-Answer", "one")])
            case status if status.strip("/").isdigit():
                self._send(int(status.strip("/")), b'{"detail": "so"}')
            case _:
                sent = {
                    "method": self.command,
                    "query": parse_qsl(address.query),
                    "type": (self.headers.get("Content-Type") or "").partition(";")[0],
                    "body": body.decode().replace(": ", ":"),
                    "own": self.headers.get("X-Own"),
                    "cookie": self.headers.get("Cookie"),
                    "authorization": self.headers.get("Authorization"),
                }
                self._send(200, json.dumps(sent).encode())

    def _send(self, status: int, body: bytes, headers: list[tuple[str, str]] | None = None) -> None:
        self.send_response(status)
        for name, value in headers or ():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(BrokenPipeError):  # a client that waited long enough
                self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


for _verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
    setattr(_Upstream, f"do_{_verb}", _Upstream._answer)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@contextmanager
def upstream() -> Iterator[str]:
    """Its address while it runs."""
    server = _Server(("127.0.0.1", 0), _Upstream)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
