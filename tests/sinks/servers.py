"""A git server over HTTP (git http-backend) and a stateful fake of GitHub's API, on loopback."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghp_secretsecretsecretsecretsecret0123"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer_half(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        """End the connection in the middle of an answer."""
        self.close_connection = True
        self.answer(status, data[: len(data) // 2], {**headers, "Content-Length": str(len(data))})
        self.cut()


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of loopback and give the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Trouble:
    """An answer that is no success; without a status the connection is cut.

    ``done`` says that the server has done its work before, ``half`` that half of its answer comes.
    """

    status: int = 0
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    done: bool = False
    half: bool = False
    #: The answer, where it is not the message in JSON.
    data: bytes | None = None


@dataclass
class GitServer:
    """Bare repositories in a folder, served to whoever has the token."""

    folder: Path
    token: str = TOKEN
    user: str = "x-access-token"
    authorizations: list[str] = field(default_factory=list)
    url: str = ""
    #: What happens to the next requests of a kind (a part of their URL).
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(_Handler):
            def do_GET(self) -> None:
                server.serve(self)

            def do_POST(self) -> None:
                server.serve(self)

        return Handler

    def serve(self, request: _Handler) -> None:
        body = request.body()
        sent = request.headers.get("Authorization", "")
        self.authorizations.append(sent)
        half = False
        for part, waiting in self.troubles.items():
            if part in request.path and waiting:
                trouble = waiting.pop(0)
                if half := trouble.half:
                    break
                if trouble.status:
                    request.answer(trouble.status, trouble.message.encode(), trouble.headers)
                else:
                    request.cut()
                return
        wanted = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        if sent != f"Basic {wanted}":
            request.answer(401, b"", {"WWW-Authenticate": 'Basic realm="git"'})
            return
        parts = urlsplit(request.path)
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "ada",
            "REQUEST_METHOD": request.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=env, capture_output=True, check=False
        )
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(headers.pop("Status", "200").split()[0])
        (request.answer_half if half else request.answer)(status, data, headers)


@dataclass
class FakeForge:
    """A forge that remembers; what a kind of forge answers is in ``respond``."""

    token: str = TOKEN
    drafts: bool = True
    bases: tuple[str, ...] = ("main",)
    #: Numbers are those of the list, from 1.
    pulls: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    refusal: tuple[int, str, dict[str, str]] | None = None
    redirect: str = ""
    url: str = ""
    #: What happens to the next requests of a method.
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(_Handler):
            def do_GET(self) -> None:
                api.serve(self)

            def do_POST(self) -> None:
                api.serve(self)

            def do_PATCH(self) -> None:
                api.serve(self)

            def do_PUT(self) -> None:
                api.serve(self)

        return Handler

    def serve(self, request: _Handler) -> None:
        body = request.body()
        data = json.loads(body) if body else {}
        parts = urlsplit(request.path)
        self.calls.append((request.command, parts.path))
        self.authorizations.append(request.headers.get("Authorization", ""))
        trouble = next(iter(self.troubles.get(request.command, ())), None)
        if trouble is not None:
            self.troubles[request.command].pop(0)
            if trouble.done:
                self.respond(request, parts.path, parse_qs(parts.query), data)
            if not trouble.status:
                request.cut()
                return
            said = trouble.data
            if said is None:
                said = json.dumps({"message": trouble.message}).encode()
            answering = request.answer_half if trouble.half else request.answer
            answering(trouble.status, said, trouble.headers)
            return
        if self.refusal:
            status, answer, headers = self.refusal[0], {"message": self.refusal[1]}, self.refusal[2]
        else:
            query = parse_qs(parts.query)
            status, answer, headers = self.respond(request, parts.path, query, data)
        head = {"Content-Type": "application/json", **headers}
        request.answer(status, json.dumps(answer).encode(), head)

    def respond(
        self, request: _Handler, path: str, query: dict[str, list[str]], data: dict[str, Any]
    ) -> tuple[int, Any, dict[str, str]]:
        raise NotImplementedError


class FakeGitHub(FakeForge):
    """Pull requests of one repository, as GitHub's API has them."""

    def respond(
        self, request: _Handler, path: str, query: dict[str, list[str]], data: dict[str, Any]
    ) -> tuple[int, Any, dict[str, str]]:
        if self.redirect:
            location, self.redirect = self.redirect, ""
            return 301, {"message": "Moved Permanently"}, {"Location": location}
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"message": "Bad credentials"}, {}
        if labelled := re.fullmatch(r"/repos/ada/shop/issues/(\d+)/labels", path):
            self.pulls[int(labelled[1]) - 1]["labels"] = data["labels"]
            return 200, [{"name": name} for name in data["labels"]], {}
        match = re.fullmatch(r"/repos/ada/shop/pulls(?:/(\d+))?|/repositories/7/pulls", path)
        if not match:
            return 404, {"message": "Not Found"}, {}
        if request.command == "GET":
            owner, _, head = query["head"][0].partition(":")
            found = [
                pull
                for pull in self.pulls
                if pull["state"] in query["state"]
                and (owner, head) == (pull["owner"], pull["head"]["ref"])
            ]
            return 200, found, {}
        if request.command == "POST":
            return self.create(data)
        pull = self.pulls[int(match[1]) - 1]
        pull["body"] = data.get("body", pull["body"])
        pull["base"] = {"ref": data.get("base", pull["base"]["ref"])}
        return 200, pull, {}

    def create(self, data: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if data["draft"] and not self.drafts:
            message = "Draft pull requests are not supported in this repository."
            return 422, {"message": message}, {}
        if data["base"] not in self.bases:
            error = {"resource": "PullRequest", "field": "base", "code": "invalid"}
            return 422, {"message": "Validation Failed", "errors": [error]}, {}
        owner, _, head = data["head"].rpartition(":")
        if any(p["state"] == "open" and p["head"]["ref"] == head for p in self.pulls):
            error = {"message": f"A pull request already exists for ada:{head}."}
            return 422, {"message": "Validation Failed", "errors": [error]}, {}
        number = len(self.pulls) + 1
        pull = {
            "number": number,
            "html_url": f"https://github.com/ada/shop/pull/{number}",
            "state": "open",
            "title": data["title"],
            "body": data["body"].replace("\n", "\r\n"),
            "draft": data["draft"],
            "owner": owner or "ada",
            "head": {"ref": head},
            "base": {"ref": data["base"]},
        }
        self.pulls.append(pull)
        return 201, pull, {}
