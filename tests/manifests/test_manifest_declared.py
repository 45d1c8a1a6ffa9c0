"""What manifests and lock files say of versions."""

from __future__ import annotations

import pytest
from manifest_case import codebase
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from codemods.manifests import Bounds, Declared, Spelling, declared
from codemods.manifests.spelling import bounded, from_poetry


def _declared(near: str = "app/main.py", **files: str) -> Declared:
    return declared(codebase({name.replace("__", "."): text for name, text in files.items()}), near)


@pytest.mark.parametrize(
    ("specifier", "version", "answer"),
    [
        ("==2.0.1", "2.0", True),
        ("==1.4.23", "2.0", False),
        (">=2", "2.0", True),
        (">=1.4", "2.0", None),
        (">=1.4,<2", "2.0", False),
        ("<=2.0", "2.0", None),
        ("<=1.9", "2.0", False),
        ("~=1.4.3", "1.5", False),
        ("~=1.4", "1.5", None),
        ("==1.4.*", "2.0", False),
        ("==2.*", "2.0", True),
        ("!=2.0.1", "2.0", None),
        ("", "2.0", None),
        ("===1.4", "1.4", True),
    ],
)
def test_at_least(specifier: str, version: str, answer: bool | None) -> None:
    assert Bounds.of(SpecifierSet(specifier)).at_least(Version(version)) is answer
    found = _declared(requirements__txt=f"sqlalchemy{specifier}\n")
    assert found.at_least("SQLAlchemy", version) is answer


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("^2.0.37", ">=2.0.37,<3"),
        ("^0.115.8", ">=0.115.8,<0.116"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1"),
        ("~1.4", ">=1.4,<1.5"),
        ("~1", ">=1,<2"),
        ("1.4.23", "==1.4.23"),
        ("1.4.*", "==1.4.*"),
        (">=1.4,<2", ">=1.4,<2"),
        (">=1.4 <2", ">=1.4,<2"),
        ("~=1.4", "~=1.4"),
        ("*", ""),
        ("^1 || ^2", ""),
        ("nonsense", ""),
    ],
)
def test_poetrys_notation(text: str, specifier: str) -> None:
    assert from_poetry(text) == SpecifierSet(specifier)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", "", "")),
        (
            "A_b.c [x, y] >= 1 ; python_version < '3'",
            ("A_b.c", " [x, y]", " >= 1 ; python_version < '3'"),
        ),
        ("a@ https://example.org/a.zip", ("a", "", "@ https://example.org/a.zip")),
        ("a (>=1,<2)", ("a", "", " (>=1,<2)")),
        ("a b", None),
        ("./a.whl", None),
        ("https://example.org/a.zip", None),
        ("-r x.txt", None),
        ("{{ cookiecutter.name }}", None),
        ("", None),
    ],
)
def test_spelling(text: str, parts: tuple[str, str, str] | None) -> None:
    spelling = Spelling.parse(text)
    assert (spelling and (spelling.name, spelling.extras, spelling.rest)) == parts
    assert spelling is None or str(spelling) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("asyncpg>=0.27", "asyncpg>=0.27,<1"),
        ("psycopg[binary]>=3.1", "psycopg[binary]>=3.1,<4"),
        ("aiosqlite<0.22,>=0.17", "aiosqlite>=0.17,<0.22"),
        ("sqlalchemy[asyncio]", "sqlalchemy[asyncio]"),
    ],
)
def test_bounded(text: str, result: str) -> None:
    assert bounded(Requirement(text)) == result


def test_the_lock_file_has_the_last_word() -> None:
    found = _declared(
        pyproject__toml='[project]\nrequires-python = ">=3.11"\n'
        'dependencies = ["sqlalchemy>=1.4"]\n',
        uv__lock='version = 1\n\n[[package]]\nname = "sqlalchemy"\nversion = "2.0.35"\n\n'
        '[[package]]\nname = "starlette"\nversion = "0.46.0"\n',
    )
    assert found.version("sqlalchemy") == Version("2.0.35")
    assert found.at_least("sqlalchemy", "2.0") is True
    assert found.at_least("starlette", "0.40") is True
    assert not found.declares("starlette")
    assert found.declares("sqlalchemy", main=True)
    assert found.python_at_least("3.11") is True
    assert found.python_at_least("3.12") is None
    assert found.lock_files == ("uv.lock",)


def test_pipfile_lock() -> None:
    lock = '{"default": {"sqlalchemy": {"version": "==1.4.41"}}, "develop": {"x": {"git": "y"}}}'
    found = _declared(
        Pipfile='[packages]\nsqlalchemy = "*"\n[requires]\npython_version = "3.10"\n',
        **{"Pipfile__lock": lock},
    )
    assert found.version("sqlalchemy") == Version("1.4.41")
    assert found.python_at_least("3.10") is True
    assert found.python_at_least("3.11") is False


def test_poetry() -> None:
    found = _declared(
        pyproject__toml='[tool.poetry.dependencies]\npython = "^3.9"\nsqlalchemy = "^2.0"\n'
        'fastapi = {version = "~0.87", extras = ["all"]}\n'
        '[tool.poetry.group.test.dependencies]\npytest-asyncio = "0.21"\n'
    )
    assert found.at_least("sqlalchemy", "2.0") is True
    assert found.at_least("fastapi", "0.93") is False
    assert found.version("pytest_asyncio") == Version("0.21")
    assert not found.declares("pytest-asyncio", main=True)
    assert found.python_at_least("3.9") is True
    package = found.package("fastapi")
    assert package is not None
    assert package.extras == {"all"}
    assert [place.line for place in package.places] == [4]


@pytest.mark.parametrize(
    ("line", "sqlalchemy", "pydantic"),
    [
        ("sqlmodel==0.0.8", False, False),
        ("sqlmodel==0.0.13", True, False),
        ("sqlmodel>=0.0.21,<1", True, None),
        ("sqlmodel", True, None),
        ("fastapi==0.68.0", None, False),
        ("fastapi==0.115.0", None, None),
    ],
)
def test_what_follows_from_other_packages(
    line: str, sqlalchemy: bool | None, pydantic: bool | None
) -> None:
    found = _declared(requirements__txt=line + "\n")
    assert found.at_least("sqlalchemy", "2.0") is sqlalchemy
    assert found.at_least("pydantic", "2") is pydantic
    assert not found.declares("sqlalchemy")


def test_what_is_said_itself_wins_over_what_follows() -> None:
    found = _declared(requirements__txt="sqlmodel\nsqlalchemy==1.4.0\n")
    assert found.at_least("sqlalchemy", "2.0") is False


def test_markers_leave_it_open() -> None:
    lines = "sqlalchemy==1.4.1; python_version<'3.7'\nsqlalchemy==2.0.1; python_version>='3.7'\n"
    found = _declared(requirements__txt=lines)
    assert found.at_least("sqlalchemy", "2.0") is None
    assert found.at_least("sqlalchemy", "1.4") is True
    assert found.version("sqlalchemy") is None
    assert found.minimum("sqlalchemy") == Version("1.4.1")


def test_constraints_count() -> None:
    found = _declared(
        requirements__txt="-c constraints.txt\nsqlalchemy\n", constraints__txt="sqlalchemy==1.4.2\n"
    )
    assert found.version("sqlalchemy") == Version("1.4.2")


def test_a_pin_that_was_compiled_wins_over_its_source() -> None:
    found = _declared(requirements__in="sqlalchemy>=1.4\n", requirements__txt="sqlalchemy==2.0.3\n")
    assert found.version("sqlalchemy") == Version("2.0.3")


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("sqlalchemy==1.4.23", "1.4.23"),
        ("sqlalchemy>=1.4,<2", "1.4"),
        ("sqlalchemy>=2.0.14", "2.0.14"),
        ("sqlalchemy>=1.4", None),
        ("sqlalchemy", None),
        ("rich", None),
    ],
)
def test_the_version_to_decide_by(line: str, version: str | None) -> None:
    found = _declared(requirements__txt=line + "\n").decisive("sqlalchemy", "2.0")
    assert found == (Version(version) if version else None)


def test_the_nearest_manifest_that_tells_counts() -> None:
    files = {
        "requirements.txt": "black\n",
        "pyproject.toml": "[tool.ruff]\nline-length = 79\n",
        "service/requirements.txt": "fastapi\nsqlalchemy==2.0.1\n",
        "service/src/app/requirements-extra.txt": "rich\n",
        "other/requirements.txt": "fastapi\nsqlalchemy==1.4.1\n",
    }
    base = codebase(files)
    found = declared(base, "service/src/app/main.py")
    assert found.manifests == ("service/requirements.txt",)
    assert found.version("sqlalchemy") == Version("2.0.1")
    assert declared(base, "scripts/tool.py").manifests == ("requirements.txt",)


def test_a_workspace_has_its_lock_file_above() -> None:
    files = {
        "uv.lock": '[[package]]\nname = "sqlalchemy"\nversion = "2.0.9"\n',
        "packages/api/pyproject.toml": '[project]\ndependencies = ["sqlalchemy"]\n',
    }
    found = declared(codebase(files), "packages/api/src/main.py")
    assert found.lock_files == ("uv.lock",)
    assert found.version("sqlalchemy") == Version("2.0.9")


def test_nothing_is_known_without_a_manifest() -> None:
    found = _declared()
    assert found.manifests == ()
    assert found.at_least("sqlalchemy", "2.0") is None
    assert found.version("sqlalchemy") is None
    assert found.python_at_least("3.11") is None


def test_lines_that_are_no_requirements() -> None:
    found = _declared(
        requirements__txt="--index-url https://example.org\n./local.whl\n${EXTRA}\n\n#x\nsqlalchemy\n"
    )
    assert list(found.packages) == ["sqlalchemy"]
