"""The README is true: its commands run, its examples are what looplift makes of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fakes
import pytest
import typer.main

from cli.main import app
from codemods.config import read_config
from codemods.passes import all_passes

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
APPLICATION = ROOT / "golden" / "leaky_return" / "before"

#: The exit codes of commands that find something in that application; all others give 0.
EXIT_CODES = {
    "looplift check": 1,
    "looplift diff --stat": 1,
    "looplift diff --series ../patches": 1,
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the lines of output that are shown."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line and line != "..."]


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A copy of a golden application, in a git repository of its own."""
    folder = tmp_path / "application"
    shutil.copytree(APPLICATION, folder, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    return fakes.repository(folder)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``looplift`` is this checkout."""
    programs = tmp_path / "bin"
    programs.mkdir()
    looplift = programs / "looplift"
    looplift.write_text(
        f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P -c "
        '"from cli.main import main; main()" "$@"\n'
    )
    looplift.chmod(0o755)
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("LOOPLIFT_", "GITHUB_", "GH_"))
    }
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return kept | {"PATH": path, "NO_COLOR": "1"}


def run(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command as a shell would; its exit code and everything that it said."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def test_there_are_commands() -> None:
    found = [command for block in blocks("console") for command, _ in commands(block)]
    for name in ("check", "plan", "diff", "apply", "pr", "rules"):
        assert any(command.startswith(f"looplift {name}") for command in found), name


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0][2:])
def test_commands(
    block: str, application: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for command, shown in commands(block):
        if command.startswith("looplift pr"):
            assert "--dry-run" in command, f"{command} would need the network"
        folder, expected = application, EXIT_CODES.get(command, 0)
        if command.startswith("make "):
            # This suite runs within `make test`: here it only has to be known.
            command, folder = f"make --dry-run {command.removeprefix('make ')}", ROOT
        elif command == "python -m pip install .":
            # With the build backend of the test dependencies, so that no network is needed.
            pytest.importorskip("hatchling")
            command += f" --quiet --no-deps --no-build-isolation --target {tmp_path / 'installed'}"
            folder = ROOT
        code, output = run(command, folder, environment)
        assert code == expected, f"{command} gave {code}:\n{output}"
        missing = [line for line in shown if line not in output.splitlines()]
        assert not missing, f"{command} does not say {missing}, but:\n{output}"


def test_the_install_is_complete(tmp_path: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("hatchling")
    target = tmp_path / "installed"
    command = "python -m pip install . --quiet --no-deps --no-build-isolation --target"
    code, output = run(f"{command} {target}", ROOT, environment)
    assert code == 0, output
    for package in ("codemods", "cli"):
        for module in (ROOT / package).rglob("*.py"):
            assert (target / module.relative_to(ROOT)).is_file(), module
    code, output = run(
        f"{target / 'bin' / 'looplift'} rules", tmp_path, environment | {"PYTHONPATH": str(target)}
    )
    assert code == 0, output


def test_the_example_is_what_looplift_makes(application: Path, environment: dict[str, str]) -> None:
    before, after, *_ = blocks("python")
    assert_holds(application, before)
    code, output = run("looplift apply --quiet", application, environment)
    assert code == 0, output
    assert_holds(application, after)


def assert_holds(folder: Path, example: str) -> None:
    """Each part of an example (two empty lines part them) stands in a module, word for word."""
    texts = [path.read_text("utf-8") for path in folder.rglob("*.py")]
    for part in example.strip("\n").split("\n\n\n"):
        assert any(f"\n{part}\n" in text for text in texts), f"nowhere in the application:\n{part}"


def test_a_second_run_changes_nothing(application: Path, environment: dict[str, str]) -> None:
    assert run("looplift apply --quiet", application, environment)[0] == 0
    assert run("looplift diff --quiet", application, environment) == (0, "")


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    location = tmp_path / "pyproject.toml"
    location.write_text(block, "utf-8")
    options = read_config(location, tmp_path)
    assert options.select and options.driver and options.per_file_ignores
    for key in re.findall(r"^([a-z-]+) =", block.partition("[tool.looplift.driver]")[0], re.M):
        assert hasattr(options, key.replace("-", "_")) or key == "extend-exclude"


def test_all_passes_are_listed_in_their_order() -> None:
    table = README.partition("| the application after it |")[2].partition("## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.M) == [rule.name for rule in all_passes()]


def test_all_options_are_listed() -> None:
    group = typer.main.get_command(app)
    section = README.partition("## Options")[2].partition("## The application's tests")[0]
    listed = set(re.findall(r"`(--[a-z-]+)`", section.partition("```")[0]))
    known = {
        option
        for command in group.commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    assert listed == known


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_what_the_pages_name_exists(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = re.findall(r"`((?:[\w.]+/)+(?:[\w.]+\.(?:py|md))?|\w+\.py)`", text)
    named += re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    folders = (ROOT, ROOT / "codemods", APPLICATION)
    missing = [
        path
        for path in named
        if path not in ("after/", "before/", "env.py", "pyproject.toml")
        and not any((folder / path).exists() for folder in folders)
    ]
    assert not missing


def test_every_pass_has_a_subject() -> None:
    """The first line of a commit: imperative, no full stop, 72 characters at most."""
    for rule in all_passes():
        assert rule.subject, f"{rule.name} has no subject, the first line of its commits"
        assert len(rule.subject) <= 72 and not rule.subject.endswith(".")
        verb = rule.subject.split()[0]
        assert verb.istitle() and not verb.endswith(("s", "ed", "ing")), rule.subject
