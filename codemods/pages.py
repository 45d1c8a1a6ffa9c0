"""The pages of the rules, made from the passes themselves."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc

from codemods.findings import Level
from codemods.passes import Pass

_LEVELS = {
    Level.SAFE: "safe: on by default",
    Level.UNSAFE: "unsafe: by --unsafe-fixes, or by naming it in --select",
    Level.DISPLAY: "display: shown as advice, never applied",
}


def listing(passes: Iterable[Pass]) -> str:
    """Every pass in one line, with its codes below it."""
    lines = []
    for rule in passes:
        lines.append(f"{rule.name} ({rule.level.value}): {rule.summary}")
        lines += [f"  {code.code} {code.name}: {code.summary}" for code in rule.codes]
    return "\n".join(lines) + "\n"


def page(rule: Pass) -> str:
    """One pass as a page of Markdown."""
    needs = ", ".join(f"`{name}`" for name in rule.needs)
    head = [f"# {rule.name}", "", rule.summary, "", f"Level: {_LEVELS[rule.level]}.", ""]
    if needs:
        head += [f"Needs: {needs}.", ""]
    codes = [f"- `{code.code}` ({code.name}): {code.summary}" for code in rule.codes]
    return "\n".join([*head, "## Codes", *codes, "", cleandoc(rule.documentation), ""])
