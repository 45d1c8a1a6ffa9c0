"""Runs of applications in processes that have imported the libraries already."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

_LIBRARIES = [
    "aiosqlite",
    "fastapi",
    "golden.drive",
    "httpx",
    "jinja2",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
    "sqlmodel",
    "uvicorn",
]


class Child:
    """A process in which an application is driven, with the words of ``subprocess.Popen``.

    The end of its interpreter is not seen: only the start and the requests are.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], job: Path, log: Path) -> None:
        target = (str(folder), dict(environment), str(job), str(log))
        self._process = _context().Process(target=_drive, args=target)
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """The exit code of a process that has ended."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The exit code, or None while the process runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """End the process."""
        self._process.kill()

    def wait(self) -> None:
        """Wait for its end."""
        self._process.join()


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    return context


def _drive(folder: str, environment: dict[str, str], job: str, log: str) -> None:
    from golden import drive

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    with open(log, "wb") as stream:  # noqa: PTH123
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    drive.main(job)
