from __future__ import annotations

import pytest
from edit_case import check, edited

from codemods.edits import (
    Action,
    Arguments,
    Await,
    EditError,
    MakeAsync,
    Rename,
    Rewrite,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return f()", "return await f()"),
        ("f().a", "(await f()).a"),
        ("f()[0]", "(await f())[0]"),
        ("f()()", "(await f())()"),
        ("f() ** 2", "(await f()) ** 2"),
        ("2 ** f()", "2 ** (await f())"),
        ("-f()", "-(await f())"),
        ("~f()", "~(await f())"),
        ("not f()", "not await f()"),
        ("1 + f()", "1 + await f()"),
        ("f() * 2", "await f() * 2"),
        ("f() == 2", "await f() == 2"),
        ("2 in f()", "2 in await f()"),
        ("f() and 2", "await f() and 2"),
        ("g(f())", "g(await f())"),
        ("g(a=f())", "g(a=await f())"),
        ("g(*f())", "g(*await f())"),
        ("g(**f())", "g(**await f())"),
        ("[f()]", "[await f()]"),
        ("{1: f()}", "{1: await f()}"),
        ("a[f()]", "a[await f()]"),
        ("a[f():]", "a[await f() :]"),
        ("1, f()", "1, await f()"),
        ("*f(), 1", "*await f(), 1"),
        ("1 if f() else 2", "1 if await f() else 2"),
        ("f() if 1 else 2", "await f() if 1 else 2"),
        ("lambda: f()", "lambda: await f()"),
        ("(x := f())", "(x := await f())"),
        ("yield f()", "yield await f()"),
        ("yield from f()", "yield from await f()"),
        ("await f()", "await f()"),
        ("(await f()).a", "(await f()).a"),
        ("(f())", "(await f())"),
        ("(f()).a", "(await f()).a"),
        ("((f())).a", "((await f())).a"),
        ("return(f())", "return(await f())"),
        ("1 if(f())else 2", "1 if(await f())else 2"),
        ("f'{f()}'", "f'{await f()}'"),
        ("f'{f()!r:>{w}}'", "f'{await f()!r:>{w}}'"),
        ("[x for x in f()]", "[x for x in await f()]"),
        ("[f() for x in y]", "[await f() for x in y]"),
        ("[x for x in y if f()]", "[x for x in y if await f()]"),
        ("assert f(), 1", "assert await f(), 1"),
        ("raise f() from e", "raise await f() from e"),
        ("x: int = f()", "x: int = await f()"),
        ("x += f()", "x += await f()"),
        ("del f().a", "del (await f()).a"),
        ("f().a = 1", "(await f()).a = 1"),
        ("with f() as g: pass", "with await f() as g: pass"),
        ("for x in f(): pass", "for x in await f(): pass"),
        ("while f(): pass", "while await f(): pass"),
        ("match f():\n    case 1: pass", "match await f():\n    case 1: pass"),
    ],
)
def test_await_has_parentheses_where_its_place_asks_for_them(before: str, after: str) -> None:
    target = "Call:f()"
    if before.startswith("a[f():]"):
        after = "a[await f():]"
    assert edited(before + "\n", (target, Await())) == after + "\n"


@pytest.mark.parametrize(
    ("before", "target", "after"),
    [
        ("a or b", "a or b", "await (a or b)"),
        ("a.b", "a.b", "await a.b"),
        ("lambda: 1", "lambda: 1", "await (lambda: 1)"),
        ("return[a][0]", "[a][0]", "return(await [a][0])"),
    ],
)
def test_await_of_other_expressions(before: str, target: str, after: str) -> None:
    assert edited(before + "\n", (target, Await())) == after + "\n"


def test_await_moves_into_the_parentheses_of_its_expression() -> None:
    check(
        """
        x = (
            # why
            f(
                1,
            )  # here
        ).a
        """,
        """
        x = (
            # why
            await f(
                1,
            )  # here
        ).a
        """,
        ("f(", Await()),
    )


@pytest.mark.parametrize(
    ("before", "target", "template", "after"),
    [
        ("db.query(A, B)", "db.query(A, B)", "select({args})", "select(A, B)"),
        ("db.query()", "db.query()", "select({args})", "select()"),
        ("q.first()", "q.first()", "(await {receiver}.limit(1)).first()", None),
        ("q.get(1)", "q.get(1)", "await db.get({receiver}, {0})", "await db.get(q, 1)"),
        ("f(a, b=2, c=3)", "f(a, b=2, c=3)", "g({c=}, {0}, {b=})", "g(3, a, 2)"),
        ("f(a, *b, c=3, **d)", "f(a, *b, c=3, **d)", "g({rest})", "g(*b, c=3, **d)"),
        ("f(a)", "f(a)", "g(1, {rest})", "g(1)"),
        ("f(a, b)", "f(a, b)", "g(1, {rest}, x=2)", "g(1, b, x=2)"),
        ("f(a, b,)", "f(a, b,)", "g({args}, 1)", "g(a, b, 1)"),
        ("f(a)", "f(a)", "{self}.x", "f(a).x"),
        ("f(a)", "f(a)", "{func}", "f"),
        ("(f(a)).b", "f(a)", "{func}", "(f).b"),
        ("(a or b).c()", "(a or b).c()", "g({receiver})", "g(a or b)"),
        ("(a or b).c()", "(a or b).c()", "{receiver}.d()", "(a or b).d()"),
        ("f(lambda: 1)", "f(lambda: 1)", "{0}()", "(lambda: 1)()"),
        ("f(a if b else c)", "f(a if b else c)", "{0}.x", "(a if b else c).x"),
        ("f(a + b)", "f(a + b)", "{0} * 2", "(a + b) * 2"),
        ("f(a * b)", "f(a * b)", "{0} + 2", "a * b + 2"),
        ("f(a, b)", "f(a, b)", "{0} - {1}", "a - b"),
        ("f(a, b - c)", "f(a, b - c)", "{0} - {1}", "a - (b - c)"),
        ("f(await a)", "f(await a)", "{0}.x", "(await a).x"),
        ("f(await a)", "f(await a)", "g({0})", "g(await a)"),
        ("f(x for x in y)", "f(x for x in y)", "g({0})", "g(x for x in y)"),
        ("f(x for x in y)", "f(x for x in y)", "g({0}, 1)", "g((x for x in y), 1)"),
        ("f(x for x in y)", "f(x for x in y)", "{0}.a", "(x for x in y).a"),
        ("f((a, b))", "f((a, b))", "g({0})", "g((a, b))"),
        ("f(x := 1)", "f(x := 1)", "g(a={0})", "g(a=(x := 1))"),
        ("f(1)", "f(1)", "{0}.real", "(1).real"),
        ("a.f().b", "a.f()", "await g({receiver})", "(await g(a)).b"),
        ("a.f().b", "a.f()", "(await g({receiver}))", "(await g(a)).b"),
        ("a.f() + 1", "a.f()", "x or y", "(x or y) + 1"),
        ("await f(1)", "await f(1)", "g({value})", "g(f(1))"),
        ("a[1]", "a[1]", "g({value})", "g(a)"),
        ("a.b", "a.b", "{receiver}.c", "a.c"),
        ("x = [f(1)]", "f(1)", "a, b", "x = [(a, b)]"),
        ("x = f(1)", "f(1)", "a, b", "x = a, b"),
        ("return[f(1)][0]", "[f(1)][0]", "{value}", None),
        ("a if b else[c]", "[c]", "c", "a if b else(c)"),
    ],
)
def test_rewrite(before: str, target: str, template: str, after: str | None) -> None:
    if after is None:
        after = {
            "q.first()": "(await q.limit(1)).first()",
            "return[f(1)][0]": "return[f(1)]",
        }[before]
    assert edited(before + "\n", (target, Rewrite(template))) == after + "\n"


def test_rewrite_takes_the_layout_of_arguments_along() -> None:
    check(
        """
        x = session.query(
            A,  # one
            B,
        )
        """,
        """
        x = select(
            A,  # one
            B,
        )
        """,
        ("session.query(", Rewrite("select({args})")),
    )


def test_edits_of_nested_nodes_compose() -> None:
    check(
        """
        user = (
            db.query(User)
            .filter(User.id == id)
            .first()
        )
        """,
        """
        user = (await db.scalars(select(User).where(User.id == id).limit(1))).first()
        """,
        ("db.query(User)", Rewrite("select({args})")),
        (
            "Call:db.query(User)\n    .filter(User.id == id)",
            Rename("where"),
        ),
        (
            "Call:db.query(User)\n    .filter(User.id == id)\n    .first()",
            Rewrite("(await db.scalars({receiver}.limit(1))).first()"),
        ),
    )


def test_two_edits_of_one_node_apply_in_their_order() -> None:
    check(
        "x = a.f(1).b\n",
        "x = (await a.g(1, k=2)).b\n",
        ("a.f(1)", Rename("g")),
        ("a.f(1)", Arguments(put=(("k", "2"),))),
        ("a.f(1)", Await()),
        ("a.f(1)", Await()),
    )


def test_newlines_that_lose_their_brackets_get_parentheses() -> None:
    check(
        """
        x = f(
            a
            .b
        )
        """,
        "x = a.b\n",
        ("f(", Rewrite("{0}")),
    )


@pytest.mark.parametrize(
    ("before", "target", "name", "after"),
    [
        ("a.b", "Name:a", "c", "c.b"),
        ("a.b", "a.b", "c", "a.c"),
        ("a.b(1)", "a.b(1)", "c", "a.c(1)"),
        ("b(1)", "b(1)", "c", "c(1)"),
        ("f(a=1)", "keyword:a=1", "b", "f(b=1)"),
        ("def f(a: int = 1): pass", "arg:a: int", "b", "def f(b: int = 1): pass"),
        ("def f(*a): pass", "arg:a", "b", "def f(*b): pass"),
        ("lambda a: 1", "arg:a", "b", "lambda b: 1"),
        ("class A: pass", "class A: pass", "B", "class B: pass"),
        ("def f(): pass", "def f(): pass", "g", "def g(): pass"),
        ("from a import b as c", "alias:b as c", "d", "from a import d as c"),
        ("import a.b", "alias:a.b", "c", "import a.c"),
    ],
)
def test_rename(before: str, target: str, name: str, after: str) -> None:
    assert edited(before + "\n", (target, Rename(name))) == after + "\n"


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("f(1, 2)", Arguments(remove=(0,)), "f(2)"),
        ("f(1, 2)", Arguments(remove=(1,)), "f(1)"),
        ("f(1, 2,)", Arguments(remove=(1,)), "f(1,)"),
        ("f(1, a=2)", Arguments(remove=("a",)), "f(1)"),
        ("f(1, 2, 3)", Arguments(remove=(0, 1)), "f(3)"),
        ("f( 1 )", Arguments(remove=(0,)), "f()"),
        ("f()", Arguments(put=(("a", "1"),)), "f(a=1)"),
        ("f(1)", Arguments(put=(("a", "1"),)), "f(1, a=1)"),
        ("f(1,)", Arguments(put=(("a", "1"),)), "f(1, a=1,)"),
        ("f(a=2, b=3)", Arguments(put=(("a", "1"),)), "f(a=1, b=3)"),
        ("f(a=2)", Arguments(remove=("a",), put=(("b", "1"),)), "f(b=1)"),
        ("f(x for x in y)", Arguments(put=(("a", "1"),)), "f((x for x in y), a=1)"),
        ("f(a)", Arguments(put=(("b", "(x for x in y)"),)), "f(a, b=(x for x in y))"),
        ("f(a)", Arguments(put=(("b", "{0}.c"),)), "f(a, b=a.c)"),
        ("f(**k)", Arguments(put=(("a", "1"),)), "f(**k, a=1)"),
    ],
)
def test_arguments(before: str, action: Arguments, after: str) -> None:
    assert edited(before + "\n", (f"Call:{before}", action)) == after + "\n"


@pytest.mark.parametrize("comma", [",", ""])
def test_arguments_over_several_lines(comma: str) -> None:
    source = f"f(\n    1,  # one\n    a=2{comma}  # two\n)\n"
    put = Arguments(put=(("b", "3"),))
    assert edited(source, ("Call:f(", put)) == (
        f"f(\n    1,  # one\n    a=2,  # two\n    b=3{comma}\n)\n"
    )


@pytest.mark.parametrize("end", ["", ",\n", ",  # two\n", "\n"])
def test_an_argument_joins_the_line_of_the_others(end: str) -> None:
    put = Arguments(put=(("b", "3"),))
    after = edited(f"f(\n    1, a=2{end})\n", ("Call:f(", put))
    assert after == f"f(\n    1, a=2, b=3{end})\n"


def test_removing_the_last_argument_keeps_the_layout() -> None:
    source = "f(\n    1,  # one\n    a=2,\n)\n"
    assert edited(source, ("Call:f(", Arguments(remove=("a",)))) == "f(\n    1,  # one\n)\n"


def test_comment_of_a_removed_argument_goes_above() -> None:
    source = "f(\n    1,\n    a=2,  # two\n)\n"
    after = edited(source, ("Call:f(", Arguments(remove=("a",))))
    assert after == "# two\nf(\n    1,\n)\n"


@pytest.mark.parametrize(
    ("before", "target", "index", "after"),
    [
        ("[x for x in y]", "[x for x in y]", 0, "[x async for x in y]"),
        ("{x for x in y}", "{x for x in y}", 0, "{x async for x in y}"),
        ("{x: 1 for x in y}", "{x: 1 for x in y}", 0, "{x: 1 async for x in y}"),
        ("f(x for x in y)", "(x for x in y)", 0, "f(x async for x in y)"),
        ("[x for a in b for x in a]", "[x for a in b for x in a]", 1, None),
    ],
)
def test_async_comprehensions(before: str, target: str, index: int, after: str | None) -> None:
    after = after or "[x for a in b async for x in a]"
    assert edited(before + "\n", (target, MakeAsync(index))) == after + "\n"


@pytest.mark.parametrize(
    ("before", "target", "action"),
    [
        ("f(1)", "f(1)", Rewrite("{receiver}")),
        ("f(1)", "f(1)", Rewrite("{1}")),
        ("f(*a)", "f(*a)", Rewrite("{0}")),
        ("f(1)", "f(1)", Rewrite("{a=}")),
        ("f(1)", "f(1)", Rewrite("x = 1")),
        ("f(1)", "f(1)", Rewrite("(")),
        ("f(1)", "f(1)", Arguments(remove=(1,))),
        ("f(1)", "f(1)", Arguments(remove=("a",))),
        ("f(1)", "f(1)", MakeAsync()),
        ("[x for x in y]", "[x for x in y]", MakeAsync(1)),
        ("x = 1", "Constant:1", Rename("y")),
        ("x = 1", "x = 1", Await()),
    ],
)
def test_actions_that_do_not_fit(before: str, target: str, action: Action) -> None:
    with pytest.raises(EditError) as error:
        edited(before + "\n", (target, action))
    assert error.value.path == "app/a.py"
    assert error.value.key is not None
