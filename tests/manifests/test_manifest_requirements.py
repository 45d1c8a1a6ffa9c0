"""Requirements files, edited."""

from __future__ import annotations

import pytest
from manifest_case import ASYNC, codebase, required, text
from packaging.requirements import Requirement

from codemods.manifests import require
from codemods.source import SourceFile

PSYCOPG = "psycopg[binary]>=3.1"
TO_PSYCOPG = {"psycopg2-binary": "psycopg", "psycopg2": "psycopg"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sqlalchemy==1.4.23\n", "sqlalchemy[asyncio]==1.4.23\n"),
        ("SQLAlchemy>=2\n", "SQLAlchemy[asyncio]>=2\n"),
        ("SQLAlchemy >= 2 , < 3  # the ORM\n", "SQLAlchemy[asyncio] >= 2 , < 3  # the ORM\n"),
        ("sqlalchemy[mypy]~=2.0\n", "sqlalchemy[mypy,asyncio]~=2.0\n"),
        ("sqlalchemy[mypy, pymysql]\n", "sqlalchemy[mypy, pymysql, asyncio]\n"),
        ("sqlalchemy\n", "sqlalchemy[asyncio]\n"),
        ("sqlalchemy", "sqlalchemy[asyncio]"),
        (
            "sqlalchemy==2.0.1 ; python_version >= '3.8'\n",
            "sqlalchemy[asyncio]==2.0.1 ; python_version >= '3.8'\n",
        ),
        (
            "sqlalchemy<2; python_version<'3.7'\nsqlalchemy>=2; python_version>='3.7'\n",
            "sqlalchemy[asyncio]<2; python_version<'3.7'\n"
            "sqlalchemy[asyncio]>=2; python_version>='3.7'\n",
        ),
        ("sqlalchemy[asyncio]>=2\n", "sqlalchemy[asyncio]>=2\n"),
        ("sqlalchemy[postgresql_asyncpg]>=2\n", "sqlalchemy[postgresql_asyncpg]>=2\n"),
        ("sqlmodel\n", "sqlmodel\nsqlalchemy[asyncio]\n"),
        ("fastapi\r\nsqlalchemy\r\n", "fastapi\r\nsqlalchemy[asyncio]\r\n"),
    ],
)
def test_the_asyncio_extra(before: str, after: str) -> None:
    assert text("requirements.txt", before, ASYNC) == after


def test_a_driver_takes_the_place_of_another() -> None:
    before = "fastapi\npsycopg2-binary==2.9.1  # PostgreSQL\nsqlalchemy>=2\n"
    after = "fastapi\npsycopg[binary]>=3.1  # PostgreSQL\nsqlalchemy[asyncio]>=2\n"
    assert text("requirements.txt", before, ASYNC, PSYCOPG, replace=TO_PSYCOPG) == after


def test_a_marker_stays() -> None:
    before = "sqlalchemy\npsycopg2==2.9.1; sys_platform != 'win32'\n"
    after = "sqlalchemy\npsycopg[binary]>=3.1; sys_platform != 'win32'\n"
    assert text("requirements.txt", before, PSYCOPG, replace=TO_PSYCOPG) == after


def test_a_driver_that_is_there_already_is_not_declared_twice() -> None:
    before = "psycopg[c]==3.2\npsycopg2\npsycopg2-binary\nsqlalchemy\n"
    after = "psycopg[c]==3.2\nsqlalchemy\n"
    assert text("requirements.txt", before, PSYCOPG, replace=TO_PSYCOPG) == after


def test_a_driver_that_is_kept_gets_a_neighbour() -> None:
    before = "uvicorn\nsqlalchemy\npsycopg2\nalembic\n"
    after = "uvicorn\nsqlalchemy\npsycopg[binary]>=3.1\npsycopg2\nalembic\n"
    options = {"replace": TO_PSYCOPG, "keep": ("psycopg2",)}
    assert text("requirements.txt", before, PSYCOPG, **options) == after


def test_pins_in_alphabetical_order() -> None:
    before = "alembic==1.8\nfastapi==0.77\npsycopg2==2.9.3\npydantic==1.9\nSQLAlchemy==1.4.36\n"
    after = (
        "aiosqlite>=0.17,<0.22\nalembic==1.8\nasyncpg>=0.27,<1\nfastapi==0.77\npydantic==1.9\n"
        "SQLAlchemy[asyncio]==1.4.36\n"
    )
    needed = (ASYNC, "asyncpg>=0.27", "aiosqlite>=0.17,<0.22")
    replace = {"psycopg2": "asyncpg"}
    assert text("requirements.txt", before, *needed, replace=replace) == after


def test_a_comment_keeps_its_line_although_the_order_suffers() -> None:
    before = "alembic==1.8\nfastapi==0.77\npsycopg2==2.9.3  # libpq\nSQLAlchemy==1.4.36\n"
    after = "alembic==1.8\nfastapi==0.77\nasyncpg>=0.27,<1  # libpq\nSQLAlchemy==1.4.36\n"
    assert (
        text("requirements.txt", before, "asyncpg>=0.27", replace={"psycopg2": "asyncpg"}) == after
    )


def test_the_last_line_may_have_no_end() -> None:
    before = "sqlalchemy==2.0.40"
    after = "sqlalchemy[asyncio]==2.0.40\nasyncpg>=0.27\naiosqlite"
    assert text("requirements.txt", before, ASYNC, "asyncpg>=0.27", "aiosqlite") == after


def test_comments_and_blank_lines_stay_where_they_are() -> None:
    before = (
        "# web\nfastapi\n\n# data\nsqlalchemy\n\n# other\n-i https://example.org/simple\nrich\n"
    )
    after = before.replace("sqlalchemy\n", "sqlalchemy\nasyncpg\n")
    assert text("requirements.txt", before, "asyncpg") == after


def test_requirements_for_tests_stand_with_pytest() -> None:
    before = "sqlalchemy\nuvicorn\n\n# dev\npytest==7.2.0\nhttpx==0.23.1"
    after = before.replace("pytest==7.2.0\n", "pytest==7.2.0\naiosqlite\n")
    assert text("requirements.txt", before, "aiosqlite", dev=True) == after


@pytest.mark.parametrize(
    "name",
    [
        "requirements-dev.txt",
        "requirements_test.txt",
        "dev-requirements.txt",
        "requirements/test.txt",
        "tests/requirements.txt",
    ],
)
def test_requirements_for_tests_go_to_their_own_file(name: str) -> None:
    files = {"requirements.txt": "fastapi\nsqlalchemy\n", name: "black\nfreezegun\n"}
    edits = required(files, "aiosqlite", dev=True)
    assert edits.texts == {name: "black\nfreezegun\naiosqlite\n"}


def test_files_that_are_taken_in() -> None:
    files = {
        "requirements/base.txt": "fastapi\nsqlalchemy\n",
        "requirements/prod.txt": "-r base.txt\ngunicorn\npsycopg2\n",
        "requirements/dev.txt": "-r base.txt\npytest\n",
    }
    edits = required(files, ASYNC, PSYCOPG, replace=TO_PSYCOPG)
    assert edits.texts == {
        "requirements/base.txt": "fastapi\nsqlalchemy[asyncio]\n",
        "requirements/prod.txt": "-r base.txt\ngunicorn\npsycopg[binary]>=3.1\n",
    }


def test_what_only_the_tests_had_is_declared_for_production_too() -> None:
    files = {
        "requirements.txt": "sqlalchemy\n",
        "requirements-dev.txt": "-r requirements.txt\naiosqlite\n",
    }
    edits = required(files, "aiosqlite")
    assert edits.texts == {"requirements.txt": "sqlalchemy\naiosqlite\n"}


def test_a_file_from_elsewhere() -> None:
    files = {"service/app/x.py": "", "service/requirements.txt": "-r ../common.txt\nfastapi\n"}
    files["common.txt"] = "sqlalchemy\n"
    edits = required(files, ASYNC, near="service/app/x.py")
    assert edits.texts == {"common.txt": "sqlalchemy[asyncio]\n"}


def test_constraints_are_never_edited() -> None:
    files = {"requirements.txt": "-c constraints.txt\nsqlalchemy\n"}
    files["constraints.txt"] = "sqlalchemy==2.0.40\npsycopg2==2.9\n"
    edits = required(files, ASYNC, replace=TO_PSYCOPG)
    assert edits.texts == {"requirements.txt": "-c constraints.txt\nsqlalchemy[asyncio]\n"}


HASHED = "sqlalchemy==2.0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


@pytest.mark.parametrize(
    ("others", "heading", "command"),
    [
        ({}, "", "pip-compile --generate-hashes --output-file requirements.txt"),
        ({"poetry.lock": ""}, "", "poetry export --output requirements.txt"),
        ({"uv.lock": ""}, "", "uv export --output-file requirements.txt"),
        (
            {},
            "#\n# This file is autogenerated by pip-compile with Python 3.11\n"
            "# by the following command:\n#\n#    pip-compile --generate-hashes\n#\n",
            "pip-compile --generate-hashes",
        ),
    ],
)
def test_hashes_are_left(others: dict[str, str], heading: str, command: str) -> None:
    edits = required({"requirements.txt": heading + HASHED, **others}, ASYNC)
    assert not edits.texts
    notes = [note for note in edits.notes if note.path == "requirements.txt"]
    assert [note.command for note in notes] == [command]
    assert "becomes sqlalchemy[asyncio]==2.0.1" in notes[0].message


def test_what_pip_compile_wrote_is_edited_with_its_source() -> None:
    compiled = (
        "#\n# This file is autogenerated by pip-compile with Python 3.11\n"
        "# by the following command:\n#\n#    pip-compile requirements.in\n#\n"
        "fastapi==0.115.0\n    # via -r requirements.in\n"
        "psycopg2==2.9\n    # via -r requirements.in\nsqlalchemy==2.0.40\n    # via\n"
        "    #   -r requirements.in\n    #   alembic\n"
    )
    files = {"requirements.in": "fastapi\nsqlalchemy\npsycopg2\n", "requirements.txt": compiled}
    edits = required(files, ASYNC, PSYCOPG, "aiosqlite>=0.19", replace=TO_PSYCOPG)
    source = edits.texts["requirements.in"]
    assert source == "fastapi\nsqlalchemy[asyncio]\npsycopg[binary]>=3.1\naiosqlite>=0.19\n"
    head, _, body = edits.texts["requirements.txt"].partition("aiosqlite")
    assert compiled.startswith(head)
    assert body == (
        ">=0.19,<1\nfastapi==0.115.0\n    # via -r requirements.in\npsycopg[binary]>=3.1,<4\n"
        "    # via -r requirements.in\nsqlalchemy[asyncio]==2.0.40\n    # via\n"
        "    #   -r requirements.in\n    #   alembic\n"
    )
    assert ("requirements.txt", "pip-compile requirements.in") in {
        (note.path, note.command) for note in edits.notes
    }


@pytest.mark.parametrize(
    "line",
    [
        "-e git+https://example.org/sqlalchemy.git#egg=sqlalchemy",
        "git+https://example.org/sqlalchemy.git@main#egg=sqlalchemy",
        "sqlalchemy \\\n  ==2.0.1",
    ],
)
def test_what_can_not_be_edited_is_told(line: str) -> None:
    edits = required({"requirements.txt": line + "\n"}, ASYNC)
    assert not edits.texts
    assert [note.path for note in edits.notes] == ["requirements.txt"]


def test_a_place_in_the_web() -> None:
    before = "sqlalchemy @ https://example.org/s.zip\n"
    assert text("requirements.txt", before, ASYNC) == (
        "sqlalchemy[asyncio] @ https://example.org/s.zip\n"
    )


def test_a_pin_that_does_not_fit_is_told() -> None:
    edits = required({"requirements.txt": "sqlalchemy\naiosqlite==0.22.1\n"}, "aiosqlite<0.22")
    assert not edits.texts
    assert "aiosqlite==0.22.1 is declared, but aiosqlite<0.22 is needed" in edits.notes[0].message


def test_a_file_outside_of_the_target_is_only_read() -> None:
    edits = required({"requirements.txt": "sqlalchemy\n"}, ASYNC, target="app")
    assert not edits.texts
    assert "outside" in edits.notes[0].message


def test_no_manifest() -> None:
    edits = required({}, ASYNC, PSYCOPG)
    assert not edits.texts
    assert [note.command for note in edits.notes] == [
        'pip install "sqlalchemy[asyncio]" "psycopg[binary]>=3.1"'
    ]


def test_a_file_that_powershell_wrote() -> None:
    data = "\ufefffastapi==0.87.0\r\nSQLAlchemy==1.4.41\r\n".encode("utf-16-le")
    base = codebase({"requirements.txt": ""})
    file = SourceFile.from_bytes("requirements.txt", data)
    base = type(base)(base.root, {**base.files, "requirements.txt": file})
    edits = require(base, "app/main.py", [Requirement(ASYNC), Requirement("asyncpg")])
    written = base.with_texts(edits.texts)["requirements.txt"].to_bytes()
    expected = "\ufefffastapi==0.87.0\r\nSQLAlchemy[asyncio]==1.4.41\r\nasyncpg\r\n"
    assert written == expected.encode("utf-16-le")
