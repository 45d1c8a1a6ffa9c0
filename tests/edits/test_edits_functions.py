from __future__ import annotations

import pytest
from edit_case import check, edited

from codemods.edits import (
    Action,
    AddDecorator,
    AddParameter,
    Await,
    EditError,
    MakeAsync,
    RemoveDecorator,
    SetReturns,
)


@pytest.mark.parametrize(
    ("before", "source", "after"),
    [
        ("def f(): pass", "a: A", "def f(a: A): pass"),
        ("def f(b): pass", "a: A", "def f(b, a: A): pass"),
        ("def f(b, ): pass", "a", "def f(b, a, ): pass"),
        ("def f(b=1): pass", "a=2", "def f(b=1, a=2): pass"),
        ("def f(b=1): pass", "a: A", "def f(b=1, *, a: A): pass"),
        ("def f(b, **k): pass", "a", "def f(b, a, **k): pass"),
        ("def f(**k): pass", "a", "def f(a, **k): pass"),
        ("def f(b=1, **k): pass", "a", "def f(b=1, *, a, **k): pass"),
        ("def f(*b): pass", "a", "def f(*b, a): pass"),
        ("def f(*, b): pass", "a", "def f(*, b, a): pass"),
        ("def f(*, b, **k): pass", "a", "def f(*, b, a, **k): pass"),
        ("def f(b, /): pass", "a", "def f(b, /, a): pass"),
        ("def f(b=1, /): pass", "a", "def f(b=1, /, *, a): pass"),
        ("def f(b, /, **k): pass", "a", "def f(b, /, a, **k): pass"),
        ("async def f(self) -> int: pass", "a: A = x(1)", None),
    ],
)
def test_add_parameter(before: str, source: str, after: str | None) -> None:
    after = after or "async def f(self, a: A = x(1)) -> int: pass"
    assert edited(before + "\n", (before, AddParameter(source))) == after + "\n"


@pytest.mark.parametrize("comma", [",", ""])
@pytest.mark.parametrize("last", ["b=1", "*b", "*, b"])
def test_add_parameter_over_several_lines(comma: str, last: str) -> None:
    source = f"def f(\n    x,  # one\n    {last}{comma}  # two\n):\n    pass\n"
    assert edited(source, ("def f(", AddParameter("a=1"))) == (
        f"def f(\n    x,  # one\n    {last},  # two\n    a=1{comma}\n):\n    pass\n"
    )


def test_add_parameter_before_keywords_over_several_lines() -> None:
    check(
        "def f(\n    x,\n    **k,\n):\n    pass\n",
        "def f(\n    x,\n    a: A,\n    **k,\n):\n    pass\n",
        ("def f(", AddParameter("a: A")),
    )


def test_decorators() -> None:
    check(
        """
        # above
        @a
        # about b
        @b  # beside b
        # about f
        def f():
            pass
        """,
        """
        # above
        @a
        @c(1)
        # about b
        # about f
        async def f():
            pass
        """,
        ("def f():", RemoveDecorator(1)),
        ("def f():", AddDecorator("c(1)")),
        ("def f():", MakeAsync()),
    )


def test_places_of_decorators_do_not_move() -> None:
    check(
        "@a\n@b\n@c\nclass A:\n    pass\n",
        "@b\n@d\n@e\nclass A:\n    pass\n",
        ("class A:", RemoveDecorator(0)),
        ("class A:", RemoveDecorator(2)),
        ("class A:", AddDecorator("d")),
        ("class A:", AddDecorator("@e")),
    )


def test_last_decorator_goes() -> None:
    check(
        "x = 1\n\n\n# above\n@a\n# below\ndef f():\n    pass\n",
        "x = 1\n\n\n# above\n# below\ndef f():\n    pass\n",
        ("def f():", RemoveDecorator(0)),
    )


def test_edits_in_decorators_and_headers() -> None:
    check(
        "@a(b(1))\ndef f(x=b(2)) -> b(3):\n    pass\n",
        "@a(await b(1))\nasync def f(x=await b(2)) -> b(3):\n    pass\n",
        ("b(1)", Await()),
        ("b(2)", Await()),
        ("def f(x=b(2)) -> b(3):", MakeAsync()),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(): pass", "def f() -> A[B]: pass"),
        ("def f()->C : pass", "def f()->A[B] : pass"),
        ("def f(\n    a,\n): pass", "def f(\n    a,\n) -> A[B]: pass"),
    ],
)
def test_set_returns(before: str, after: str) -> None:
    target = before.partition("\n")[0]
    assert edited(before + "\n", (target, SetReturns("A[B]"))) == after + "\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def  f (a) : pass", "async def  f (a) : pass"),
        ("class A:\n    def f(self): pass", "class A:\n    async def f(self): pass"),
        ("def f[T](a: T): pass", "async def f[T](a: T): pass"),
        ("async def f(): pass", "async def f(): pass"),
    ],
)
def test_make_async(before: str, after: str) -> None:
    import sys

    if "[T]" in before and sys.version_info < (3, 12):
        pytest.skip("needs the grammar of Python 3.12")
    target = before.partition("\n    ")[2] or before
    assert edited(before + "\n", (target, MakeAsync())) == after + "\n"


@pytest.mark.parametrize(
    ("source", "target", "action"),
    [
        ("def f(): pass\n", "def f(): pass", RemoveDecorator(0)),
        ("def f(): pass\n", "def f(): pass", AddParameter("a, b")),
        ("def f(): pass\n", "def f(): pass", AddParameter("1")),
        ("def f(): pass\n", "def f(): pass", SetReturns("(")),
        ("def f(): pass\n", "def f(): pass", AddDecorator("(")),
        ("class A: pass\n", "class A: pass", AddParameter("a")),
        ("class A: pass\n", "class A: pass", SetReturns("a")),
        ("a = 1\n", "a = 1", AddDecorator("a")),
    ],
)
def test_actions_that_do_not_fit(source: str, target: str, action: Action) -> None:
    with pytest.raises(EditError):
        edited(source, (target, action))
