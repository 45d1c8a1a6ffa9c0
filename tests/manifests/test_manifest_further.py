"""Further lists of the same libraries: those of the application are edited, others are not."""

from __future__ import annotations

import pytest

from tests.manifests.manifest_case import ASYNC, required

PSYCOPG = "psycopg[binary]>=3.1"
TO_PSYCOPG = {"psycopg2-binary": PSYCOPG}
APP = "import sqlalchemy\nfrom fastapi import FastAPI\n"
OWN = '[project]\nname = "shop"\ndependencies = ["fastapi", "sqlalchemy", "psycopg2-binary"]\n'
OWN_AFTER = (
    '[project]\nname = "shop"\ndependencies = ["fastapi", "sqlalchemy[asyncio]", '
    '"psycopg[binary]>=3.1"]\n'
)
LIST = "fastapi\nsqlalchemy\npsycopg2-binary\n"
LIST_AFTER = "fastapi\nsqlalchemy[asyncio]\npsycopg[binary]>=3.1\n"
LIST_SHARED = "fastapi\nsqlalchemy[asyncio]\npsycopg[binary]>=3.1\npsycopg2-binary\n"


def _changed(near: str, files: dict[str, str]) -> dict[str, str]:
    return dict(required(files, ASYNC, PSYCOPG, replace=TO_PSYCOPG, near=near).texts)


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"tests/test_shop.py": "import sqlalchemy\nfrom shop.main import app\n"},
        {"tests/test_shop.py": "import sqlalchemy\nfrom src.shop.main import app\n"},
        {"migrations/env.py": "from sqlalchemy import pool\nimport src.shop.main\n"},
        {"tool.py": "import sqlalchemy\nfrom .src.shop import main\n"},
        {"noxfile.py": "import nox\n"},
    ],
)
def test_a_list_above_is_edited_too(others: dict[str, str]) -> None:
    files = {"src/pyproject.toml": OWN, "src/shop/main.py": APP, "requirements.txt": LIST}
    assert _changed("src/shop/main.py", files | others) == {
        "src/pyproject.toml": OWN_AFTER,
        "requirements.txt": LIST_AFTER,
    }


def test_a_list_above_that_takes_in_the_nearest() -> None:
    files = {
        "backend/requirements.txt": LIST,
        "backend/app/main.py": APP,
        "requirements.txt": "-r backend/requirements.txt\npytest\n",
        "requirements-deploy.txt": "-r backend/requirements.txt\npsycopg2-binary==2.9.9\n",
    }
    assert _changed("backend/app/main.py", files) == {
        "backend/requirements.txt": LIST_AFTER,
        "requirements-deploy.txt": "-r backend/requirements.txt\npsycopg[binary]>=3.1\n",
    }


def test_a_list_without_modules_beside_the_only_application() -> None:
    files = {
        "backend/requirements.txt": LIST,
        "backend/app/main.py": APP,
        "deploy/lambda/requirements.txt": LIST,
        "site/requirements-docs.txt": "fastapi\nsqlalchemy\n",
        "constraints.txt": "sqlalchemy==2.0.40\n",
    }
    assert _changed("backend/app/main.py", files) == {
        "backend/requirements.txt": LIST_AFTER,
        "deploy/lambda/requirements.txt": LIST_AFTER,
    }


def test_a_list_of_a_driver_between_the_module_and_its_manifest() -> None:
    files = {
        "backend/requirements.txt": "psycopg2-binary\n",
        "backend/app/main.py": APP,
        "requirements.txt": "fastapi\nsqlalchemy\n",
    }
    assert _changed("backend/app/main.py", files) == {
        "backend/requirements.txt": "psycopg[binary]>=3.1\n",
        "requirements.txt": "fastapi\nsqlalchemy[asyncio]\npsycopg[binary]>=3.1\n",
    }


def test_a_worker_that_imports_the_application_gets_the_driver() -> None:
    files = {
        "requirements.txt": LIST,
        "shop/main.py": APP,
        "worker/requirements.txt": "celery\nsqlalchemy\npsycopg2-binary\n",
        "worker/tasks.py": "import sqlalchemy\nfrom shop.main import engine\n",
    }
    assert _changed("shop/main.py", files)["worker/requirements.txt"] == (
        "celery\nsqlalchemy[asyncio]\npsycopg[binary]>=3.1\n"
    )


@pytest.mark.parametrize("package", ["billing", "app"])
def test_another_service_keeps_its_own(package: str) -> None:
    """Also where both services call their package ``app``."""
    files = {
        "services/shop/requirements.txt": LIST,
        "services/shop/app/main.py": APP,
        "services/billing/requirements.txt": LIST,
        f"services/billing/{package}/db.py": "",
        f"services/billing/{package}/main.py": f"{APP}from {package}.db import engine\n",
        "deploy/requirements.txt": LIST,
        "requirements.txt": LIST,
    }
    assert _changed("services/shop/app/main.py", files) == {
        "services/shop/requirements.txt": LIST_AFTER,
        "requirements.txt": LIST_SHARED,
    }


def test_an_application_above_is_left_and_named() -> None:
    files = {
        "requirements.txt": "click\n" + LIST,
        "main.py": APP,
        "plugins/shop/requirements.txt": LIST,
        "plugins/shop/app/main.py": APP,
    }
    edits = required(files, ASYNC, PSYCOPG, replace=TO_PSYCOPG, near="plugins/shop/app/main.py")
    assert set(edits.texts) == {"plugins/shop/requirements.txt"}
    assert [(note.path, note.line) for note in edits.others] == [("requirements.txt", 2)]
    assert "fastapi, psycopg2-binary, sqlalchemy too" in edits.others[0].message
    assert not _changed("main.py", files).keys() & {"plugins/shop/requirements.txt"}


def test_the_lock_file_of_a_list_above_is_named() -> None:
    files = {
        "src/pyproject.toml": OWN,
        "src/shop/main.py": APP,
        "src/uv.lock": "",
        "Pipfile": '[packages]\nfastapi = "*"\nsqlalchemy = "*"\npsycopg2-binary = "*"\n',
        "Pipfile.lock": "{}",
    }
    edits = required(files, ASYNC, PSYCOPG, replace=TO_PSYCOPG, near="src/shop/main.py")
    assert set(edits.texts) == {"src/pyproject.toml", "Pipfile"}
    assert {note.command for note in edits.notes} == {"uv lock", "pipenv lock"}
