"""Async forms of blocking calls, by fully resolved name: data, nothing else.

What has no row here goes through a thread. A row that is ``equal`` does the same as a thread that
makes the blocking call; the others differ in what ``unlike`` says, and are made by request only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Shape(Enum):
    """How the code around a call changes with it."""

    #: The method of another object: ``anyio.Path(path).read_text()``.
    PATH = "path"
    #: An async with statement; the methods of the file are awaited.
    FILE = "file"
    #: An async with statement around another client; its methods are awaited.
    BLOCK = "block"
    #: A function that runs a program and gives what it said.
    PROCESS = "process"
    #: The method of a client that the whole application has.
    REQUEST = "request"
    #: An object of a module that becomes one for each event loop.
    OBJECT = "object"


@dataclass(frozen=True)
class AsyncForm:
    """An async form: its shape, the distribution it comes from and what is different."""

    shape: Shape
    library: str
    equal: bool = False
    unlike: str = ""


_PATH = AsyncForm(Shape.PATH, "anyio", equal=True)
_FILE = AsyncForm(Shape.FILE, "anyio", equal=True)
_BLOCK = AsyncForm(Shape.BLOCK, "httpx", equal=True)
_PROCESS = AsyncForm(
    Shape.PROCESS,
    "anyio",
    unlike="a cancelled request ends the program, and a loop of Windows may have no processes",
)
_SAME = AsyncForm(
    Shape.REQUEST, "httpx", unlike="the application has one client, which closes with it"
)
_OTHER = AsyncForm(
    Shape.REQUEST,
    "httpx",
    unlike="httpx names itself in User-Agent, reads no .netrc, takes a text without a charset for "
    "UTF-8, keeps no cookies between redirects, and has other messages in its errors",
)
_OBJECT = AsyncForm(
    Shape.OBJECT, "", unlike="each event loop has a client of its own, which closes with it"
)

_VERBS = "get post put patch delete head options request".split()

#: Functions by resolved name.
FUNCTIONS: dict[str, AsyncForm] = {
    "builtins.open": _FILE,
    "io.open": _FILE,
    **{f"subprocess.{name}": _PROCESS for name in ("run", "call", "check_call", "check_output")},
    **{f"requests.{verb}": _OTHER for verb in _VERBS},
    **{f"httpx.{verb}": _SAME for verb in _VERBS},
}

#: Methods by the resolved name of their class.
METHODS: dict[str, AsyncForm] = {
    "pathlib.Path": _PATH,
    "httpx.Client": _BLOCK,
    "redis.Redis": _OBJECT,
}

#: Methods of a path that give no path.
PATH_METHODS = frozenset(
    """exists stat lstat is_file is_dir is_mount is_symlink is_socket is_fifo is_block_device
    is_char_device owner group read_text read_bytes samefile write_text write_bytes unlink mkdir
    rmdir touch chmod lchmod symlink_to""".split()
)
#: Methods of a file that its async twin has, too.
FILE_METHODS = frozenset(
    "read read1 readinto readline readlines write writelines truncate flush".split()
)

#: Arguments of ``httpx.Client`` that its async twin takes as they are.
CLIENT_ARGUMENTS = frozenset(
    """base_url headers params cookies timeout follow_redirects verify cert http1 http2 trust_env
    max_redirects limits default_encoding proxy""".split()
)
#: Attributes of an HTTP client that wait for nothing.
CLIENT_ATTRIBUTES = frozenset("headers cookies base_url params timeout is_closed".split())
#: Arguments of a request that a client takes in both colours.
REQUEST_ARGUMENTS = frozenset("params headers json content data timeout follow_redirects".split())


@dataclass(frozen=True)
class Process:
    """How a function of ``subprocess`` is said with ``anyio.run_process``.

    ``check`` and ``piped`` are its defaults, ``result`` the attribute that it gives.
    """

    check: bool
    piped: frozenset[str] = frozenset()
    result: str = ""


PROCESSES: dict[str, Process] = {
    "subprocess.run": Process(check=False),
    "subprocess.call": Process(check=False, result="returncode"),
    "subprocess.check_call": Process(check=True, result="returncode"),
    "subprocess.check_output": Process(check=True, piped=frozenset(("stdout",)), result="stdout"),
}
#: Arguments that ``anyio.run_process`` takes as they are.
PROCESS_ARGUMENTS = frozenset("cwd env check stdout stderr start_new_session".split())

#: What a response of requests has under the same name and with the same meaning in httpx.
RESPONSE_ATTRIBUTES = frozenset("status_code content text headers json raise_for_status".split())

#: What httpx raises where requests raises something.
ERRORS: dict[str, tuple[str, ...]] = {
    "RequestException": ("HTTPError", "InvalidURL"),
    "HTTPError": ("HTTPStatusError",),
    "Timeout": ("TimeoutException",),
    "ConnectTimeout": ("ConnectTimeout",),
    "ReadTimeout": ("ReadTimeout",),
    "ConnectionError": ("NetworkError", "RemoteProtocolError", "ProxyError", "ConnectTimeout"),
    "TooManyRedirects": ("TooManyRedirects",),
}
#: Errors of the language that requests raises (it derives from them) and httpx does not.
BASES_OF_ERRORS = frozenset(("OSError", "IOError", "EnvironmentError", "ValueError"))
