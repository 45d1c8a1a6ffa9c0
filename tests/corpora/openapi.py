"""Ask an application before and after a migration the same, by its own description.

``python tests/corpora/openapi.py BEFORE AFTER --app main:app [--env NAME=VALUE] ...`` copies two
trees, starts each under uvicorn, makes up requests for each operation of its OpenAPI description
(valid ones, ids that earlier answers told, ids that nobody has, bodies and parameters that are
wrong), and compares status, type and body of the answers one by one, then what the databases hold,
then what is answered to twenty requests at once. ``{side}`` in a value is ``before`` or ``after``:
each side needs a database of its own, and both have to be equal when it starts. SQLite files in the
trees are found; others are named by ``--database``.

Values that differ from run to run (UUIDs, times, tokens, hashes) may differ, but the same one has
to stand for the same other one throughout. The exit code is 1 where anything else differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
from made_requests import Description, Known, Operation, Request, Requests
from sqlalchemy import MetaData, create_engine, select

SIDES = ("before", "after")
AT_ONCE = 20
START = 60.0

# A UUID or token stands for one other, a time for any.
NAMES = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|[0-9a-f]{32,64}"
)
PASSING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+|\$(2[aby]|argon2\w*|pbkdf2[\w-]*)\$[^\"'|\s]+"
)


@dataclass
class Service:
    """The application of one side: its tree, its process, its client."""

    side: str
    tree: Path
    environment: dict[str, str]
    client: httpx.Client
    process: subprocess.Popen[bytes]


class Same:
    """Whether two answers say the same, with a memory for what stands for what."""

    def __init__(self) -> None:
        self.there: dict[str, str] = {}
        self.back: dict[str, str] = {}

    def texts(self, one: str, other: str) -> bool:
        """Whether two texts agree."""
        if one == other:
            return True
        left, right = PASSING.sub("<time>", one), PASSING.sub("<time>", other)
        if NAMES.sub("<name>", left) != NAMES.sub("<name>", right):
            return False
        return all(
            self.there.setdefault(a, b) == b and self.back.setdefault(b, a) == a
            for a, b in zip(_names(left), _names(right), strict=True)
        )

    def bodies(self, one: str, other: str) -> bool:
        """Whether two bodies agree; the order of keys is not compared."""
        try:
            pair = [json.dumps(json.loads(t), sort_keys=True) for t in (one, other)]
        except ValueError:
            pair = [one, other]
        return self.texts(*pair)


def _names(text: str) -> list[str]:
    return [match[0].replace("-", "") for match in NAMES.finditer(text)]


def _plain(rows: Counter[str]) -> Counter[str]:
    plain: Counter[str] = Counter()
    for row, times in rows.items():
        plain[NAMES.sub("<name>", PASSING.sub("<time>", row))] += times
    return plain


def serve(side: str, tree: Path, options: argparse.Namespace, log: Path) -> Service:
    """Copy a tree, prepare it and start it."""
    work = Path(tempfile.mkdtemp(prefix=f"openapi-{side}-"))
    copy = work / "tree"
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".git", ".looplift_cache"))
    folder = copy / options.folder
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    python = Path(options.python).absolute()
    environment.update(PATH=f"{python.parent}{os.pathsep}{environment['PATH']}")
    environment.update(PYTHONPATH=str(folder), PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="7")
    for setting in options.env:
        name, _, value = setting.partition("=")
        environment[name] = value.replace("{side}", side).replace("{tree}", str(copy))
    for command in options.prepare:
        command = command.replace("{side}", side)
        subprocess.run(command, shell=True, cwd=folder, env=environment, check=True, timeout=120)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(python), "-X", "dev", "-m", "uvicorn", options.app, "--port", str(port)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        timeout=60,
        limits=httpx.Limits(max_keepalive_connections=0),
    )
    service = Service(side, copy, environment, client, process)
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        try:
            client.get(options.description)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return service
    process.kill()
    sys.exit(f"{side} does not start:\n{log.read_text(errors='replace')[-3000:]}")


def answered(service: Service, request: Request) -> tuple[int, str, str]:
    """Status, type and body; or what went wrong on the way."""
    side = SIDES.index(service.side)
    try:
        answer = service.client.request(
            request.method, request.paths[side], **request.options[side]
        )
    except httpx.HTTPError as error:
        return 0, "", type(error).__name__
    base = str(service.client.base_url).rstrip("/")
    return (
        answer.status_code,
        answer.headers.get("content-type", ""),
        answer.text.replace(base, "http://host"),
    )


def tables(service: Service, urls: list[str]) -> Iterator[tuple[str, Counter[str]]]:
    """Each table of the databases of one side, and its rows."""
    urls = [url.replace("{side}", service.side) for url in urls]
    for path in sorted(service.tree.rglob("*")):
        if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
            urls.append(f"sqlite:///{path}")
    for number, url in enumerate(urls):
        engine = create_engine(url)
        metadata = MetaData()
        metadata.reflect(engine)
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                found = connection.execute(select(table))
                rows = Counter(json.dumps(list(row), default=str) for row in found)
                yield f"{number}:{table.name}", rows
        engine.dispose()


class Comparison:
    """Asks both sides, and prints where they differ."""

    def __init__(self, services: list[Service]) -> None:
        self.services = services
        self.same = Same()
        self.statuses: Counter[int] = Counter()
        self.differ = 0

    def ask(self, request: Request, known: Known) -> None:
        """One request to both."""
        one, other = (answered(service, request) for service in self.services)
        self.statuses[one[0]] += 1
        if one[:2] != other[:2] or not self.same.bodies(one[2], other[2]):
            self.differ += 1
            print(f"DIFFERS {request.method} {request.paths[0]} {request.options[0]}")
            print(f"  before {one[0]} {one[2][:700]}\n  after  {other[0]} {other[2][:700]}")
        try:
            pair = json.loads(one[2]), json.loads(other[2])
        except ValueError:
            return
        if one[0] < 300 and other[0] < 300:
            known.learn(*pair)
            if isinstance(pair[0], dict) and "access_token" in pair[0]:
                known.tokens.append((pair[0]["access_token"], pair[1].get("access_token")))
            sent = request.options[0].get("json")
            if isinstance(sent, dict) and "password" in sent:
                names = [str(sent[key]) for key in ("username", "email") if sent.get(key)]
                known.people += [(name, str(sent["password"])) for name in names]

    def at_once(self, requests: list[Request]) -> None:
        """Many requests at the same time: each side answers each kind as often."""
        told = []
        for service in self.services:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = list(pool.map(lambda r, s=service: answered(s, r), requests))
            pairs = zip(requests, answers, strict=True)
            told.append(Counter((r.method, r.paths[0], answer[0]) for r, answer in pairs))
        print(f"at once: {len(requests)} requests, statuses", *map(_statuses, told))
        if told[0] != told[1]:
            self.differ += 1
            print(f"DIFFERS at once\n  before {told[0] - told[1]}\n  after  {told[1] - told[0]}")

    def databases(self, urls: list[str]) -> None:
        """What both hold."""
        one, other = (dict(tables(service, urls)) for service in self.services)
        print("rows", {name: rows.total() for name, rows in one.items()})
        for name in sorted(one.keys() | other.keys()):
            left, right = (_plain(side.get(name, Counter())) for side in (one, other))
            if left != right:
                self.differ += 1
                print(f"DIFFERS {name}\n  before {left - right}\n  after  {right - left}")


def _statuses(told: Counter[tuple[str, str, int]]) -> dict[int, int]:
    counted: Counter[int] = Counter()
    for (_, _, status), times in told.items():
        counted[status] += times
    return dict(sorted(counted.items()))


def compare(services: list[Service], options: argparse.Namespace) -> int:
    """The whole comparison; how many things differ."""
    text = services[0].client.get(options.description).json()
    known = Known(people=[tuple(person.split(":", 1)) for person in options.login])
    description = Description(text, random.Random(options.seed), known)
    requests = Requests(description, dict(h.split(": ", 1) for h in options.header))
    comparison = Comparison(services)
    token_url = options.token_url or description.token_url()
    operations = [o for o in description.operations() if not _skipped(o, options.skip)]
    asked: list[Request] = []
    while sum(comparison.statuses.values()) < options.requests:
        for operation in operations:
            if token_url:
                for person in known.people[:8]:
                    comparison.ask(requests.login(token_url, person), known)
                del known.people[:8]
            if operation.method == "delete" and description.chance.random() < 0.5:
                continue
            request = requests.request(operation, description.chance.random() < 0.35)
            comparison.ask(request, known)
            if operation.method == "get":
                asked.append(request)
        if not operations:
            break
    total = sum(comparison.statuses.values())
    print(f"{total} requests over {len(operations)} operations, {comparison.differ} differ")
    print(f"statuses {dict(sorted(comparison.statuses.items()))}")
    comparison.databases(options.database)
    comparison.at_once(description.chance.sample(asked, min(len(asked), 3 * AT_ONCE)))
    return comparison.differ


def _skipped(operation: Operation, patterns: list[str]) -> bool:
    return any(re.search(p, f"{operation.method} {operation.path}") for p in patterns)


def main() -> int:
    """Compare two trees by the description of the first."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("trees", nargs=2, type=Path)
    parser.add_argument("--app", required=True, help="what uvicorn starts, such as main:app")
    parser.add_argument("--python", default=sys.executable, help="of the application's environment")
    parser.add_argument("--folder", default=".", help="of the tree, to start it in")
    parser.add_argument("--description", default="/openapi.json")
    parser.add_argument("--requests", type=int, default=150, help="at least so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--token-url", default="")
    for name in ("env", "prepare", "database", "login", "header", "skip"):
        parser.add_argument(f"--{name}", action="append", default=[])
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="openapi-logs-"))
    services: list[Service] = []
    try:
        for side, tree in zip(SIDES, options.trees, strict=True):
            services.append(serve(side, tree, options, folder / f"{side}.log"))
        return 1 if compare(services, options) else 0
    finally:
        for service in services:
            service.process.terminate()
            service.process.wait(20)
            shutil.rmtree(service.tree.parent)
        for side in [service.side for service in services]:
            said = (folder / f"{side}.log").read_text(errors="replace")
            words = ("never awaited", "MissingGreenlet", "non-checked-in", "Traceback")
            print(side, {word: said.count(word) for word in words}, folder / f"{side}.log")


if __name__ == "__main__":
    sys.exit(main())
