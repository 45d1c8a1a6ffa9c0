"""Fresh databases for the golden applications: SQLite files and a private PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

USER = "looplift"
PASSWORD = "looplift"  # the server trusts its loopback; applications want to be given one
NOT_TESTED = "PostgreSQL was not tested: its server binaries (initdb, postgres) were not found"

#: The rows of a table: its columns and, sorted, the rows as ``repr`` of their values.
Tables = dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]]


@dataclass(frozen=True)
class Database:
    """One fresh database: what the plain driver connects to, and what the application is told."""

    kind: str
    dsn: str
    fields: Mapping[str, str]

    def environment_fields(self, scheme: str) -> dict[str, str]:
        """The placeholders of a scenario's environment."""
        return {**self.fields, "database_url": scheme + self.fields["database_url"]}


def sqlite_database(file: Path) -> Database:
    """A database in ``file``, which need not exist."""
    path = str(file)
    fields = {"database_url": f":///{path}", "database_path": path, "database_name": file.name}
    return Database("sqlite", path, fields)


@dataclass
class PostgresServer:
    """A running server of our own."""

    port: int
    _count: int = 0

    def database(self) -> Database:
        """Create a database."""
        self._count += 1
        name = f"golden_{self._count}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        fields = {
            "database_url": f"://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}",
            "database_host": "127.0.0.1",
            "database_port": str(self.port),
            "database_user": USER,
            "database_password": PASSWORD,
            "database_name": name,
        }
        return Database("postgresql", self._dsn(name), fields)

    def drop(self, database: Database) -> None:
        """Drop a database, whoever is still connected."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database {database.fields['database_name']} with (force)")

    def _dsn(self, name: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"


def find_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: on PATH, or where Debian keeps it.

    ``LOOPLIFT_POSTGRES_BIN`` names the only folder to look in.
    """
    if named := os.environ.get("LOOPLIFT_POSTGRES_BIN"):
        folders = [Path(named)]
    else:
        folders = [Path(found).parent] if (found := shutil.which("initdb")) else []
        installed = Path("/usr/lib/postgresql").glob("*/bin")
        folders += sorted(installed, key=lambda path: _version(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            # PATH may hold links: the server looks for its files beside the real binary.
            return (folder / "initdb").resolve().parent
    return None


def _version(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return 0


@contextlib.contextmanager
def postgres_server(binaries: Path) -> Iterator[PostgresServer]:
    """Start a server on a free loopback port; stop it and remove its data at the end."""
    account = _account()
    # Not below pytest's folders: another user has to get there.
    folder = Path(tempfile.mkdtemp(prefix="looplift-pg-"))
    data = folder / "data"
    log = folder / "log"
    as_user: dict[str, Any] = {"cwd": folder}
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_user |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    try:
        command = [f"{binaries}/initdb", "-D", f"{data}", "-U", USER, "--auth=trust", "--no-sync"]
        command += ["--encoding=UTF8", "--locale=C"]
        made = subprocess.run(command, capture_output=True, text=True, **as_user)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 200,
        }
        command = [f"{binaries}/postgres", "-D", f"{data}"]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        with log.open("wb") as output:
            server: subprocess.Popen[bytes] = subprocess.Popen(
                command, stdout=output, stderr=output, **as_user
            )
        try:
            _wait(port, server, log)
            yield PostgresServer(port)
        finally:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """The account for the server, which refuses to run as root; None: our own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL refuses to run as root, and no other account was found")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"postgresql://{USER}@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start:\n{text}") from error
            time.sleep(0.05)


def rows(database: Database) -> Tables:
    """All rows of all tables, through the plain sync driver."""
    return _sqlite_rows(database) if database.kind == "sqlite" else _postgres_rows(database)


def _sqlite_rows(database: Database) -> Tables:
    if not Path(database.dsn).exists():
        return {}
    listing = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    with contextlib.closing(sqlite3.connect(database.dsn)) as connection:
        names = [name for (name,) in connection.execute(listing)]
        return {name: _table(connection.execute(f'select * from "{name}"')) for name in names}


def _postgres_rows(database: Database) -> Tables:
    listing = (
        "select schemaname, tablename from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(database.dsn) as connection:
        found = connection.execute(listing).fetchall()
        return {
            table if schema == "public" else f"{schema}.{table}": _table(
                connection.execute(f'select * from "{schema}"."{table}"'.encode())
            )
            for schema, table in found
        }


def _table(cursor: Any) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    columns = tuple(column[0] for column in cursor.description)
    return columns, sorted(tuple(repr(value) for value in row) for row in cursor.fetchall())
