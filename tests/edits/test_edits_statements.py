from __future__ import annotations

import pytest
from edit_case import check, edited

from codemods.edits import (
    Action,
    Await,
    EditError,
    InsertAfter,
    InsertBefore,
    MakeAsync,
    RemoveStatement,
    ReplaceStatement,
    Rewrite,
    WrapRest,
)


def test_replace_keeps_comments_and_blank_lines() -> None:
    check(
        """
        def f():
            a = 1

            # why
            return db.all()  # here

            # after
            b = 2
        """,
        """
        def f():
            a = 1

            # why
            result = await db.all()
            return result.x  # here

            # after
            b = 2
        """,
        ("Call:db.all()", Await()),
        ("return db.all()", ReplaceStatement("result = {value}\nreturn result.x")),
    )


@pytest.mark.parametrize(
    ("template", "after"),
    [
        ("{target} = g({value})", "a = 1\nx = g(f())\nb = 2"),
        ("y = {value}\n{target} = y", "a = 1\ny = f()\nx = y\nb = 2"),
    ],
)
def test_replace_in_a_line_of_several(template: str, after: str) -> None:
    source = "a = 1; x = f(); b = 2  # end\n"
    assert edited(source, ("x = f()", ReplaceStatement(template))) == f"{after}  # end\n"


def test_statements_around_one_of_several_in_a_line() -> None:
    source = "a = 1; b = 2; c = 3  # end\n"
    actions: list[tuple[Action, str]] = [
        (InsertBefore("x"), "a = 1\nx\nb = 2\nc = 3  # end\n"),
        (InsertAfter("x"), "a = 1\nb = 2\nx\nc = 3  # end\n"),
        (RemoveStatement(), "a = 1\nc = 3  # end\n"),
    ]
    for action, after in actions:
        assert edited(source, ("b = 2", action)) == after


@pytest.mark.parametrize(
    ("action", "after"),
    [
        (ReplaceStatement("return await {value}"), "if x: return await y  # c\nz = 1\n"),
        (
            ReplaceStatement("r = {value}\nreturn r"),
            "if x:\n    r = y\n    return r  # c\nz = 1\n",
        ),
        (InsertBefore("r = 1"), "if x:\n    r = 1\n    return y  # c\nz = 1\n"),
        (InsertAfter("r = 1"), "if x:\n    return y  # c\n    r = 1\nz = 1\n"),
        (RemoveStatement(), "if x: pass\nz = 1\n"),
    ],
)
def test_statement_in_the_line_of_its_if(action: Action, after: str) -> None:
    assert edited("if x: return y  # c\nz = 1\n", ("return y", action)) == after


def test_insert_before_goes_between_blank_lines_and_comments() -> None:
    check(
        """
        a = 1

        # about b
        b = 2
        """,
        """
        a = 1

        x = 0
        # about b
        b = 2
        """,
        ("b = 2", InsertBefore("x = 0")),
    )


def test_insert_before_a_function() -> None:
    check(
        """
        a = 1


        # about f
        @g
        def f():
            pass
        """,
        """
        a = 1


        x = 0


        # about f
        @g
        def f():
            pass
        """,
        ("def f():", InsertBefore("x = 0")),
    )


def test_several_inserts_keep_the_order_of_the_plan() -> None:
    check(
        "a\n",
        "p\nq\na\nr\ns\n",
        ("Expr:a", InsertBefore("p")),
        ("Expr:a", InsertBefore("q")),
        ("Expr:a", InsertAfter("r")),
        ("Expr:a", InsertAfter("s")),
    )


def test_remove_keeps_the_comments_above() -> None:
    check(
        """
        def f():
            # first
            a = 1

            # second
            b = 2

            # third
            c = 3
        """,
        """
        def f():
            # first

            # second

            # third
            c = 3
        """,
        ("a = 1", RemoveStatement()),
        ("b = 2", RemoveStatement()),
    )


def test_remove_does_not_double_blank_lines() -> None:
    check("a = 1\n\nb = 2\n\nc = 3\n", "a = 1\n\nc = 3\n", ("b = 2", RemoveStatement()))
    check("a = 1\n\nb = 2\nc = 3\n", "a = 1\n\nc = 3\n", ("b = 2", RemoveStatement()))
    check("a = 1\nb = 2\n\nc = 3\n", "a = 1\n\nc = 3\n", ("b = 2", RemoveStatement()))


def test_remove_the_first_statement_of_a_body() -> None:
    check(
        "def f():\n    a = 1\n\n    b = 2\n",
        "def f():\n    b = 2\n",
        ("a = 1", RemoveStatement()),
    )


def test_remove_the_last_statement() -> None:
    check(
        """
        def f():
            a = 1
            # about b
            b = 2


        # about c
        c = 3
        """,
        """
        def f():
            a = 1
            # about b


        # about c
        """,
        ("b = 2", RemoveStatement()),
        ("c = 3", RemoveStatement()),
    )


def test_remove_the_only_statement() -> None:
    check(
        "def f():\n    # why\n    a = 1  # b\n\n\nc = 1\n",
        "def f():\n    pass\n    # why\n\n\nc = 1\n",
        ("a = 1", RemoveStatement()),
    )


def test_remove_a_compound_statement() -> None:
    check(
        "# x\nif a:\n    b = 1\nelse:\n    c = 1\nd = 1\n",
        "# x\nd = 1\n",
        ("if a:", RemoveStatement()),
    )


def test_body_goes_into_a_new_block() -> None:
    check(
        """
        def f():
            # why
            with Session() as db:  # open
                # first
                a = db.get()

                if a:
                    return a
                # last
            return None
        """,
        """
        async def f():
            # why
            # open
            async with Session() as db:
                try:
                    # first
                    a = await db.get()

                    if a:
                        return a
                    # last
                finally:
                    pass
            return None
        """,
        ("Call:db.get()", Await()),
        (
            "with Session() as db:  # open",
            ReplaceStatement(
                "async with {items}:\n    try:\n        {body}\n    finally:\n        pass"
            ),
        ),
        ("def f():", MakeAsync()),
    )


def test_body_without_its_block() -> None:
    check(
        """
        with a as b:
            c = 1

            d = 2
            # e
        f = 3
        """,
        """
        b = a
        c = 1

        d = 2
        # e
        f = 3
        """,
        ("with a as b:", ReplaceStatement("b = a\n{body}\n")),
    )


def test_body_in_the_line_of_its_statement() -> None:
    check(
        "for x in y: print(x)  # c\n",
        "async for x in z(y):\n    print(x)  # c\n",
        ("for x in y: print(x)", ReplaceStatement("async for {target} in z({iter}):\n    {body}")),
    )


def test_body_that_gets_too_long_is_laid_out() -> None:
    check(
        """
        with a:
            x = ffffffff(aaaaaaaaaa, bb)
            yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy = 1
        """,
        """
        if b:
            with a:
                x = ffffffff(
                    aaaaaaaaaa, bb
                )
                yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy = 1
        """,
        ("with a:", ReplaceStatement("if b:\n    with {items}:\n        {body}")),
        line_length=34,
    )


def test_parts_of_compound_statements() -> None:
    check(
        "if a and b:\n    c\n",
        "while await x(a and b):\n    c\n",
        ("if a and b:", ReplaceStatement("while await x({test}):\n    {body}")),
    )
    check(
        "with (\n    a as b,\n    c as d,\n):\n    e\n",
        "async with (\n    a as b,\n    c as d,\n):\n    e\n",
        ("with (", ReplaceStatement("async with {items}:\n    {body}")),
    )
    check(
        "with a as b:\n    e\n",
        "with x, a as b:\n    e\n",
        ("with a as b:", ReplaceStatement("with x, {items}:\n    {body}")),
    )


def test_self_in_a_statement_template() -> None:
    check(
        "# why\nx = g()  # c\n",
        "# why\n# c\ntry:\n    x = await g()\nfinally:  # d\n    close()\n",
        ("Call:g()", Await()),
        ("x = g()", ReplaceStatement("try:\n    {self}\nfinally:  # d\n    close()")),
    )


def test_expression_statement_has_the_holes_of_its_expression() -> None:
    check(
        "a.b(1, 2)\n",
        "x = a\ny = (1, 2)\n",
        ("Expr:a.b(1, 2)", ReplaceStatement("x = {receiver}\ny = ({0}, {1})")),
    )


def test_annotated_and_augmented_assignments() -> None:
    check("a: int = f()\n", "a = await f()\n", ("a: int = f()", _assign()))
    check("a.b += f()\n", "a.b = await f()\n", ("a.b += f()", _assign()))
    check("a, b = f()\n", "a, b = await f()\n", ("a, b = f()", _assign()))


def _assign() -> Action:
    return ReplaceStatement("{target} = await {value}")


def test_templates_use_the_indentation_of_the_module() -> None:
    source = "def f():\n\treturn g()\n"
    after = edited(source, ("return g()", ReplaceStatement("with x:\n    return {value}")))
    assert after == "def f():\n\twith x:\n\t\treturn g()\n"
    source = "def f():\n  return g()\n"
    after = edited(source, ("return g()", ReplaceStatement("with x:\n    return {value}")))
    assert after == "def f():\n  with x:\n    return g()\n"


def test_comments_within_a_replaced_statement_stay() -> None:
    check(
        """
        x = f(  # one
            a,  # two
        )  # three
        """,
        """
        # one
        # two
        y = 1  # three
        """,
        ("x = f(  # one", ReplaceStatement("y = 1")),
    )


def test_long_templates_are_laid_out() -> None:
    check(
        "def f():\n    return g(aaaaaaaaaaaaaa)\n",
        """
        def f():
            async with x as y:
                return await g(
                    aaaaaaaaaaaaaa
                )
        """,
        (
            "return g(aaaaaaaaaaaaaa)",
            ReplaceStatement("async with x as y:\n    return await {value}"),
        ),
        line_length=36,
    )


def test_make_async_statements() -> None:
    check(
        "with  a, b:  # c\n    for x  in y:  # d\n        p\n    else:\n        q\n",
        "async with  a, b:  # c\n    async for x  in y:  # d\n        p\n    else:\n        q\n",
        ("with  a, b:  # c", MakeAsync()),
        ("for x  in y:  # d", MakeAsync()),
    )
    check("async with a: pass\n", "async with a: pass\n", ("async with a: pass", MakeAsync()))


@pytest.mark.parametrize(
    ("source", "target", "action"),
    [
        ("return\n", "return", ReplaceStatement("x = {value}")),
        ("a = b = 1\n", "a = b = 1", ReplaceStatement("{target} = 2")),
        ("if a:\n    pass\nelif b:\n    pass\n", "if b:", RemoveStatement()),
        ("a = 1\n", "a = 1", ReplaceStatement("{body}")),
        ("a = 1\n", "a = 1", ReplaceStatement("x = {items}")),
        ("a = 1\n", "a = 1", MakeAsync()),
        ("f(a)\n", "Name:a", RemoveStatement()),
        ("while a:\n    pass\n", "while a:", MakeAsync()),
        ("f(a)\n", "Call:f(a)", Rewrite("yield x = 1")),
    ],
)
def test_actions_that_do_not_fit(source: str, target: str, action: Action) -> None:
    if target == "if b:":
        target = "elif b:"
    with pytest.raises(EditError):
        edited(source, (target, action))


def test_wrap_the_rest_of_a_body() -> None:
    check(
        """
        @command
        def f(a):
            \"\"\"Do it.\"\"\"
            b = a + 1

            # why
            with open() as db:
                g(db, b)  # here
            return b
            # end


        x = 1
        """,
        """
        @command
        def f(a):
            \"\"\"Do it.\"\"\"
            b = a + 1

            async def run():
                try:
                    # why
                    async with open() as db:
                        await g(db, b)  # here
                    return b
                finally:
                    await close()

            return asyncio.run(run())
            # end


        x = 1
        """,
        ("with open() as db:", MakeAsync()),
        ("g(db, b)", Await()),
        (
            "with open() as db:",
            WrapRest(
                "async def run():\n    try:\n        {body}\n    finally:\n"
                "        await close()\nreturn asyncio.run(run())"
            ),
        ),
    )


def test_wrap_some_statements_of_a_body() -> None:
    """Those between are as they were, with their comments, and several runs can be wrapped."""
    template = "def {}():\n    {{body}}\nawait pool({})"
    check(
        """
        async def f(a):
            # first
            b(a)

            # second
            with c() as d:
                d()
            # between
            e()
            if a:
                g(a)
                h(a)  # here
            i(a)
        """,
        """
        async def f(a):
            def one():
                # first
                b(a)

                # second
                with c() as d:
                    d()

            await pool(one)
            # between
            e()

            def two():
                if a:
                    g(a)
                    h(a)  # here
                return i(a)

            await pool(two)
        """,
        ("Expr:b(a)", WrapRest(template.format("one", "one"), 2)),
        ("if a:", WrapRest(template.format("two", "two"), 2)),
        ("Expr:i(a)", ReplaceStatement("return {value}")),
    )


def test_wrap_what_was_removed_or_added() -> None:
    source = "def f():\n    a()\n    b()\n    c(); d()\n"
    after = edited(
        source,
        ("Expr:a()", WrapRest("async def run():\n    {body}\nasyncio.run(run())")),
        ("Expr:a()", RemoveStatement()),
        ("Expr:b()", InsertAfter("e()")),
    )
    assert after == (
        "def f():\n    async def run():\n        b()\n        e()\n        c(); d()\n\n"
        "    asyncio.run(run())\n"
    )


def test_only_the_first_of_a_line_is_wrapped() -> None:
    with pytest.raises(EditError, match="is not the first of its line"):
        edited("def f():\n    a(); b()\n", ("Expr:b()", WrapRest("if x:\n    {body}")))
