"""The commands that write nothing: check, diff, plan and rules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cli.settings import Settings
from cli.summary import check_summary, diff_summary, further
from codemods.sinks import report
from codemods.sinks.journal import pending

if TYPE_CHECKING:
    from codemods.passes import Pass
    from codemods.project import Project
    from codemods.sinks.terminal import Terminal


def check(settings: Settings) -> int:
    """Report findings; 1 if there are some."""
    from codemods.cache import cached_check

    project, terminal = _open(settings)
    found = cached_check(project)
    terminal.errors(found.errors)
    if settings.json:
        data = {
            "findings": [report.finding(item) for item in found.findings],
            "errors": report.errors(found.errors),
            "withheld": found.withheld,
        }
        terminal.print(report.dump(data))
    else:
        terminal.findings(found.findings)
        if not settings.quiet:
            terminal.print(check_summary(found), "bold")
    return 1 if found.findings else 0


def diff(settings: Settings, *, stat: bool) -> int:
    """Print the patch; 1 if there is one."""
    from codemods.patches import make_patch
    from codemods.patches.hunks import Reasons
    from codemods.patches.stat import diffstat
    from codemods.patches.story import chapters

    project, terminal = _open(settings)
    for warning in project.selection.warnings:
        terminal.warn(f"warning: {warning}")
    migration = project.migrate()
    patch = make_patch(migration.before, migration.after)
    terminal.errors(migration.errors)
    if settings.json:
        reasons = Reasons(migration, chapters(migration, project.visible))
        data = {
            "files": report.explained(patch, reasons),
            "diff": patch.data.decode("utf-8", "replace"),
            "errors": report.errors(migration.errors),
        }
        terminal.print(report.dump(data))
    elif stat:
        sys.stdout.write(diffstat(patch) if patch else "")
    else:
        terminal.diff(patch)
    if not settings.quiet:
        terminal.note(diff_summary(project, migration, patch), "bold")
    return 1 if patch else 0


def plan(settings: Settings) -> int:
    """Print the decisions of every pass."""
    from codemods.patches.story import decided, shares

    project, terminal = _open(settings)
    for warning in project.selection.warnings:
        terminal.warn(f"warning: {warning}")
    migration = project.migrate()
    terminal.errors(migration.errors)
    own, tests = shares(migration)
    found = [(run.rule, decided(run, migration)) for run in migration.runs]
    if settings.json:
        data = {
            "passes": [report.plan(rule, decisions) for rule, decisions in found],
            "sites": report.totals(own),
            "test_sites": report.totals(tests),
            "errors": report.errors(migration.errors),
        }
        terminal.print(report.dump(data))
        return 0
    for rule, decisions in found:
        if decisions:
            terminal.decisions(rule, decisions)
    if not settings.quiet:
        if tests:
            terminal.print(f"Sites in tests: {tests}.", "bold")
        terminal.print(f"Sites: {own or 'none'}.{further(project, migration)}", "bold")
    return 0


def rules(name: str | None, *, json: bool) -> int:
    """Print all rules, or one page."""
    from codemods.errors import UserError
    from codemods.pages import listing, page
    from codemods.passes import all_passes

    passes = all_passes()
    chosen = [rule for rule in passes if name is None or _named(rule, name)]
    if name is not None and not chosen:
        raise UserError(f"unknown rule `{name}` (`looplift rules` lists them)")
    if json:
        text = report.dump({"rules": [report.rule(rule) for rule in chosen]})
    else:
        text = listing(chosen) if name is None else "\n".join(map(page, chosen))
    sys.stdout.write(text.rstrip("\n") + "\n")
    return 0


def _open(settings: Settings) -> tuple[Project, Terminal]:
    project, terminal = settings.open()
    if pending(project.codebase.root):
        terminal.warn("warning: an apply was interrupted; `looplift apply` finishes it")
    return project, terminal


def _named(rule: Pass, name: str) -> bool:
    return name == rule.name or any(code.code == name.upper() for code in rule.codes)
