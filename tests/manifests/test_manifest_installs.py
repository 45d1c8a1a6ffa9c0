"""What Dockerfiles, CI, tox, nox and the like install by name is told, with what is missing."""

from __future__ import annotations

import pytest

from codemods.source import codebase as source
from tests.manifests.manifest_case import ASYNC, required

PSYCOPG = "psycopg[binary]>=3.1"
TO_PSYCOPG = {"psycopg2-binary": PSYCOPG}
GONE = "psycopg[binary]>=3.1 takes the place of psycopg2-binary"
BOTH = f"{ASYNC}, {PSYCOPG} are missing there"


def _notes(path: str, text: str, *, keep: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    files = {"requirements.txt": "fastapi\nsqlalchemy\npsycopg2-binary\n", path: text}
    edits = required(files, ASYNC, PSYCOPG, replace=TO_PSYCOPG, keep=keep)
    assert set(edits.texts) == {"requirements.txt"}
    return [(note.line, note.message) for note in edits.notes if note.path == path]


WORKFLOW = """\
jobs:
  test:
    steps:
      - run: |
          # pip install sqlalchemy
          pip install -r requirements.txt
          python -m pip install pytest 'psycopg2-binary==2.9' && pytest
"""


def test_a_driver_beside_a_manifest() -> None:
    path = ".github/workflows/test.yml"
    assert _notes(path, WORKFLOW) == [(7, f"installs psycopg2-binary by name: {GONE}")]
    assert _notes(path, WORKFLOW, keep=("psycopg2-binary",)) == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("docker/Dockerfile.web", "FROM x\nRUN pip install -U \\\n  fastapi sqlalchemy\n", 2),
        ("Containerfile", "RUN uv pip install --system fastapi sqlalchemy\n", 1),
        (".gitlab-ci.yml", "test:\n  script:\n    - pip3 install fastapi sqlalchemy\n", 3),
        ("compose.yaml", "x:\n  command: sh -c 'pip install fastapi sqlalchemy'\n", 2),
        ("Makefile", "install:\n\tpip install fastapi sqlalchemy\n", 2),
        ("scripts/setup.sh", "poetry add fastapi 'sqlalchemy>=2'\n", 1),
        ("tox.ini", "[testenv:py]\ndeps =\n    fastapi\n    py311: sqlalchemy\n[x]\ndeps=y\n", 2),
        (
            "noxfile.py",
            "@nox.session\ndef test(session):\n    session.install('fastapi', 'sqlalchemy')\n",
            3,
        ),
        (
            "environment.yml",
            "name: shop\ndependencies:\n  - python=3.11\n  - fastapi\n  - pip:\n    - sqlalchemy\n",
            3,
        ),
    ],
)
def test_what_installs_everything_by_name(path: str, text: str, line: int) -> None:
    message = f"installs fastapi, sqlalchemy by name: {BOTH}"
    assert _notes(path, text) == [(line, message)]
    assert source._wanted(path)


@pytest.mark.parametrize(
    "text",
    [
        "pip install -r requirements.txt\n",
        "pip install -e . fastapi\n",
        "pip install '.[test]' sqlalchemy\n",
        "uv sync && uv run pytest sqlalchemy\n",
        "poetry install --with sqlalchemy\n",
        "pip install flake8 && echo sqlalchemy\n",
        f"pip install '{ASYNC}' '{PSYCOPG}'\n",
    ],
)
def test_what_has_all_that_it_needs(text: str) -> None:
    assert _notes("run.sh", text) == []


def test_a_list_for_another_application() -> None:
    text = "RUN pip install fastapi sqlalchemy\n"
    files = {"services/a/requirements.txt": "sqlalchemy\n", "services/b/Dockerfile": text}
    files |= {"services/b/requirements.txt": "sqlalchemy\n", "services/a/deploy/Dockerfile": text}
    edits = required(files, ASYNC, near="services/a/app/main.py")
    assert [note.path for note in edits.notes] == ["services/a/deploy/Dockerfile"]


def test_what_the_tests_need() -> None:
    text = "pip install pytest coverage\n"
    files = {"requirements.txt": "sqlalchemy\n", ".travis.yml": text}
    edits = required(files, "aiosqlite", dev=True)
    assert [note.message for note in edits.notes] == [
        "installs pytest by name: aiosqlite is missing there"
    ]
    beside = {**files, ".travis.yml": "pip install -r requirements.txt\n" + text}
    assert not required(beside, "aiosqlite", dev=True).notes
