"""``setup.cfg``, ``setup.py`` and Dockerfiles."""

from __future__ import annotations

from manifest_case import ASYNC, codebase, required, text

from codemods.manifests import declared

TO_PSYCOPG = {"psycopg2-binary": "psycopg"}
PSYCOPG = "psycopg[binary]>=3.1"

CFG = """\
[metadata]
name = x

[options]
python_requires = >=3.9
install_requires =
    # web
    fastapi
    sqlalchemy>=2  # data
    psycopg2-binary

[options.extras_require]
test =
\tpytest
"""


def test_setup_cfg() -> None:
    after = CFG.replace("sqlalchemy>", "sqlalchemy[asyncio]>").replace("psycopg2-binary", PSYCOPG)
    assert text("setup.cfg", CFG, ASYNC, PSYCOPG, replace=TO_PSYCOPG) == after


def test_setup_cfg_for_tests() -> None:
    after = CFG.replace("\tpytest\n", "\tpytest\n\taiosqlite\n")
    assert text("setup.cfg", CFG, "aiosqlite", dev=True) == after


def test_setup_cfg_on_one_line_is_told() -> None:
    edits = required({"setup.cfg": "[options]\ninstall_requires = sqlalchemy\n"}, ASYNC)
    assert not edits.texts
    assert "line of its option" in edits.notes[0].message


def test_setup_py_is_read_and_reported() -> None:
    source = (
        "from setuptools import setup\n\nNEEDS = [\n    'fastapi',\n    'sqlalchemy>=2.0',\n]\n"
        "setup(name='x', install_requires=NEEDS, python_requires='>=3.9',\n"
        "      extras_require={'test': ['pytest']})\n"
    )
    files = {"setup.py": source}
    found = declared(codebase(files), "app/main.py")
    assert found.at_least("sqlalchemy", "2.0") is True
    assert found.declares("pytest")
    assert not found.declares("pytest", main=True)
    assert found.python_at_least("3.9") is True
    edits = required(files, ASYNC)
    assert not edits.texts
    assert [(note.path, note.line) for note in edits.notes] == [("setup.py", 5)]


DOCKER = """\
# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 docker.io/library/python:3.9.7-slim
RUN apt-get update \\
    && apt-get install -y libpq-dev gcc
RUN pip install fastapi "sqlalchemy==1.4.41" \\
    psycopg2-binary && rm -rf ~/.cache
"""


def test_dockerfiles_are_reported() -> None:
    files = {"Dockerfile": DOCKER, "requirements.txt": "sqlalchemy\npsycopg2-binary\n"}
    edits = required(files, ASYNC, PSYCOPG, replace=TO_PSYCOPG)
    assert set(edits.texts) == {"requirements.txt"}
    notes = [(note.line, note.message) for note in edits.notes if note.path == "Dockerfile"]
    assert [line for line, _ in notes] == [3, 5]
    assert "libpq-dev for psycopg2-binary" in notes[0][1]
    assert "psycopg2-binary, sqlalchemy" in notes[1][1]


def test_a_dockerfile_tells_the_version_of_python() -> None:
    found = declared(codebase({"Dockerfile": DOCKER}), "app/main.py")
    assert found.python_at_least("3.9") is True
    assert found.python_at_least("3.10") is False
