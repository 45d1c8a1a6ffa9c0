"""Lock files: the versions that are really installed, and the commands that renew them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

#: Lock files and the command that renews each.
COMMANDS: Mapping[str, str] = {
    "uv.lock": "uv lock",
    "poetry.lock": "poetry lock",
    "Pipfile.lock": "pipenv lock",
    "pdm.lock": "pdm lock",
    "pylock.toml": "uv export --format pylock.toml --output-file pylock.toml",
}

#: Lock files in TOML list each package as a table that begins with its name and version.
_PACKAGE = re.compile(
    r"^\[\[packages?\]\]\r?\nname = \"(?P<name>[^\"]+)\"\r?\nversion = \"(?P<version>[^\"]+)\"",
    re.MULTILINE,
)


def versions(path: str, text: str) -> dict[str, Version]:
    """The locked version of each package; the smallest where markers choose among several."""
    found: dict[str, Version] = {}
    for name, text_version in _pairs(path, text):
        try:
            version = Version(text_version)
        except InvalidVersion:
            continue
        name = canonicalize_name(name)
        found[name] = min(version, found.get(name, version))
    return found


def _pairs(path: str, text: str) -> Iterator[tuple[str, str]]:
    if not path.endswith("Pipfile.lock"):
        for match in _PACKAGE.finditer(text):
            yield match["name"], match["version"]
        return
    try:
        data = json.loads(text)
    except ValueError:
        return
    for group in ("develop", "default"):
        packages = data.get(group, {}) if isinstance(data, dict) else {}
        for name, package in packages.items() if isinstance(packages, dict) else ():
            version = package.get("version", "") if isinstance(package, dict) else ""
            yield name, str(version).lstrip("=")
