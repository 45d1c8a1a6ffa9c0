"""The partner's service: a stand-in on a port of this machine, until there is a contract."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PRICES = {"tea": 3.5, "milk": 1.25}


class Partner(BaseHTTPRequestHandler):
    def do_GET(self):
        kind, _, name = self.path.strip("/").partition("/")
        if kind == "moved":
            return self.answer(301, {}, location=f"/prices/{name}")
        if kind == "broken":
            return self.answer(200, None)
        if kind == "prices" and name not in PRICES:
            return self.answer(404, {"detail": "no such article"})
        return self.answer(200, {"article": name, "price": PRICES.get(name), "stock": len(name)})

    def answer(self, status, body, location=""):
        content = b"<html>" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Partner)


def url(path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def start() -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def stop() -> None:
    server.shutdown()
