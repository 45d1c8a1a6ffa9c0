"""Commands that have a time limit, and that leave nothing running behind them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def call(
    command: str | Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    output: int,
    timeout: float,
) -> int | None:
    """Run a command line (in a shell) or a program; its exit code, None where it takes too long.

    What it prints goes to the file ``output``. Whatever it started and left behind ends with it.
    """
    with subprocess.Popen(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
