"""The application's tests, where work goes on after the response: they find it done.

A test that looks at what a request left behind can't know when that happens. So the suite gets
a fixture that has such work done at once, as it was before.
"""

from __future__ import annotations

from codemods.facts import Program
from codemods.facts.modules import Module
from codemods.plan.draft import Draft
from codemods.plan.generated import import_name_from

#: What a suite that starts the application names.
_CLIENTS = ("TestClient", "AsyncClient", "ASGITransport", "AsyncTestClient")

_FIXTURE = '''\
@pytest.fixture(scope="session", autouse=True)
def {name}_in_place():
    """Work that outlives its response is done when the response is there."""
    from {module} import {name}

    {name}.in_place = True
'''


def suite_obstacle(program: Program) -> str:
    """Why the suite can't be told to wait for work that outlives its response; "" if it can."""
    for module in _starting(program):
        if not program.codebase.editable(module.path):
            return f"the tests ({module.path}) lie outside of the part that may be edited"
    return ""


def _starting(program: Program) -> list[Module]:
    """The modules of the suite that start the application."""
    return [
        module for module in program.modules.mentioning(_CLIENTS) if program.web.in_tests(module)
    ]


def work_in_place(program: Program, draft: Draft, path: str, name: str) -> dict[str, str]:
    """Give the suite a fixture that sets ``in_place`` of ``name``; new files by their path."""
    modules = _starting(program)
    if not modules:
        return {}
    folder = _common([module.folder for module in modules])
    conftest = f"{folder}/conftest.py" if folder else "conftest.py"
    source = import_name_from(program, conftest, sorted(modules, key=lambda m: m.path), path)
    fixture = _FIXTURE.format(name=name, module=source)
    existing = program.modules.get(conftest)
    if existing is None:
        return {conftest: f"import pytest\n\n\n{fixture}"}
    if f"def {name}_in_place(" not in existing.file.text:
        draft.add_import(existing, "pytest")
        draft.append(existing, f"\n\n{fixture}")
    return {}


def _common(folders: list[str]) -> str:
    """The deepest folder that holds all of these."""
    parts = [folder.split("/") if folder else [] for folder in folders]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "/".join(common)
