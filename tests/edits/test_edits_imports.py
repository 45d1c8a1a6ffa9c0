from __future__ import annotations

import pytest
from edit_case import clean

from codemods.edits import FileEdits, Import
from codemods.edits.apply import edit_source
from codemods.source import SourceFile

SESSION = Import("sqlalchemy.orm", "Session")
ASYNC_SESSION = Import("sqlalchemy.ext.asyncio", "AsyncSession")
SELECT = Import("sqlalchemy", "select")


def imports(
    before: str,
    *add: Import,
    drop: tuple[Import, ...] = (),
    path: str = "app/api.py",
    after_imports: tuple[str, ...] = (),
    append: tuple[str, ...] = (),
) -> str:
    edits = FileEdits((), add, drop, after_imports, append)
    return edit_source(SourceFile(path, clean(before)), edits)


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("from a import b", "c", "from a import b, c"),
        ("from a import c", "b", "from a import b, c"),
        ("from a import b, d", "c", "from a import b, c, d"),
        ("from a import d, b", "c", "from a import d, b, c"),
        ("from a import B, c", "D", "from a import B, D, c"),
        ("from a import b, C", "d", "from a import b, C, d"),
        ("from a import ABC, Def, ghi", "XYZ", "from a import ABC, XYZ, Def, ghi"),
        ("from a import (b, d)", "c", "from a import (b, c, d)"),
        ("from a import (b, d,)", "e", "from a import (b, d, e,)"),
        ("from a import b as x", "c", "from a import b as x, c"),
        ("from a import b  # noqa", "c", "from a import b, c  # noqa"),
        ("from a import (\n    b,  # 1\n    d,  # 2\n)", "c", None),
        ("from a import (\n    b,  # 1\n    d,  # 2\n)", "e", None),
        ("from a import (\n    b,  # 1\n    d  # 2\n)", "e", None),
    ],
)
def test_add_to_an_import(before: str, name: str, after: str | None) -> None:
    comma = "" if "d  #" in before else ","
    if after is None and name == "c":
        after = "from a import (\n    b,  # 1\n    c,\n    d,  # 2\n)"
    elif after is None:
        after = f"from a import (\n    b,  # 1\n    d,  # 2\n    e{comma}\n)"
    assert imports(before + "\n", Import("a", name)) == after + "\n"


def test_an_import_that_is_there_is_not_added() -> None:
    source = "from a import b as c\nimport d.e\ntry:\n    from f import g\nexcept E:\n    pass\n"
    assert imports(source, Import("a", "b", "c"), Import("d.e"), Import("f", "g")) == source
    assert imports("from a import b as c\n", Import("a", "b")) == "from a import b as c, b\n"


def test_add_with_an_alias() -> None:
    assert imports("import b\n", Import("a", "", "c")) == "import a as c\nimport b\n"
    assert imports("from a import z\n", Import("a", "b", "c")) == "from a import b as c, z\n"


def test_a_long_import_is_laid_out() -> None:
    line = "from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, String, Text"
    assert imports(line + "\n", SELECT) == (
        "from sqlalchemy import (\n    Boolean,\n    Column,\n    DateTime,\n    ForeignKey,\n"
        "    Integer,\n    String,\n    Text,\n    select,\n)\n"
    )


def test_add_into_the_groups() -> None:
    before = '''
        """Doc."""

        from __future__ import annotations

        import os
        import sys
        from typing import Any

        import uvicorn
        from fastapi import Depends, FastAPI
        from sqlalchemy.orm import Session

        from app.models import User
        from . import crud

        x = 1
        '''
    after = '''
        """Doc."""

        from __future__ import annotations

        import asyncio
        import os
        import sys
        from collections import abc
        from typing import Any

        import greenlet
        import uvicorn
        from fastapi import Depends, FastAPI
        from sqlalchemy import select
        from sqlalchemy.ext.asyncio import AsyncSession
        from sqlalchemy.orm import Session

        from app.database import get_db
        from app.models import User
        from . import crud
        from .zero import z

        x = 1
        '''
    added = imports(
        before,
        ASYNC_SESSION,
        SELECT,
        Import("asyncio"),
        Import("collections", "abc"),
        Import("greenlet"),
        Import("app.database", "get_db"),
        Import(".zero", "z"),
    )
    assert added == clean(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "from sqlalchemy import select\n"),
        ("x = 1\n", "from sqlalchemy import select\n\nx = 1\n"),
        ("def f(): pass\n", "from sqlalchemy import select\n\n\ndef f(): pass\n"),
        ("# c\n\nx = 1\n", None),
        ('"""D."""\nx = 1\n', '"""D."""\n\nfrom sqlalchemy import select\n\nx = 1\n'),
        (
            "from __future__ import annotations\nx = 1\n",
            "from __future__ import annotations\n\nfrom sqlalchemy import select\n\nx = 1\n",
        ),
        ("import os\n\nx = 1\n", "import os\n\nfrom sqlalchemy import select\n\nx = 1\n"),
        (
            "from . import a\n\nx = 1\n",
            "from sqlalchemy import select\n\nfrom . import a\n\nx = 1\n",
        ),
        (
            "import os\nimport fastapi\nfrom . import a\n",
            "import os\nimport fastapi\nfrom sqlalchemy import select\nfrom . import a\n",
        ),
        (
            "from b import c\nfrom a import d\n",
            "from b import c\nfrom a import d\nfrom sqlalchemy import select\n",
        ),
        (
            "# first\nfrom z import a\n",
            "# first\nfrom sqlalchemy import select\nfrom z import a\n",
        ),
        (
            "from sqlalchemy.orm import b\nfrom fastapi import c\n",
            "from sqlalchemy import select\nfrom sqlalchemy.orm import b\nfrom fastapi import c\n",
        ),
    ],
)
def test_add_where_there_is_little(before: str, after: str | None) -> None:
    if after is None:
        after = "# c\n\nfrom sqlalchemy import select\n\nx = 1\n"
    assert imports(before, SELECT) == after


def test_imports_for_types_become_imports() -> None:
    before = """
        from typing import TYPE_CHECKING, Any

        if TYPE_CHECKING:
            from sqlalchemy import select

        x: Any = 1
        """
    after = """
        from typing import Any

        from sqlalchemy import select

        x: Any = 1
        """
    assert imports(before, SELECT) == clean(after)


def test_other_imports_for_types_stay() -> None:
    before = """
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            from sqlalchemy import Select, select
            from a import b
        """
    after = """
        from typing import TYPE_CHECKING

        from sqlalchemy import select

        if TYPE_CHECKING:
            from sqlalchemy import Select
            from a import b
        """
    assert imports(before, SELECT) == clean(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from sqlalchemy.orm import Session\nx = 1\n", "x = 1\n"),
        ("# c\nfrom sqlalchemy.orm import Session\nx = 1\n", "# c\nx = 1\n"),
        ("a = 1\n# c\nfrom sqlalchemy.orm import Session\n", "a = 1\n# c\n"),
        ("from sqlalchemy.orm import Session, a\n", "from sqlalchemy.orm import a\n"),
        ("from sqlalchemy.orm import a, Session\n", "from sqlalchemy.orm import a\n"),
        ("from sqlalchemy.orm import (a, Session,)\n", "from sqlalchemy.orm import (a,)\n"),
        (
            "from sqlalchemy.orm import (\n    Session,\n    a,\n)\n",
            "from sqlalchemy.orm import (\n    a,\n)\n",
        ),
        ("import os; from sqlalchemy.orm import Session\n", "import os\n"),
        (
            "def f():\n    from sqlalchemy.orm import Session\n",
            "def f():\n    pass\n",
        ),
        (
            "try:\n    from sqlalchemy.orm import Session\n    import b\nexcept E:\n    pass\n",
            "try:\n    import b\nexcept E:\n    pass\n",
        ),
        ("import a\n\nfrom sqlalchemy.orm import Session\n\nx = 1\n", "import a\n\nx = 1\n"),
    ],
)
def test_drop(before: str, after: str) -> None:
    assert imports(before, drop=(SESSION,)) == after


@pytest.mark.parametrize(
    "use",
    [
        "x = Session()\n",
        "def f(a: Session): pass\n",
        "def f(a: 'Session'): pass\n",
        "def f() -> 'Iterator[Session]': pass\n",
        "async def f() -> 'Iterator[Session]': pass\n",
        "x: 'dict[str, Session]' = {}\n",
        "x = list['Session']\n",
        "x = cast('Session', y)\n",
        "x = t.cast('Session', y)\n",
        "__all__ = ['Session']\n",
        "__all__ += ['Session']\n",
        "__all__.append('Session')\n",
        "x = []  # type: list[Session]\n",
        "x = f'{Session}'\n",
        "del Session\n",
    ],
)
def test_drop_keeps_what_is_used(use: str) -> None:
    source = "from sqlalchemy.orm import Session\n" + use
    assert imports(source, drop=(SESSION,)) == source


@pytest.mark.parametrize(
    "text",
    [
        "x = 'Session'\n",
        '"""Session."""\n',
        "# Session\n",
        "x.Session\n",
        "f(Session=1)\n",
        "x = 1  # type: ignore\n",
    ],
)
def test_drop_is_not_stopped_by_words(text: str) -> None:
    source = "from sqlalchemy.orm import Session\n" + text
    assert imports(source, drop=(SESSION,)).endswith(text)
    assert "import" not in imports(source, drop=(SESSION,))


def test_drop_of_plain_imports() -> None:
    assert imports("import a.b\nimport c\nx = c\n", drop=(Import("a.b"),)) == "import c\nx = c\n"
    source = "import a.b\na.c\n"
    assert imports(source, drop=(Import("a.b"),)) == source
    assert imports("import a as b\na\n", drop=(Import("a", "", "b"),)) == "a\n"


def test_explicit_reexports_stay() -> None:
    source = "from a import b as b\n"
    assert imports(source, drop=(Import("a", "b", "b"),)) == source
    source = "from a import b  # noqa: F401\n"
    assert imports(source, drop=(Import("a", "b"),)) == source
    source = "from a import b\n"
    assert imports(source, drop=(Import("a", "b"),), path="app/__init__.py") == source


def test_a_name_that_comes_from_elsewhere_now_is_dropped() -> None:
    source = "from a import x\nx()\n"
    after = imports(source, Import("b", "x"), drop=(Import("a", "x"),))
    assert after == "from b import x\nx()\n"


def test_statements_after_the_imports_and_at_the_end() -> None:
    before = """
        import a
        if b.TYPE_CHECKING:
            import c
        x = 1
        # end
        """
    after = """
        import a
        if b.TYPE_CHECKING:
            import c

        y = 1
        z = "{args}"


        def f():
            return {"a": 1}


        x = 1


        # end
        def g():
            pass
        """
    statements = ('y = 1\nz = "{args}"\n', 'def f():\n    return {"a": 1}')
    result = imports(before, after_imports=statements, append=("def g():\n    pass\n",))
    assert result == clean(after)


def test_additions_take_the_ways_of_the_file() -> None:
    source = "import z\r\nif z:\r\n\tpass"
    after = imports(source, Import("asyncio"), append=("if a:\n    b\n",))
    assert after == "import asyncio\r\n\r\nimport z\r\nif z:\r\n\tpass\r\n\r\nif a:\r\n\tb"
