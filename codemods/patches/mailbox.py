"""Commits as mails: what ``git format-patch`` writes and ``git am`` takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from codemods import __version__
from codemods.patches.diff import Patch
from codemods.patches.stat import MAIL, created, diffstat

#: The line that begins a mail; git writes the commit's name and this date, always.
_BEGIN = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001"
_LONGEST_SLUG = 52
#: Lines of a message that ``git am`` would take for a header, for the next mail or for the diff.
_MISTAKEN = re.compile(r"(From |diff -|Index: |---|(From|Date|Subject|Content-[\w-]+):)", re.I)
#: What a mail may hold as it stands, where its bytes are quoted.
_PLAIN = frozenset(range(32, 127)) - {ord("=")} | {ord("\t")}


@dataclass(frozen=True)
class Author:
    """Who a commit is by, and when it was made."""

    name: str
    email: str
    date: datetime


def file_name(number: int, subject: str) -> str:
    """``0001-Close-the-sessions.patch``, as git names it."""
    slug = re.sub(r"[^A-Za-z0-9._]+", "-", subject).strip("-")[:_LONGEST_SLUG].rstrip(".-")
    return f"{number:04}-{slug}.patch"


def mail(author: Author, place: tuple[int, int], message: str, patch: Patch) -> bytes:
    """A commit as a mail; ``place`` is its number and that of the last one."""
    subject, _, text = message.partition("\n")
    body = f"{_harmless(text.strip())}\n---\n{diffstat(patch, MAIL)}{created(patch)}\n".encode()
    body += patch.data + f"-- \nlooplift {__version__}\n\n".encode()
    # git takes a CR at the end of a line for the mail's own, unless it is quoted.
    quote = b"\r" in body or b"\0" in body
    head = [
        _BEGIN,
        f"From: {formataddr((author.name, author.email), 'utf-8')}",
        f"Date: {format_datetime(author.date)}",
        f"Subject: [PATCH{_place(*place)}] {_encoded(subject)}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        f"Content-Transfer-Encoding: {'quoted-printable' if quote else '8bit'}",
    ]
    return "\n".join([*head, "", ""]).encode() + (_quoted(body) if quote else body)


def _place(number: int, last: int) -> str:
    return f" {number}/{last}" if last > 1 else ""


def _encoded(subject: str) -> str:
    return subject if subject.isascii() else Header(subject, "utf-8", maxlinelen=998).encode()


def _harmless(text: str) -> str:
    """A message whose lines cannot be mistaken: git shows them with a blank before."""
    return "\n".join(
        f" {line}" if _MISTAKEN.match(line) else line.rstrip() for line in text.split("\n")
    )


def _quoted(data: bytes) -> bytes:
    """Quoted-printable without soft line breaks: git needs none, and people read the diff."""
    quoted = bytearray()
    for line in data.split(b"\n"):
        kept = line.rstrip(b" \t")
        quoted += b"".join(
            bytes((byte,)) if byte in _PLAIN and index < len(kept) else b"=%02X" % byte
            for index, byte in enumerate(line)
        )
        quoted += b"\n"
    return bytes(quoted[:-1])
