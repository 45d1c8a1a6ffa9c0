"""One requirement as its author wrote it, and the versions that it allows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_SPELLING = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?P<extras>\s*\[[^\]]*\])?"
    r"(?P<rest>\s*(?:$|[(<>=!~;@ ]).*)",
    re.DOTALL,
)

#: Poetry's clauses are cut at commas, or at blanks before an operator.
_CLAUSES = re.compile(r",|(?<=[\w*.])\s+(?=[<>=!~^])")


@dataclass(frozen=True)
class Spelling:
    """A requirement's text, cut at its extras: what is not changed is kept as it is."""

    name: str
    extras: str
    rest: str

    @classmethod
    def parse(cls, text: str) -> Spelling | None:
        """Cut the text of a requirement (PEP 508); None when it is none."""
        found = _SPELLING.fullmatch(text.strip())
        if not found or (found["rest"].strip() and not _is_tail(found["rest"].strip())):
            return None
        return cls(found["name"], found["extras"] or "", found["rest"])

    def __str__(self) -> str:
        return f"{self.name}{self.extras}{self.rest}"

    @property
    def canonical(self) -> str:
        """The name as PEP 503 normalises it."""
        return canonicalize_name(self.name)

    @property
    def extra_names(self) -> frozenset[str]:
        """The extras, normalised."""
        names = self.extras.strip().strip("[]").split(",")
        return frozenset(canonicalize_name(name.strip()) for name in names if name.strip())

    @property
    def specifier(self) -> SpecifierSet:
        """The versions that it allows."""
        text = self.rest.partition(";")[0].strip()
        if text.startswith("@"):
            return SpecifierSet()
        try:
            return SpecifierSet(text.strip("()"))
        except InvalidSpecifier:
            return SpecifierSet()

    @property
    def marker(self) -> str:
        """The environment marker with its semicolon, or nothing."""
        before, semicolon, marker = self.rest.partition(";")
        if not semicolon or (before.strip().startswith("@") and not before.endswith(" ")):
            return ""
        return f"; {marker.strip()}"

    @property
    def pinned(self) -> bool:
        """Whether exactly one version (or one place) is allowed."""
        return Bounds.of(self.specifier).exact is not None or self.rest.strip().startswith("@")

    @property
    def limited(self) -> bool:
        """Whether it is pinned, or has an upper limit at least."""
        return self.pinned or Bounds.of(self.specifier).upper is not None

    def with_extras(self, extras: Iterable[str]) -> Spelling:
        """The same requirement with some more extras."""
        missing = [extra for extra in extras if canonicalize_name(extra) not in self.extra_names]
        if not missing:
            return self
        if not self.extra_names:
            return replace(self, extras=f"[{','.join(missing)}]")
        joint = ", " if ", " in self.extras else ","
        inner = self.extras.rstrip().removesuffix("]").rstrip().removesuffix(",")
        return replace(self, extras=joint.join((inner, *missing)) + "]")


def _is_tail(text: str) -> bool:
    """Whether the text behind name and extras is a specifier, a URL or a marker."""
    before, _, marker = text.partition(";")
    if before.strip().startswith("@"):
        return True
    try:
        SpecifierSet(before.strip().removeprefix("(").removesuffix(")"))
        Requirement(f"x; {marker}" if marker.strip() else "x")
    except (InvalidSpecifier, InvalidRequirement):
        return False
    return True


@dataclass(frozen=True)
class Bounds:
    """The range of versions that a specifier allows: from ``lower`` up to ``upper``."""

    exact: Version | None = None
    lower: Version | None = None
    upper: Version | None = None
    upper_included: bool = False

    @classmethod
    def of(cls, specifier: SpecifierSet) -> Bounds:
        """Read the bounds of a specifier; exclusions (``!=``) don't move them."""
        bounds = cls()
        for clause in specifier:
            bounds = bounds.within(cls._clause(clause.operator, clause.version))
        return bounds

    @classmethod
    def _clause(cls, operator: str, text: str) -> Bounds:
        wildcard = text.endswith(".*")
        try:
            version = Version(text.removesuffix(".*"))
        except InvalidVersion:
            return cls()
        if operator in {"==", "==="} and not wildcard:
            return cls(version, version, version, True)
        if operator == "==":
            return cls(None, version, _next(version.release))
        if operator == "~=":
            return cls(None, version, _next(version.release[:-1]))
        if operator in {">=", ">"}:
            return cls(None, version)
        if operator in {"<", "<="}:
            return cls(None, None, version, operator == "<=")
        return cls()

    def within(self, other: Bounds) -> Bounds:
        """What both allow."""
        lowers = [lower for lower in (self.lower, other.lower) if lower is not None]
        uppers = [
            (bounds.upper, bounds.upper_included)
            for bounds in (self, other)
            if bounds.upper is not None
        ]
        upper, included = min(uppers) if uppers else (None, False)
        return Bounds(self.exact or other.exact, max(lowers) if lowers else None, upper, included)

    def at_least(self, version: Version) -> bool | None:
        """Whether every allowed version is ``version`` or newer; None when some are."""
        if self.lower is not None and self.lower >= version:
            return True
        if self.upper is None:
            return None
        below = self.upper < version if self.upper_included else self.upper <= version
        return False if below else None


def _next(release: tuple[int, ...]) -> Version:
    """The first release behind all that begin with ``release``."""
    *head, last = release or (0,)
    return Version(".".join(str(part) for part in (*head, last + 1)))


def bounded(requirement: Requirement) -> str:
    """The requirement's text, with an upper bound as a file of pins deserves.

    ``asyncpg>=0.27`` becomes ``asyncpg>=0.27,<1``.
    """
    bounds = Bounds.of(requirement.specifier)
    text = plain(requirement)
    if bounds.lower is None or bounds.upper is not None:
        return text
    return f"{text},<{bounds.lower.release[0] + 1}"


def plain(requirement: Requirement) -> str:
    """The requirement's text without its marker, lower bounds first."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{versions(requirement.specifier)}"


def versions(specifier: SpecifierSet) -> str:
    """The text of a specifier, lower bounds first."""
    clauses = sorted(
        specifier, key=lambda clause: (clause.operator in {"<", "<=", "!="}, str(clause))
    )
    return ",".join(str(clause) for clause in clauses)


def from_poetry(text: str) -> SpecifierSet:
    """The specifier that a constraint in Poetry's (or Pipenv's) own notation stands for."""
    clauses = []
    for clause in _CLAUSES.split(text.strip()):
        clauses += _poetry_clause(clause.strip())
    try:
        return SpecifierSet(",".join(clauses))
    except InvalidSpecifier:
        return SpecifierSet()


def _poetry_clause(clause: str) -> list[str]:
    if clause in {"", "*"} or "|" in clause:
        return []
    operator = clause[0]
    if operator in "^~" and not clause.startswith("~="):
        text = clause[1:].strip().lstrip("=")
        try:
            release = Version(text).release
        except InvalidVersion:
            return []
        return [f">={text}", f"<{_caret(release) if operator == '^' else _tilde(release)}"]
    if operator.isdigit():
        return [f"=={clause}"]
    if operator == "=" and not clause.startswith("=="):
        return [f"={clause}"]
    return [clause]


def _caret(release: tuple[int, ...]) -> Version:
    for position, part in enumerate(release):
        if part or position == len(release) - 1:
            return _next(release[: position + 1])
    return _next(release)


def _tilde(release: tuple[int, ...]) -> Version:
    return _next(release[:2] if len(release) > 1 else release)
