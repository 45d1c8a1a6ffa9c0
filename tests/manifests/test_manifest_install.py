"""What is installed for an application and its tests."""

from __future__ import annotations

from manifest_case import codebase

from codemods.manifests import Installation, applications, installation


def installed(near: str = "app/main.py", **files: str) -> Installation:
    texts = {name.replace("__", ".").replace("_in_", "/"): text for name, text in files.items()}
    return installation(codebase(texts), [near])


PROJECT = """
[project]
name = "shop"
requires-python = ">=3.11"
dependencies = ["fastapi", "sqlalchemy>=2; python_version > '3'"]
[project.optional-dependencies]
test = ["pytest", "shop[fast]"]
fast = ["uvloop"]
docs = ["sphinx"]
[dependency-groups]
dev = ["mypy", {include-group = "lint"}]
lint = ["ruff"]
[build-system]
requires = ["hatchling"]
"""
LOCK = """
[[package]]
name = "sqlalchemy"
version = "1.4.0"

[[package]]
name = "fastapi"
version = "0.115.0"

[[package]]
name = "starlette"
version = "0.40.0"
"""


def test_a_project_with_its_groups():
    found = installed(pyproject__toml=PROJECT)
    assert found.lines == ("fastapi", "sqlalchemy>=2; python_version > '3'", "pytest", "mypy")
    assert found.optional == ("uvloop",)
    assert found.sources == ("pyproject.toml",)
    assert (found.files, found.projects, found.python) == ((), ("",), ">=3.11")


def test_a_lock_file_limits_what_still_fits():
    found = installed(pyproject__toml=PROJECT, uv__lock=LOCK)
    assert found.locked == ("fastapi==0.115.0", "starlette==0.40.0")


def test_poetry_and_what_comes_from_elsewhere():
    found = installed(
        pyproject__toml="""
[tool.poetry]
name = "shop"
[tool.poetry.dependencies]
python = "^3.10"
fastapi = "^0.115"
mine = {git = "https://example.org/mine.git"}
beside = {path = "../beside"}
[tool.poetry.group.dev.dependencies]
pytest = "*"
"""
    )
    assert found.lines == (
        "fastapi>=0.115,<0.116",
        "mine @ git+https://example.org/mine.git",
        "./../beside",
        "pytest",
    )
    assert found.python == "<4,>=3.10"


def test_requirements_files():
    found = installed(
        requirements__txt="fastapi\n-c constraints.txt\n",
        requirements__in="fastapi\n",
        requirements_dev__txt="-r requirements.txt\npytest\n",
        requirements_docs__txt="sphinx\n",
        tests_in_requirements__txt="httpx\n",
        constraints__txt="starlette<1\n",
    )
    assert found.files == ("requirements_dev.txt", "tests/requirements.txt")
    assert found.lines == ()
    assert "starlette<1\n" in found.texts


def test_two_are_equal_where_they_install_the_same():
    one = installed(requirements__txt="fastapi\n", app_in_other__py="x = 1\n")
    same = installed(requirements__txt="fastapi\n", app_in_other__py="x = 2\n")
    other = installed(requirements__txt="fastapi\naiosqlite\n")
    assert one == same
    assert one != other


def test_setup_py():
    text = 'from setuptools import setup\nsetup(name="shop", install_requires=["fastapi"])\n'
    found = installed(setup__py=text)
    assert (found.lines, found.projects) == (("fastapi",), ("",))


def test_two_applications_in_one_code_base():
    files = {
        "a/requirements.txt": "fastapi\n",
        "a/app/main.py": "",
        "a/app/more.py": "",
        "b/requirements.txt": "sqlmodel\n",
        "b/main.py": "",
    }
    code = codebase(files)
    near = applications(code, ["a/app/main.py", "a/app/more.py", "b/main.py"])
    assert len(near) == 2
    assert installation(code, near).files == ("a/requirements.txt", "b/requirements.txt")


def test_nothing_is_declared():
    assert not installed()
    assert applications(codebase({}), ["app/main.py"]) == ()
