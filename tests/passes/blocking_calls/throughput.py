"""Requests per second before and after, for each kind of blocking call.

Run as ``python -m throughput`` (see CONTRIBUTING). Some kinds need a package or a server that the
suite does without: boto3, pandas, Pillow, pymongo, redis with ``redis-server``, PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from loop_app import freed
from served import Served, application, serve
from stand_ins import WAIT, stand_in

TIMES = 50


@dataclass(frozen=True)
class Kind:
    """A path operation with one kind of call: its imports, what stands before it, its body.

    ``server`` is what it talks to, by ``{server}``; ``extra`` tells that it needs more than the
    suite has; ``native`` that it has an async form, which ``--unsafe-fixes`` makes.
    """

    imports: str
    body: str
    before: str = ""
    server: str = ""
    extra: bool = False
    native: bool = False


_FILE = "open(f'{tempfile.gettempdir()}/{uuid.uuid4()}', 'wb')"
_HTTP = "http://127.0.0.1:{server}"
_LETTER = "'a@x.org', ['b@x.org'], 'Subject: x\\r\\n\\r\\nhello'"
_ZIP = """\
def packed(n):
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a', bytes(range(256)) * n)
    return len(data.getvalue()) > 0
"""
_SQLITE = """\
def counted(n):
    connection = sqlite3.connect(':memory:')
    rows = connection.execute(
        'with recursive c(x) as (select 1 union all select x + 1 from c where x < ?) '
        'select count(*) from c', (n,))
    return rows.fetchone()[0]
"""

KINDS = {
    # sleep
    "time.sleep": Kind("import time", f"time.sleep({WAIT})"),
    "a sync helper that sleeps": Kind(
        "import time", "helper()", f"def helper():\n    time.sleep({WAIT})\n"
    ),
    # HTTP
    "requests.get": Kind(
        "import requests", f"requests.get('{_HTTP}').text", "", "http", native=True
    ),
    "httpx.get": Kind("import httpx", f"httpx.get('{_HTTP}').text", "", "http", native=True),
    "httpx.Client": Kind(
        "import httpx",
        f"with httpx.Client(base_url='{_HTTP}') as client:\n        found = client.get('/').text",
        server="http",
        native=True,
    ),
    "httpx.Client of a module": Kind(
        "import httpx",
        f"client.get('{_HTTP}').text",
        "client = httpx.Client()\n",
        "http",
        native=True,
    ),
    "urllib.request.urlopen": Kind(
        "import urllib.request", f"urllib.request.urlopen('{_HTTP}').status", "", "http"
    ),
    "http.client": Kind(
        "import http.client",
        "connection = http.client.HTTPConnection('127.0.0.1', {server})\n"
        "    connection.request('GET', '/')\n"
        "    found = connection.getresponse().status",
        server="http",
    ),
    # sockets, mail
    "socket": Kind(
        "import socket",
        "with socket.create_connection(('127.0.0.1', {server})) as s:\n        found = s.recv(10)",
        server="line",
    ),
    "smtplib": Kind(
        "import smtplib",
        "with smtplib.SMTP('127.0.0.1', {server}, local_hostname='x') as mail:\n"
        f"        mail.sendmail({_LETTER})",
        server="smtp",
    ),
    # files
    "a file of 1 MiB": Kind(
        "import os, tempfile, uuid",
        f"with {_FILE} as f:\n        f.write(bytes(1 << 20))\n    os.remove(f.name)",
        native=True,
    ),
    "pathlib.Path": Kind(
        "import uuid\nfrom pathlib import Path",
        "path = Path('/tmp') / str(uuid.uuid4())\n    path.write_bytes(bytes(1 << 20))\n"
        "    path.unlink()",
        native=True,
    ),
    "zipfile": Kind("import io, zipfile", "packed(8000)", _ZIP),
    # processes
    "subprocess.run": Kind(
        "import subprocess", f"subprocess.run(['sleep', '{WAIT}'])", native=True
    ),
    "os.system": Kind("import os", f"os.system('sleep {WAIT}')"),
    "subprocess.Popen": Kind(
        "import subprocess",
        f"with subprocess.Popen(['sleep', '{WAIT}']) as process:\n        process.wait()",
    ),
    # computation
    "bcrypt.hashpw": Kind("import bcrypt", "bcrypt.hashpw(b'x', bcrypt.gensalt(9))"),
    "hashlib.scrypt": Kind("import hashlib", "hashlib.scrypt(b'x', salt=b'y', n=2**14, r=8, p=1)"),
    "hashlib.pbkdf2_hmac": Kind(
        "import hashlib", "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 100_000)"
    ),
    "PIL": Kind(
        "import io\nfrom PIL import Image",
        "Image.new('RGB', (1200, 1200)).resize((800, 800)).size",
        extra=True,
    ),
    "pandas": Kind(
        "import io\nimport pandas as pd",
        "len(pd.read_csv(io.StringIO('a,b\\n' + '1,2\\n' * 100_000)))",
        extra=True,
    ),
    # databases by hand
    "sqlite3 in a helper": Kind("import sqlite3", "counted(200_000)", _SQLITE),
    "psycopg": Kind(
        "import psycopg",
        "with psycopg.connect('{server}') as connection:\n"
        f"        found = connection.execute('select pg_sleep({WAIT})').fetchone()",
        server="postgres",
        extra=True,
    ),
    "psycopg2": Kind(
        "import psycopg2",
        "connection = psycopg2.connect('{server}')\n    cursor = connection.cursor()\n"
        f"    cursor.execute('select pg_sleep({WAIT})')\n    found = cursor.fetchone()\n"
        "    connection.close()",
        server="postgres",
        extra=True,
    ),
    "redis": Kind(
        "import redis",
        f"cache.blpop('nothing', timeout={WAIT})",
        "cache = redis.Redis(port={server})\n",
        "redis",
        extra=True,
        native=True,
    ),
    "pymongo": Kind(
        "from pymongo import MongoClient",
        "users.find_one({})['name']",
        "users = MongoClient('127.0.0.1', {server})['app'].users\n",
        "mongo",
        extra=True,
    ),
    "boto3": Kind(
        "import boto3",
        "s3.put_object(Bucket='b', Key='k', Body=b'x')['ResponseMetadata']['HTTPStatusCode']",
        f"s3 = boto3.client('s3', endpoint_url='{_HTTP}', region_name='x', "
        "aws_access_key_id='a', aws_secret_access_key='b')\n",
        "http",
        extra=True,
    ),
    # other threads
    "Thread.join": Kind(
        "import threading, time",
        f"thread = threading.Thread(target=time.sleep, args=({WAIT},))\n    thread.start()\n"
        "    thread.join()",
    ),
    "Future.result": Kind(
        "import time\nfrom concurrent.futures import ThreadPoolExecutor",
        f"pool.submit(time.sleep, {WAIT}).result()",
        "pool = ThreadPoolExecutor(50)\n",
    ),
}

#: The kinds that the suite can run.
PLAIN = [name for name, kind in KINDS.items() if not kind.extra]


def both(name: str, times: int = TIMES, unsafe: bool = False) -> tuple[Served, Served]:
    """A path operation with one kind of call, served before and after."""
    kind = KINDS[name]
    with stand_in(kind.server) as server, tempfile.TemporaryDirectory() as folder:
        text = (
            f"{kind.before}\n\n@app.get('/')\nasync def route():\n    {kind.body}\n    return 1\n"
        )
        migration = freed(
            text.replace("{server}", server),
            f"{kind.imports}\nfrom fastapi import FastAPI\napp = FastAPI()\n",
            unsafe,
        )
        assert migration.changed, name
        found = []
        for side, codebase in (("before", migration.before), ("after", migration.after)):
            with application(codebase, Path(folder) / side) as module:
                found.append(serve(module, "/", times))
    return found[0], found[1]


def main() -> None:
    """Print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="the kinds to measure; all of them by default")
    names = parser.parse_args().kinds or list(KINDS)
    print(f"{TIMES} requests at once, {os.cpu_count()} processors: requests per second, and the")
    print("longest standstill of the loop in ms; before, in threads, and (--unsafe-fixes) natively")
    for name in names:
        before, threads = both(name)
        columns = [before, threads]
        if KINDS[name].native:
            columns.append(both(name, unsafe=True)[1])
        assert all(one.answers == before.answers for one in columns), name
        cells = (f"{TIMES / c.seconds:8.1f} /s {c.stood_still * 1000:6.0f} ms" for c in columns)
        print(f"{name:26}", *cells, flush=True)


if __name__ == "__main__":
    main()
