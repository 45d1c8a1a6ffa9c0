"""Calls that hold their thread: known names of libraries, and what reaches them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.facts.modules import Module
from codemods.facts.syntax import Function
from codemods.facts.values import External, FunctionValue, Instance, Method

if TYPE_CHECKING:
    from codemods.facts.program import Program

#: Functions by resolved name; a name that ends with a dot stands for all that it begins.
FUNCTIONS: dict[str, str] = {
    "time.sleep": "sleeps",
    "requests.": "waits for the network",
    "httpx.get": "waits for the network",
    "httpx.post": "waits for the network",
    "httpx.put": "waits for the network",
    "httpx.patch": "waits for the network",
    "httpx.delete": "waits for the network",
    "httpx.head": "waits for the network",
    "httpx.request": "waits for the network",
    "httpx.stream": "waits for the network",
    "urllib.request.urlopen": "waits for the network",
    "urllib.request.urlretrieve": "waits for the network",
    "bcrypt.hashpw": "computes a password hash",
    "bcrypt.checkpw": "computes a password hash",
    "bcrypt.gensalt": "computes a password hash",
    "bcrypt.kdf": "computes a password hash",
    "hashlib.pbkdf2_hmac": "derives a key",
    "hashlib.scrypt": "derives a key",
    "werkzeug.security.generate_password_hash": "computes a password hash",
    "werkzeug.security.check_password_hash": "computes a password hash",
    "subprocess.run": "waits for a process",
    "subprocess.call": "waits for a process",
    "subprocess.check_call": "waits for a process",
    "subprocess.check_output": "waits for a process",
    "os.system": "waits for a process",
    "shutil.copy": "waits for the disk",
    "shutil.copyfile": "waits for the disk",
    "shutil.copyfileobj": "waits for the disk",
    "shutil.copytree": "waits for the disk",
    "shutil.move": "waits for the disk",
    "shutil.rmtree": "waits for the disk",
    "shutil.make_archive": "waits for the disk",
}
del FUNCTIONS["bcrypt.gensalt"]

#: Methods by the resolved name of their class.
METHODS: dict[str, tuple[frozenset[str], str]] = {
    "passlib.context.CryptContext": (
        frozenset("hash verify verify_and_update encrypt".split()),
        "computes a password hash",
    ),
    "pwdlib.PasswordHash": (
        frozenset("hash verify verify_and_update".split()),
        "computes a password hash",
    ),
    "argon2.PasswordHasher": (frozenset(("hash", "verify")), "computes a password hash"),
    "requests.Session": (
        frozenset("get post put patch delete head options request send".split()),
        "waits for the network",
    ),
    "httpx.Client": (
        frozenset("get post put patch delete head options request send stream".split()),
        "waits for the network",
    ),
    "smtplib.SMTP": (
        frozenset("connect login send_message sendmail starttls quit".split()),
        "waits for the network",
    ),
    "smtplib.SMTP_SSL": (
        frozenset("connect login send_message sendmail quit".split()),
        "waits for the network",
    ),
    "emails.Message": (frozenset(("send",)), "waits for the network"),
}

#: Classes whose objects come from a classmethod or a factory function.
_MAKERS = {
    "pwdlib.PasswordHash.recommended": "pwdlib.PasswordHash",
    "emails.Message": "emails.Message",
    "requests.session": "requests.Session",
}
_RECOGNISED = frozenset(
    {name.rstrip(".").rpartition(".")[2] for name in FUNCTIONS}
    | {name for names, _ in METHODS.values() for name in names}
    | {"get", "post", "put", "patch", "delete", "head", "request"}
)


class Blocking:
    """Which calls and functions of a program hold their thread."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._functions: dict[Function, str] = {}

    def call(self, call: ast.Call, module: Module) -> str:
        """What a call of a library waits for, or ""."""
        for value in self.program.infer(call.func, module):
            match value:
                case External(name=name):
                    if reason := self._named(name):
                        return reason
                case Method(owner=owner, name=name) if isinstance(owner.cls, str):
                    methods, reason = METHODS.get(owner.cls, (frozenset(), ""))
                    if name in methods:
                        return reason
        if isinstance(call.func, ast.Attribute):
            return self._made(call.func, module)
        return ""

    @staticmethod
    def _named(name: str) -> str:
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        head, _, tail = name.rpartition(".")
        verbs = ("get", "post", "put", "patch", "delete", "head", "options", "request")
        return FUNCTIONS.get(f"{head}.", "") if tail in verbs else ""

    def _made(self, node: ast.Attribute, module: Module) -> str:
        """The method of an object that a factory of a library made."""
        found = self.program.definition(node.value, module)
        if found is None or not isinstance(found[0], ast.Call):
            return ""
        cls = _MAKERS.get(self.program.outside_name(found[0].func, found[1]), "")
        methods, reason = METHODS.get(cls, (frozenset(), ""))
        return reason if node.attr in methods else ""

    def function(self, function: Function) -> str:
        """What a sync function of the code base waits for, through whatever it calls, or ""."""
        if function in self._functions:
            return self._functions[function]
        self._functions[function] = ""
        if not function.is_async and not function.is_generator:
            self._functions[function] = self._inside(function)
        return self._functions[function]

    def _inside(self, function: Function) -> str:
        module = function.module
        for node in function.nodes:
            if not isinstance(node, ast.Call) or module.function_of(node) is not function:
                continue
            if reason := self.reason(node, module):
                return reason
        return ""

    def reason(self, call: ast.Call, module: Module) -> str:
        """What a call waits for, in a library or in the code base, or ""."""
        if reason := self.call(call, module):
            return reason
        for value in self.program.infer(call.func, module):
            if isinstance(value, FunctionValue) and (reason := self.function(value.function)):
                return reason
        return ""


__all__ = ["Blocking", "Instance"]
