"""Which passes run and which codes are reported, from what the user selected and ignored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codemods.config import Options
from codemods.errors import UserError
from codemods.findings import Level
from codemods.passes import Pass
from codemods.suppression import UNUSED

#: Selects everything, as in ruff.
ALL = "ALL"


@dataclass(frozen=True)
class Selection:
    """The passes to run, the codes to report, and the unsafe passes that were not asked for.

    Passes of the level *display* are among ``passes``: they look, but are never applied.
    """

    passes: tuple[Pass, ...]
    codes: frozenset[str]
    withheld: tuple[Pass, ...] = ()
    warnings: tuple[str, ...] = ()
    #: Rules, with a code each, that are not selected or do not run.
    silent: tuple[tuple[str, str], ...] = ()

    @property
    def applied(self) -> tuple[Pass, ...]:
        """The passes whose edits are made."""
        return tuple(rule for rule in self.passes if rule.level is not Level.DISPLAY)


def resolve(options: Options, passes: Sequence[Pass]) -> Selection:
    """Apply ``select``, ``extend_select`` and ``ignore``; the narrower of two rules wins.

    An unsafe pass runs with ``unsafe_fixes``, or where a rule names it (its name, one of its codes
    or a prefix with a digit); ``ALL`` and ``LL`` name no pass.
    """
    rules = (*options.select, *options.extend_select, *options.ignore)
    per_file = (rule for _, ignored in options.per_file_ignores for rule in ignored)
    _validate((*rules, *per_file), options, passes)
    chosen, withheld, codes = [], [], set[str]()
    silent: list[tuple[str, str]] = []
    for rule in passes:
        kept = {code.code for code in rule.codes if _kept(rule.name, code.code, options)}
        silent += [(rule.name, code.code) for code in rule.codes if code.code not in kept]
        if not kept:
            continue
        if rule.level is not Level.UNSAFE or options.unsafe_fixes or _named(rule, options):
            chosen.append(rule)
            codes |= kept
        else:
            withheld.append(rule)
            silent += [(rule.name, code.code) for code in rule.codes]
    if _kept(UNUSED.name, UNUSED.code, options):
        codes.add(UNUSED.code)
    warnings = _warnings(chosen, passes)
    return Selection(tuple(chosen), frozenset(codes), tuple(withheld), warnings, tuple(silent))


def matches(selector: str, rule: str, code: str) -> bool:
    """Whether ``selector`` (a name, a code, a prefix, ``ALL``) means ``code`` of ``rule``."""
    return selector in (ALL, rule) or code.startswith(selector)


def _kept(rule: str, code: str, options: Options) -> bool:
    selected = _strength(rule, code, options.select or (ALL,))
    selected = max(selected, _strength(rule, code, options.extend_select))
    return selected > _strength(rule, code, options.ignore)


def _strength(rule: str, code: str, selectors: Iterable[str]) -> int:
    """How narrowly the narrowest of ``selectors`` means ``code``: 0 for not at all."""
    return max((_width(s, rule) for s in selectors if matches(s, rule, code)), default=0)


def _width(selector: str, rule: str) -> int:
    # A pass is about as narrow as a prefix of three characters: LL1.
    return 1 if selector == ALL else 4 if selector == rule else 1 + len(selector)


def _named(rule: Pass, options: Options) -> bool:
    return any(
        selector == rule.name or (selector != ALL and any(map(str.isdigit, selector)))
        for selector in (*options.select, *options.extend_select)
        if any(matches(selector, rule.name, code.code) for code in rule.codes)
    )


def _validate(rules: Iterable[str], options: Options, passes: Sequence[Pass]) -> None:
    origins = dict(options.origins)
    known = [(rule.name, code.code) for rule in passes for code in rule.codes]
    known.append((UNUSED.name, UNUSED.code))
    for selector in rules:
        if not selector or not any(matches(selector, *each) for each in known):
            where = f"{origins[selector]}: " if selector in origins else ""
            raise UserError(f"{where}unknown rule `{selector}` (`looplift rules` lists them)")


def _warnings(chosen: Sequence[Pass], passes: Sequence[Pass]) -> tuple[str, ...]:
    absent = {rule.name for rule in passes} - {rule.name for rule in chosen}
    return tuple(
        f"`{rule.name}` expects {_listed(missing)} to have been applied before"
        for rule in chosen
        if (missing := [need for need in rule.needs if need in absent])
    )


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
