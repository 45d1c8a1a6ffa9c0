from __future__ import annotations

from pathlib import Path

import pytest
from edit_case import check, clean, edited, key

from codemods.edits import (
    AddParameter,
    Arguments,
    Await,
    Edit,
    FileEdits,
    InsertAfter,
    MakeAsync,
    Rename,
    Rewrite,
)
from codemods.edits.alignment import realigned
from codemods.edits.apply import edit_files, edit_source
from codemods.edits.lengths import LineLengths
from codemods.source import CodeBase, SourceFile


def test_a_line_that_gets_too_long_is_split() -> None:
    check(
        """
        def f():
            return g(aaaaaaaaaa, bbbbbbbbbbb)  # c
            x = y(1,2)
        """,
        """
        def f():
            return await g(
                aaaaaaaaaa, bbbbbbbbbbb
            )  # c
            x = y(1,2)
        """,
        ("g(aaaaaaaaaa, bbbbbbbbbbb)", Await()),
        line_length=42,
    )


def test_a_line_that_gets_a_neighbour_is_split_as_well() -> None:
    source = "a = f(one, two)\n"
    edits = (("Call:f(one, two)", Await()), ("a = f(one, two)", InsertAfter("b = g()")))
    after = edited(source, *edits, line_length=18)
    assert after == "a = await f(\n    one, two\n)\nb = g()\n"


def test_a_line_that_was_too_long_stays_one() -> None:
    source = "x = f(aaaaaaaaaa, bbbbbbbbbbb)\n"
    after = edited(source, ("Call:f(aaaaaaaaaa, bbbbbbbbbbb)", Await()), line_length=20)
    assert after == "x = await f(aaaaaaaaaa, bbbbbbbbbbb)\n"


def test_a_line_that_was_too_long_and_is_rewritten_is_laid_out() -> None:
    source = "x = f(aaaaaaaaaa, bbbbbbbbbbb)\n"
    action = Rewrite("g({args}, cccccccccc)")
    after = edited(source, ("Call:f(aaaaaaaaaa, bbbbbbbbbbb)", action), line_length=20)
    assert after == "x = g(\n    aaaaaaaaaa,\n    bbbbbbbbbbb,\n    cccccccccc,\n)\n"


def test_quotes_and_magic_commas_stay() -> None:
    check(
        """
        x = f(
            'a',
            "b",
        )
        """,
        """
        x = await f(
            'a',
            "b",
            c='d',
        )
        """,
        ("Call:f(", Arguments(put=(("c", "'d'"),))),
        ("Call:f(", Await()),
    )


def test_a_chain_that_gets_short_comes_together() -> None:
    check(
        """
        def f():
            # all of them
            users = (
                db.query(User)
                .filter(User.name == name, User.age > age)
                .order_by(User.id)
                .all()
            )
            return users
        """,
        """
        def f():
            # all of them
            users = (
                await db.scalars(
                    select(User).where(User.name == name, User.age > age).order_by(User.id)
                )
            ).all()
            return users
        """,
        ("db.query(User)", Rewrite("select({args})")),
        (_chain(1), Rename("where")),
        (_chain(3), Rewrite("(await db.scalars({receiver})).all()")),
    )


def _chain(calls: int) -> str:
    parts = [".filter(User.name == name, User.age > age)", ".order_by(User.id)", ".all()"]
    return "Call:" + "\n        ".join(["db.query(User)", *parts[:calls]])


def test_a_chain_that_stays_long_keeps_its_form() -> None:
    check(
        """
        query = (
            db.query(User, Item, aaaaaaaaaaaaaaaaaaaaaaaaaaaa)
            .filter(User.name == name, User.age > age)
            .order_by(User.id)
        )
        """,
        """
        query = (
            select(User, Item, aaaaaaaaaaaaaaaaaaaaaaaaaaaa)
            .where(User.name == name, User.age > age)
            .order_by(User.id)
        )
        """,
        (
            "db.query(User, Item, aaaaaaaaaaaaaaaaaaaaaaaaaaaa)",
            Rewrite("select({args})"),
        ),
        (
            "Call:db.query(User, Item, aaaaaaaaaaaaaaaaaaaaaaaaaaaa)\n"
            "    .filter(User.name == name, User.age > age)",
            Rename("where"),
        ),
    )


def test_comments_in_a_chain_stay() -> None:
    check(
        """
        query = (
            db.query(User)  # one
            # two
            .filter(a)  # three
            .all()  # four
        )
        """,
        """
        # three
        query = (
            await db.scalars(
                select(User)  # one
                # two
                .where(a)
            )
        ).all()  # four
        """,
        ("db.query(User)", Rewrite("select({args})")),
        ("Call:db.query(User)  # one\n    # two\n    .filter(a)", Rename("where")),
        (
            "Call:db.query(User)  # one\n    # two\n    .filter(a)  # three\n    .all()",
            Rewrite("(await db.scalars({receiver})).all()"),
        ),
    )


def test_headers_are_laid_out_alone() -> None:
    check(
        """
        def ffffffffffff(aaaaaaaaaa, bbbbbbbbbbb):  # c
            x = [1,2]

            # end
        y = [1,2]
        """,
        """
        async def ffffffffffff(
            aaaaaaaaaa, bbbbbbbbbbb
        ):  # c
            x = [1,2]

            # end
        y = [1,2]
        """,
        ("def ffffffffffff(aaaaaaaaaa, bbbbbbbbbbb):  # c", MakeAsync()),
        line_length=50,
    )


def test_headers_of_ifs_keep_their_branches() -> None:
    check(
        """
        if a:
            pass
        # what
        elif ffffffffffff(aaaaaaaaaa, bbbbbbbbbbb):
            x = [1,2]
        else:
            y = [1,2]
        """,
        """
        if a:
            pass
        # what
        elif await ffffffffffff(
            aaaaaaaaaa, bbbbbbbbbbb
        ):
            x = [1,2]
        else:
            y = [1,2]
        """,
        ("Call:ffffffffffff(aaaaaaaaaa, bbbbbbbbbbb)", Await()),
        line_length=44,
    )


def test_decorators_are_laid_out_alone() -> None:
    check(
        """
        @ a( 1 )
        # c
        @b(aaaaaaaaaaaa, bbbbbbbbbb(2))  # d
        def f(x = 1): pass
        """,
        """
        @ a( 1 )
        # c
        @b(
            aaaaaaaaaaaa, await bbbbbbbbbb(2)
        )  # d
        def f(x = 1): pass
        """,
        ("bbbbbbbbbb(2)", Await()),
        line_length=39,
    )


def test_body_in_the_line_of_its_header_is_laid_out_with_it() -> None:
    check(
        "if aaaaaaaaaaaaaaaa: bbbbbbbbbbbbb()\nx\n",
        "if aaaaaaaaaaaaaaaa:\n    await bbbbbbbbbbbbb()\nx\n",
        ("bbbbbbbbbbbbb()", Await()),
        line_length=38,
    )


def test_strings_over_several_lines_stay() -> None:
    check(
        '''
        def f():
            db.execute(text("""
                select  1
                  from  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            """), a=b)
        ''',
        '''
        def f():
            await db.execute(text("""
                select  1
                  from  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            """), a=b)
        ''',
        ('Call:db.execute(text("""', Await()),
    )


def test_aligned_lines_follow_their_bracket() -> None:
    check(
        """
        def f(a,
              b):
            x = g(a,  # c
                  h(b,
                    c),
                  [
                d])
        """,
        """
        async def f(a,
                    b):
            x = await g(a,  # c
                        h(b,
                          c),
                        [
                d])
        """,
        ("def f(a,", MakeAsync()),
        ("g(a,  # c", Await()),
    )


def test_hanging_lines_do_not_follow() -> None:
    source = "x = g(\n  a,\n    b)\n"
    assert edited(source, ("g(", Await())) == "x = await g(\n  a,\n    b)\n"


def test_alignment_needs_the_same_lines() -> None:
    assert realigned("f(a,\n  b)\n", "f(a)\n") == "f(a)\n"
    assert realigned("f(\n", "g(\n") == "g(\n"


def test_other_statements_stay_byte_for_byte() -> None:
    source = "x=1\ny = f( 1 )\n\n\n\n\nz = {  'a':1 }   \n\t\n# c \n"
    after = edited(source, ("f( 1 )", Await()))
    assert after == source.replace("f( 1 )", "await f( 1 )")


def test_layout_in_a_file_with_tabs() -> None:
    source = "def f():\n\treturn g(aaaaaaaaaa, bbbbbbbbbbb)\n"
    after = edited(source, ("g(aaaaaaaaaa, bbbbbbbbbbb)", Await()), line_length=40)
    assert after == "def f():\n\treturn await g(\n\t\taaaaaaaaaa, bbbbbbbbbbb\n\t)\n"


def test_layout_in_a_file_with_two_spaces() -> None:
    source = "def f():\n  return g(aaaaaaaaaa, bbbbbbbbbbb)\n"
    after = edited(source, ("g(aaaaaaaaaa, bbbbbbbbbbb)", Await()), line_length=36)
    assert after == "def f():\n  return await g(\n    aaaaaaaaaa, bbbbbbbbbbb\n  )\n"


def test_layout_keeps_windows_line_ends() -> None:
    source = "def f():\r\n    return g(aaaaaaaaaa, bbbbbbbbbbb)\r\n"
    after = edited(source, ("g(aaaaaaaaaa, bbbbbbbbbbb)", Await()), line_length=40)
    assert after == (
        "def f():\r\n    return await g(\r\n        aaaaaaaaaa, bbbbbbbbbbb\r\n    )\r\n"
    )


def test_black_does_not_see_what_it_cannot_read() -> None:
    source = "x = f(aaaaaaaaaaaaaaaaaaaaaaaaaaa); print = 1\n"
    file = SourceFile("a.py", source)
    edits = FileEdits((Edit(key(source, "Call:f(aaaaaaaaaaaaaaaaaaaaaaaaaaa)"), Await()),))
    assert "await f(" in edit_source(file, edits, line_length=20)


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, 88),
        ({"pyproject.toml": "[tool.black]\nline-length = 100\n"}, 100),
        ({"pyproject.toml": "[tool.black]\nline_length = 100\n"}, 100),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 120\n"}, 120),
        ({"pyproject.toml": "[tool.ruff]\n"}, 88),
        ({"pyproject.toml": "[tool.black"}, 88),
        ({"setup.cfg": "[flake8]\nmax-line-length = 79\n"}, 79),
        ({"tox.ini": "[flake8]\nmax-line-length = x\n"}, 88),
        (
            {
                "pyproject.toml": "[tool.black]\nline-length = 100\n",
                "app/pyproject.toml": "[project]\nname = 'a'\n",
            },
            100,
        ),
        (
            {
                "pyproject.toml": "[tool.black]\nline-length = 100\n",
                "app/pyproject.toml": "[tool.ruff]\nline-length = 79\n",
            },
            79,
        ),
    ],
)
def test_line_lengths(files: dict[str, str], length: int) -> None:
    codebase = CodeBase(Path("/x"), {path: SourceFile(path, text) for path, text in files.items()})
    assert LineLengths(codebase).of("app/sub/a.py") == length


def test_edit_files_takes_the_line_length_of_the_project() -> None:
    source = "x = f(aaaaaaaaaaaaaaaa, bbbbbbbbb)\n"
    files = {
        "a.py": SourceFile("a.py", source),
        "pyproject.toml": SourceFile("pyproject.toml", "[tool.black]\nline-length = 36\n"),
    }
    edits = FileEdits((Edit(key(source, "Call:f(aaaaaaaaaaaaaaaa, bbbbbbbbb)"), Await()),))
    after = edit_files(CodeBase(Path("/x"), files), {"a.py": edits})
    assert after == {"a.py": "x = await f(\n    aaaaaaaaaaaaaaaa, bbbbbbbbb\n)\n"}


def test_new_parameters_are_laid_out() -> None:
    check(
        "def f(aaaaaaaaaaaaaa, bbbbbbbbbb): pass\n",
        clean(
            """
            def f(
                aaaaaaaaaaaaaa,
                bbbbbbbbbb,
                session: AsyncSession,
            ):
                pass
            """
        ),
        ("def f(aaaaaaaaaaaaaa, bbbbbbbbbb): pass", AddParameter("session: AsyncSession")),
        line_length=40,
    )


def test_statements_in_one_line_stay_in_one_line() -> None:
    source = "x = f(aaaaaaaaaaaaaaaa); y = f(bbbbbbbbbbb)\n"
    after = edited(source, ("Call:f(bbbbbbbbbbb)", Await()), line_length=30)
    assert after == source.replace("f(b", "await f(b")
