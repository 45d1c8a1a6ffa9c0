"""Files that are sent while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

PART = 1 << 16


def stream_file(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, part by part; behind the last one the file is closed.

    A response that streams takes each part in a thread.
    """
    with file:
        while part := file.read(PART):
            yield part
