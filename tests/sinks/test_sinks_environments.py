"""``--verify`` in environments that are made from what the manifests declare before and after."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import fakes
import pytest

from cli.main import run
from codemods.passes import Outcome
from codemods.sinks.environments import complaint

REQUIREMENTS = "--no-index\n--find-links {wheels}\nshopdriver==1.0\n"


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel with one module, which knows its version."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            rows.append(f"{path},sha256={digest.rstrip(b'=').decode()},{len(text)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,\n"]))


def requiring(version: str, *more: str):
    """The first fake pass, which also asks for another version of the driver."""

    def plan(program, options):
        outcome = fakes.FIRST.plan(program, options)
        if not outcome.texts:
            return outcome
        text = program.codebase["requirements.txt"].text.replace("==1.0", f"=={version}")
        texts = {**outcome.texts, "requirements.txt": text + "".join(more)}
        return Outcome(texts=texts, findings=outcome.findings, decisions=outcome.decisions)

    return replace(fakes.FIRST, plan=plan)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """An application whose requirements are two wheels on this machine."""
    for version in ("1.0", "2.0"):
        wheel(tmp_path / "wheels", "shopdriver", version)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "requirements.txt").write_text(REQUIREMENTS.format(wheels=tmp_path / "wheels"))
    # A manifest is an application's own where it declares a framework; or else the nearest.
    (folder / "app.py").write_text("import shopdriver\n\nold_one = shopdriver.version\n")
    fakes.repository(folder)
    monkeypatch.chdir(folder)
    return folder


def said(folder: Path) -> str:
    return (folder / ".looplift_cache" / "verify.log").read_text()


SHOW = "python -c 'import app, sys; print(app.shopdriver.version, sys.prefix)'"


def test_each_state_has_what_it_declares(shop, monkeypatch, capfd):
    """Before with the old driver, after with the new one, and neither in looplift's own place."""
    fakes.use_fakes(monkeypatch, (requiring("2.0"),))
    assert run(["apply", "--output-format", "json", "--verify", SHOW]) == 0
    found = json.loads(capfd.readouterr().out)["verify"]
    assert (found["before"]["code"], found["after"]["code"]) == (0, 0), said(shop)
    assert found["environment"].startswith("made from requirements.txt by ")
    lines = [line for line in said(shop).splitlines() if line.startswith(("1.0 ", "2.0 "))]
    assert [line.split()[0] for line in lines] == ["1.0", "2.0"]
    places = [Path(line.split()[1]) for line in lines]
    assert places[0] != places[1]
    assert not any(place.exists() for place in places)
    assert "shopdriver==2.0\n" in (shop / "requirements.txt").read_text()


def test_what_can_not_be_installed_before(shop, monkeypatch, capfd):
    """Nothing is written, and the sentence says what is missing and what to do."""
    fakes.use_fakes(monkeypatch, (requiring("2.0"),))
    text = (shop / "requirements.txt").read_text().replace("==1.0", "==1.5")
    (shop / "requirements.txt").write_text(text)
    fakes.commit(shop, "no such version")
    assert run(["apply", "--verify", "true"]) == 2
    err = capfd.readouterr().err
    assert err.startswith("looplift: error: requirements.txt can't be installed by ")
    assert "shopdriver==1.5" in err and "--verify-env" in err and "verify.log" in err
    assert fakes.git(shop, "status", "--porcelain") == ""


def test_what_can_not_be_installed_after(shop, monkeypatch, capfd):
    """The pass that asks for it is left out."""
    fakes.use_fakes(monkeypatch, (requiring("3.0"), fakes.UNSAFE))
    (shop / "more.py").write_text("old_three\n")
    fakes.commit(shop, "something for another pass")
    assert run(["apply", "--unsafe-fixes", "--verify", "true"]) == 0
    err = capfd.readouterr().err
    assert "Left out: fake-first, since the command passes without it and fails with it" in err
    assert "requirements.txt can't be installed by" in err and "shopdriver==3.0" in err
    assert (shop / "more.py").read_text() == "new_three\n"
    assert fakes.git(shop, "status", "--porcelain") == " M more.py\n"


def test_an_installation_that_takes_too_long(shop, monkeypatch, capfd, tmp_path):
    """The time limit is that of a run."""
    fakes.use_fakes(monkeypatch, (requiring("2.0"),))
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "uv").write_text("#!/bin/sh\nsleep 30\n")
    (slow / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(slow), prepend=":")
    assert run(["apply", "--verify", "true", "--verify-timeout", "0.3"]) == 2
    assert "it takes longer than 0.3 s" in capfd.readouterr().err


def test_uv_is_used_where_it_is(shop, monkeypatch, capfd, tmp_path):
    """A stand-in for uv that writes down what it is asked, and makes an empty environment."""
    fakes.use_fakes(monkeypatch, (requiring("2.0"),))
    place = tmp_path / "bin"
    place.mkdir()
    (place / "uv").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        'if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last/bin"; fi\n'
    )
    (place / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    assert run(["apply", "--verify", "true"]) == 0
    err = capfd.readouterr().err
    assert "Environment: made from requirements.txt by uv." in err
    asked = (tmp_path / "asked").read_text().splitlines()
    assert [line.split()[0] for line in asked] == ["venv", "pip", "venv", "pip"]
    assert asked[1].startswith("pip install --quiet --python ")
    assert asked[1].endswith("/shop/requirements.txt")


def test_what_can_not_be_built_is_named():
    """pip says only that building failed; which package it was, its folder tells."""
    said = (
        "  error: subprocess-exited-with-error\n  \u00d7 Getting requirements failed.\n"
        "  \u2502 exit code: 1\n  \u2570\u2500> [32 lines of output]\n"
        f'  File "/tmp/pip-install-sagee85v/shop-built_{32 * "a"}/setup.py", line 70\n'
    )
    assert complaint(said) == "shop-built: Getting requirements failed."
    assert complaint("ERROR: No matching distribution found for a==1\n") == (
        "No matching distribution found for a==1"
    )


def test_no_python_that_fits(shop, monkeypatch, capfd, tmp_path):
    fakes.use_fakes(monkeypatch)
    (shop / "requirements.txt").unlink()
    (shop / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nrequires-python = ">=4.7"\ndependencies = ["shopdriver"]\n'
    )
    fakes.commit(shop, "for a Python to come")
    monkeypatch.setattr(shutil, "which", without_uv(shutil.which))
    assert run(["apply", "--verify", "true"]) == 2
    assert "it needs Python >=4.7 with pip, and there is 3." in capfd.readouterr().err


def without_uv(which):
    """``shutil.which`` on a machine that has no uv."""
    return lambda name, *rest, **more: None if name == "uv" else which(name, *rest, **more)


def test_the_runner_of_the_suite_comes_with_it(shop, monkeypatch, capfd, tmp_path):
    """Many have pytest installed and do not declare it."""
    fakes.use_fakes(monkeypatch, (requiring("2.0"),))
    wheel(tmp_path / "wheels", "pytest", "99.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(shutil, "which", without_uv(shutil.which))
    assert run(["apply", "--verify", "python -c 'import pytest; print(pytest.version)'"]) == 0
    assert said(shop).count("\n99.0\n") == 2, said(shop)


def test_the_current_environment(shop, monkeypatch, capfd):
    fakes.use_fakes(monkeypatch, (requiring("2.0"),))
    assert run(["apply", "--verify", "true", "--verify-env", "current"]) == 0
    assert "Environment: the current one." in capfd.readouterr().err
    assert "==== environment" not in said(shop)
