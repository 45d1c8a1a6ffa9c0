"""``pyproject.toml`` and ``Pipfile``, edited."""

from __future__ import annotations

import pytest
from manifest_case import ASYNC, required, text

PSYCOPG = "psycopg[binary]>=3.1"
TO_PSYCOPG = {"psycopg2-binary": "psycopg", "psycopg2": "psycopg"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["fastapi", "sqlalchemy>=2"]', '["fastapi", "sqlalchemy[asyncio]>=2", "aiosqlite"]'),
        ("['sqlalchemy']", "['sqlalchemy[asyncio]', 'aiosqlite']"),
        ('["sqlmodel"]', '["sqlmodel", "sqlalchemy[asyncio]", "aiosqlite"]'),
        (
            '[\n  "sqlalchemy (>=2.0,<3.0)",  # data\n  # the rest\n  "alembic",\n]',
            '[\n  "sqlalchemy[asyncio] (>=2.0,<3.0)",  # data\n  "aiosqlite",\n  # the rest\n'
            '  "alembic",\n]',
        ),
        (
            '[\n    "sqlalchemy"  # no comma\n]',
            '[\n    "sqlalchemy[asyncio]",  # no comma\n    "aiosqlite"\n]',
        ),
        ('[\n\t"sqlalchemy",\n]', '[\n\t"sqlalchemy[asyncio]",\n\t"aiosqlite",\n]'),
        (
            '["fastapi", "sqlalchemy",\n  "rich"]',
            '["fastapi", "sqlalchemy[asyncio]",\n  "aiosqlite",\n  "rich"]',
        ),
        (
            '[ "sqlalchemy"\n, "uvicorn"\n]',
            '[ "sqlalchemy[asyncio]", "aiosqlite"\n, "uvicorn"\n]',
        ),
        (
            '[\n  "alembic",\n  "fastapi",\n  "sqlalchemy",\n]',
            '[\n  "aiosqlite",\n  "alembic",\n  "fastapi",\n  "sqlalchemy[asyncio]",\n]',
        ),
    ],
)
def test_arrays_keep_their_form(before: str, after: str) -> None:
    head = '# heading\n[project]\nname = "x"  # name\ndependencies = '
    tail = "\n\n[tool.other]\na.b = 1\n"
    assert text("pyproject.toml", head + before + tail, ASYNC, "aiosqlite") == head + after + tail


def test_windows_line_ends() -> None:
    before = '[project]\r\ndependencies = [\r\n  "uvicorn",\r\n  "sqlalchemy",\r\n]\r\n'
    after = before.replace('"sqlalchemy",\r\n', '"sqlalchemy",\r\n  "aiosqlite",\r\n')
    assert text("pyproject.toml", before, "aiosqlite") == after


def test_drivers_in_every_list() -> None:
    before = """\
[project]
dependencies = ["sqlalchemy"]

[project.optional-dependencies]
postgres = ["psycopg2-binary>=2.9; sys_platform != 'win32'"]

[dependency-groups]
dev = [{include-group = "lint"}, "psycopg2", "pytest"]
lint = ["ruff"]
"""
    after = """\
[project]
dependencies = ["sqlalchemy"]

[project.optional-dependencies]
postgres = ["psycopg[binary]>=3.1; sys_platform != 'win32'"]

[dependency-groups]
dev = [{include-group = "lint"}, "psycopg[binary]>=3.1", "pytest"]
lint = ["ruff"]
"""
    assert text("pyproject.toml", before, PSYCOPG, replace=TO_PSYCOPG) == after


@pytest.mark.parametrize(
    ("header", "lists"),
    [
        ("[project.optional-dependencies]", 'test = ["pytest", "coverage"]'),
        ("[dependency-groups]", 'dev = ["pytest", "coverage"]'),
        ("[tool.uv]", 'dev-dependencies = ["pytest", "coverage"]'),
        ("[tool.pdm.dev-dependencies]", 'test = ["pytest", "coverage"]'),
        ("[tool.hatch.envs.test]", 'dependencies = ["pytest", "coverage"]'),
    ],
)
def test_requirements_for_tests(header: str, lists: str) -> None:
    before = f'[project]\ndependencies = ["sqlalchemy"]\n\n{header}\n{lists}\n'
    after = before.replace('"pytest", ', '"pytest", "aiosqlite", ')
    assert text("pyproject.toml", before, "aiosqlite", dev=True) == after


def test_requirements_for_tests_without_a_list_of_their_own() -> None:
    before = '[project]\ndependencies = ["sqlalchemy", "rich"]\n'
    after = '[project]\ndependencies = ["sqlalchemy", "aiosqlite", "rich"]\n'
    assert text("pyproject.toml", before, "aiosqlite", dev=True) == after


POETRY = """\
[tool.poetry]
name = "x"

[tool.poetry.dependencies]
python = "^3.11"
# data
sqlalchemy = "^2.0"  # the ORM
psycopg2-binary = "^2.9.1"  # PostgreSQL
uvicorn = {version = "^0.30", extras = ["standard"]}

[tool.poetry.group.dev.dependencies]
pytest = "^8"

[build-system]
requires = ["poetry-core"]
"""


def test_poetry() -> None:
    after = (
        POETRY.replace('= "^2.0"  #', '= {extras = ["asyncio"], version = "^2.0"}  #')
        .replace(
            'psycopg2-binary = "^2.9.1"',
            'psycopg = {extras = ["binary"], version = ">=3.1"}',
        )
        .replace('["standard"]}\n', '["standard"]}\naiosqlite = ">=0.19"\n')
    )
    needed = (ASYNC, PSYCOPG, "aiosqlite>=0.19")
    assert text("pyproject.toml", POETRY, *needed, replace=TO_PSYCOPG) == after


def test_poetry_for_tests() -> None:
    after = POETRY.replace('pytest = "^8"\n', 'pytest = "^8"\naiosqlite = "*"\n')
    assert text("pyproject.toml", POETRY, "aiosqlite", dev=True) == after
    older = POETRY.replace("group.dev.dependencies", "dev-dependencies")
    after = after.replace("group.dev.dependencies", "dev-dependencies")
    assert text("pyproject.toml", older, "aiosqlite", dev=True) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'sqlalchemy = {version = "^2.0", extras = ["mypy"]}',
            'sqlalchemy = {version = "^2.0", extras = ["mypy", "asyncio"]}',
        ),
        ('SQLAlchemy = "*"', 'SQLAlchemy = {extras = ["asyncio"], version = "*"}'),
        (
            "[tool.poetry.dependencies.sqlalchemy]\nversion = '^2'\n",
            "[tool.poetry.dependencies.sqlalchemy]\nversion = '^2'\nextras = [\"asyncio\"]\n",
        ),
        (
            'sqlalchemy = {version = "^2", extras = ["asyncio"]}',
            'sqlalchemy = {version = "^2", extras = ["asyncio"]}',
        ),
        (
            'sqlalchemy = [{version = "^1.4", python = "<3.8"}, '
            '{version = "^2", python = ">=3.8"}]',
            'sqlalchemy = [{version = "^1.4", python = "<3.8", extras = ["asyncio"]}, '
            '{version = "^2", python = ">=3.8", extras = ["asyncio"]}]',
        ),
    ],
)
def test_the_forms_of_poetrys_dependencies(before: str, after: str) -> None:
    head = '[tool.poetry.dependencies]\npython = "^3.11"\n'
    assert text("pyproject.toml", f"{head}{before}\n", ASYNC) == f"{head}{after}\n"


def test_an_optional_dependency_of_poetrys_stays_optional() -> None:
    head = '[tool.poetry.dependencies]\nsqlalchemy = "^2"\n'
    before = head + 'psycopg2 = {version = "^2.9", optional = true}\n'
    before += '\n[tool.poetry.extras]\npg = ["psycopg2"]\n'
    edits = required({"pyproject.toml": before}, PSYCOPG, replace=TO_PSYCOPG)
    line = 'psycopg = {extras = ["binary"], version = ">=3.1", optional = true}\n'
    assert line in edits.texts["pyproject.toml"]
    assert "still names psycopg2" in edits.notes[0].message


def test_pipfile() -> None:
    before = """\
[[source]]
url = "https://example.org/simple"

[packages]
fastapi = "*"
sqlalchemy = "==1.4.41"
psycopg2-binary = "*"

[dev-packages]
pytest = "*"

[requires]
python_version = "3.10"
"""
    after = """\
[[source]]
url = "https://example.org/simple"

[packages]
fastapi = "*"
sqlalchemy = {extras = ["asyncio"], version = "==1.4.41"}
asyncpg = ">=0.27"

[dev-packages]
pytest = "*"
aiosqlite = "<0.22"

[requires]
python_version = "3.10"
"""
    edits = required(
        {"Pipfile": before, "Pipfile.lock": "{}"},
        ASYNC,
        "asyncpg>=0.27",
        replace={"psycopg2-binary": "asyncpg"},
    )
    assert edits.notes[0].command == "pipenv lock"
    assert text("Pipfile", edits.texts["Pipfile"], "aiosqlite<0.22", dev=True) == after


def test_lock_files_are_named_as_stale_until_they_hold_what_is_needed() -> None:
    files = {"pyproject.toml": '[project]\ndependencies = ["sqlalchemy"]\n'}
    files["uv.lock"] = '[[package]]\nname = "sqlalchemy"\nversion = "2.0.1"\n'
    edits = required(files, ASYNC)
    assert [(note.path, note.command) for note in edits.notes] == [("uv.lock", "uv lock")]
    files["pyproject.toml"] = edits.texts["pyproject.toml"]
    assert required(files, ASYNC).notes
    files["uv.lock"] += '\n[[package]]\nname = "greenlet"\nversion = "3.1"\n'
    assert not required(files, ASYNC).notes


def test_a_broken_file_is_no_manifest() -> None:
    edits = required({"pyproject.toml": "[project\n", "requirements.txt": "sqlalchemy\n"}, ASYNC)
    assert edits.texts == {"requirements.txt": "sqlalchemy[asyncio]\n"}


def test_both_a_pyproject_and_a_file_of_pins() -> None:
    files = {
        "pyproject.toml": '[project]\ndependencies = ["sqlalchemy"]\n',
        "requirements.txt": "rich==1\nsqlalchemy==2.0.1\nfastapi==0.1\n",
    }
    edits = required(files, ASYNC, "aiosqlite>=0.19")
    assert '"sqlalchemy[asyncio]", "aiosqlite>=0.19"' in edits.texts["pyproject.toml"]
    assert edits.texts["requirements.txt"] == (
        "rich==1\nsqlalchemy[asyncio]==2.0.1\naiosqlite>=0.19,<1\nfastapi==0.1\n"
    )


def test_a_requirements_file_that_installs_the_project_itself() -> None:
    files = {
        "pyproject.toml": '[project]\ndependencies = ["sqlalchemy"]\n',
        "requirements.txt": "-e .[test]\n",
    }
    assert set(required(files, "aiosqlite").texts) == {"pyproject.toml"}


def test_what_comes_first_on_a_line_is_spaced() -> None:
    before = '[project]\ndependencies = ["fastapi", "rich", "sqlalchemy", "uvicorn"]\n'
    after = '[project]\ndependencies = ["aiosqlite", "fastapi", "rich", "sqlalchemy", "uvicorn"]\n'
    assert text("pyproject.toml", before, "aiosqlite") == after
