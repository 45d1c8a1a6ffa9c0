"""Applications run before and after the pass; afterwards every hidden load is an error.

A load is hidden when it happens outside of a call of the session: there an async session would
raise ``MissingGreenlet``.
"""

from __future__ import annotations

import ast
import contextlib
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy.orm
from fastapi.exceptions import ResponseValidationError
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy.orm import loading, state, strategies

from codemods.config import Options
from codemods.passes.eager_loading import PASS
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile

_CALLS = "execute scalars scalar get refresh flush commit merge delete rollback".split()
_LOADING = ("chunks", "instances", "_instance", "load")

Request = tuple[str, str] | tuple[str, str, Any]


class HiddenLoad(Exception):  # noqa: N818
    """Something was loaded outside of a call of the session."""


def migrated(source: str, *, path: str = "app.py", **others: str) -> Migration:
    files = {path: source} | {f"{name}.py": text for name, text in others.items()}
    codebase = CodeBase(
        Path("/nowhere"), {name: SourceFile(name, text) for name, text in files.items()}
    )
    return migrate(codebase, [PASS], Options(jobs=1))


def check(source: str, requests: Sequence[Request], *, needed: bool = True) -> Migration:
    """The same answers before and after, nothing loaded behind the scenes, nothing in vain."""
    migration = migrated(source)
    text = migration.after["app.py"].text
    assert not migrated(text).changed, migrated(text).after["app.py"].text
    before, after = answers(source, requests), answers(text, requests, strict=True)
    assert after == before, text
    if needed:
        for less in without_each_load(text):
            with contextlib.suppress(HiddenLoad, ResponseValidationError, ValidationError):
                assert answers(less, requests, strict=True) != before, f"in vain:\n{less}"
    return migration


def answers(source: str, requests: Sequence[Request], *, strict: bool = False) -> list[Any]:
    """What the application says: status and body of each request."""
    module = types.ModuleType("strict_app")
    sys.modules[module.__name__] = module
    guard = no_hidden_loads() if strict else contextlib.nullcontext()
    exec(compile(source, "app.py", "exec", dont_inherit=True), module.__dict__)
    client = TestClient(module.__dict__["app"])
    found = []
    with guard:
        for method, url, *body in requests:
            options = {"json": body[0]} if body else {}
            answer = client.request(method, url, **options)
            found.append((answer.status_code, answer.json() if answer.content else None))
    return found


@contextlib.contextmanager
def no_hidden_loads() -> Iterator[None]:
    """Raise ``HiddenLoad`` for every load outside of a call of the session."""
    inside = threading.local()
    undo: list[Callable[[], None]] = []

    def patch(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        setattr(owner, name, wrap(original))
        undo.append(lambda: setattr(owner, name, original))

    def allowing(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            inside.depth = getattr(inside, "depth", 0) + 1
            try:
                return function(*args, **kwargs)
            finally:
                inside.depth -= 1

        return call

    def refusing(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if not getattr(inside, "depth", 0) and not _within_rows():
                raise HiddenLoad(str(args[0]))
            return function(*args, **kwargs)

        return call

    for name in _CALLS:
        patch(sqlalchemy.orm.Session, name, allowing)
    loader = getattr(strategies, "_LazyLoader", None) or strategies.LazyLoader
    patch(loader, "_emit_lazyload", refusing)
    # The mappers hold the function that loads expired attributes: its caller is replaced.
    patch(state.InstanceState, "_load_expired", refusing)
    plain = hasattr(loading, "load_scalar_attributes")
    patch(loading, "load_scalar_attributes" if plain else "_load_scalar_attributes", refusing)
    try:
        yield
    finally:
        for back in reversed(undo):
            back()


def _within_rows() -> bool:
    """Whether the rows of a result are being read: an async session does that when awaited."""
    frame = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code.co_filename.endswith("orm/loading.py") and code.co_name in _LOADING:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def without_each_load(text: str) -> Iterator[str]:
    """The application, each time with one loader option taken out."""
    count = sum(1 for _ in _options(ast.parse(text)))
    for index in range(count):
        tree = ast.parse(text)
        holder, option = list(_options(tree))[index]
        holder.remove(option)
        yield ast.unparse(tree)


def _options(tree: ast.AST) -> Iterator[tuple[list[ast.expr], ast.expr]]:
    for node in ast.walk(tree):
        holder: list[ast.expr] = []
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr == "options":
                holder = node.args
            for keyword in node.keywords:
                if keyword.arg == "options" and isinstance(keyword.value, ast.List):
                    holder = keyword.value.elts
        for option in holder:
            if not isinstance(option, ast.Starred):
                yield holder, option
