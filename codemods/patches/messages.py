"""What a reviewer reads: the message of each commit, the title and the body of the request."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc

from codemods.findings import Code, Finding, Treatment
from codemods.passes import Pass
from codemods.passes.base import Decision
from codemods.patches.story import Chapter, Totals, totals_of_findings

#: So many places are listed in a message; the others are counted.
MOST_PLACES = 30
#: So many functions are listed in a message that changed because of others.
MOST_CAUSES = 10
#: GitHub takes no longer body (characters).
LONGEST_BODY = 60_000

_WIDTH = 72
_LONGEST_PART = 30
_SECTION = r"(?ms)^#+ *{title}\s*$\n(.*?)(?=^#|\Z)"
START, END = "<!-- looplift: start -->", "<!-- looplift: end -->"


def commit_message(chapter: Chapter) -> str:
    """What changes, why, what was bridged or left, how to check."""
    parts = [
        subject(chapter),
        _filled(_done(chapter) or section(chapter.rule, "What it does")),
        _filled(_why(chapter) or section(chapter.rule, "Why is this bad")),
        _changed(chapter),
        _causes(chapter),
        _places("Bridged (works as before, by way of sync code):", chapter, Treatment.BRIDGED),
        _places("Left as it was:", chapter, Treatment.LEFT),
        _by_hand(chapter),
        "To check, run the test suite. What is left is listed by\n"
        f"`looplift check{f' --select {chapter.rule.name}' if chapter.rule.codes else ''}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def subject(chapter: Chapter) -> str:
    """The first line of a commit."""
    own = [code.subject for code in _codes(chapter)]
    text = own[0] if own and all(own) else chapter.rule.subject or chapter.rule.summary
    if not chapter.part:
        return _cut(text, _WIDTH)
    part = _short_part(one_line(chapter.part))
    return f"{part}: {_cut(text[:1].lower() + text[1:], _WIDTH - len(part) - 2)}"


def _short_part(part: str) -> str:
    """The name of a part: of a long path as many of its last folders as there is room for."""
    folders = part.split("/")
    while len(part) > _LONGEST_PART and len(folders) > 1:
        del folders[0]
        part = "/".join(["...", *folders])
    return _cut(part, _LONGEST_PART)


def title(chapters: Sequence[Chapter]) -> str:
    """The title of the request."""
    names = list(dict.fromkeys(chapter.rule.name for chapter in chapters))
    if "async-session" in names:
        return "Migrate the database access to async SQLAlchemy"
    return _cut(f"looplift: {', '.join(names)}", _WIDTH)


def body(chapters: Sequence[Chapter], withheld: Sequence[Chapter] = (), verified: str = "") -> str:
    """The body of the request, between markers: what people write around them stays.

    ``withheld`` are passes that changed nothing but left something, ``verified`` is the section
    about the user's own command.
    """
    findings = [f for chapter in (*chapters, *withheld) for f in chapter.findings]
    parts = [
        START,
        _introduction(chapters),
        _table(chapters),
        f"In all: {totals_of_findings(findings)}.{_because(chapters)}",
        verified,
        _list("## Bridged\n\nWorks as before, by way of sync code:", findings, Treatment.BRIDGED),
        _list("## Left to do", findings, Treatment.LEFT, box="[ ] "),
        _notes(chapters),
        "## How to check\n\n"
        "Each commit works by itself: check it out, run the test suite, start the application. "
        "`looplift check` lists what is left.",
        "## How to roll back\n\n"
        "Revert the merge (`git revert -m 1 <merge>`), or the commits from the last one backwards, "
        "down to the pass that is at fault: each stands by itself upon those before it. Install "
        "the requirements again. No data and no schema is changed.",
    ]
    text = "\n\n".join(part for part in parts if part)
    if len(text) > LONGEST_BODY:
        text = text[:LONGEST_BODY].rsplit("\n", 1)[0] + "\n\n(cut: too long for a request)"
    return f"{text}\n\n{END}"


def merged_body(old: str, new: str) -> str:
    """``new`` in the place of what looplift wrote in ``old``; an ``old`` without it stays."""
    old = old.replace("\r\n", "\n")
    start, end = old.find(START), old.find(END)
    if not old.strip():
        return new
    if start < 0 or end < start:
        return old
    return old[:start] + new + old[end + len(END) :]


def section(rule: Pass, name: str) -> str:
    """A section of the page of a pass; "" where it has none."""
    match = re.search(_SECTION.format(title=re.escape(name)), cleandoc(rule.documentation))
    return match[1].strip() if match else ""


def one_line(text: str) -> str:
    """A text without line ends and other control characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _introduction(chapters: Sequence[Chapter]) -> str:
    several = any(chapter.part for chapter in chapters)
    cut = " (a large one is several, each working by itself)" if several else ""
    lines = [f"Made by looplift, one commit per pass{cut}:", ""]
    parts: dict[str, list[Chapter]] = {}
    for chapter in chapters:
        parts.setdefault(chapter.rule.name, []).append(chapter)
    for name, those in parts.items():
        what = f"{those[0].rule.summary.rstrip('.')}."
        why = [_why(part) or section(part.rule, "Why is this bad") for part in those]
        said = [" ".join(text.split()) for text in (what, *dict.fromkeys(why))]
        lines.append(f"- **{name}**: {' '.join(text for text in said if text)}")
    return "\n".join(lines)


def _name(chapter: Chapter) -> str:
    return f"{chapter.rule.name} ({chapter.part})" if chapter.part else chapter.rule.name


def _table(chapters: Sequence[Chapter]) -> str:
    lines = ["| pass | files | lines | native | bridged | left |", "|---|---|---|---|---|---|"]
    for chapter in chapters:
        counts: Totals = totals_of_findings(chapter.findings)
        lines.append(
            f"| {_name(chapter)} | {len(chapter.patch.files)} | +{chapter.patch.added} "
            f"-{chapter.patch.removed} | {counts.native} | {counts.bridged} | {counts.left} |"
        )
    return "\n".join(lines)


def _list(head: str, findings: Iterable[Finding], treatment: Treatment, box: str = "") -> str:
    lines = [f"- {box}{line}" for line in _described(findings, treatment, mark="`")]
    return "\n".join([head, "", *lines]) if lines else ""


def _codes(chapter: Chapter) -> list[Code]:
    """What the pass did here, by kinds of findings."""
    codes = {
        finding.code for finding in chapter.findings if finding.treatment is not Treatment.LEFT
    }
    return [code for code in chapter.rule.codes if code.code in codes]


def _done(chapter: Chapter) -> str:
    """What the pass does, in so far as it did it here."""
    return " ".join(code.done for code in _codes(chapter) if code.done)


def _why(chapter: Chapter) -> str:
    """What was bad, where all that the pass did here says so for itself."""
    whys = [code.why for code in _codes(chapter)]
    return " ".join(dict.fromkeys(whys)) if all(whys) else ""


def _changed(chapter: Chapter) -> str:
    native = chapter.treated(Treatment.NATIVE)
    files = len(chapter.patch.files)
    head = f"Changes {files} file{'s' * (files != 1)} ({chapter.rule.level.value}):"
    lines = [head if files else ""]
    for code in chapter.rule.codes:
        if count := sum(finding.code == code.code for finding in native):
            text = f"{code.code} {code.summary} ({count})"
            lines.append(_fill(text, initial_indent="- ", subsequent_indent="  "))
    return "\n".join(lines) if len(lines) > 1 else ""


def _causes(chapter: Chapter) -> str:
    """Functions that changed because of others: what leads to each of them, in short."""
    because = _caused(chapter)
    lines = [
        _fill(
            one_line(f"{decision.symbol} {decision.action}: {decision.reasons[0]}"),
            initial_indent="- ",
            subsequent_indent="  ",
        )
        for decision in because[:MOST_CAUSES]
    ]
    if len(because) > MOST_CAUSES:
        lines.append(f"- and {len(because) - MOST_CAUSES} more (`looplift plan` lists them)")
    return "\n".join(["Because of others:", *lines]) if lines else ""


def _caused(chapter: Chapter) -> list[Decision]:
    """The functions that the pass changed because of others."""
    changed = set(chapter.run.changed)
    return [
        decision
        for decision in chapter.run.outcome.decisions
        if decision.treatment == Treatment.NATIVE.value
        and decision.path in changed
        and len(decision.reasons) > 1
    ]


def _because(chapters: Iterable[Chapter]) -> str:
    """How much changed because of others, in sum."""
    functions = {(one.path, one.symbol) for chapter in chapters for one in _caused(chapter)}
    if not functions:
        return ""
    count = f"{len(functions)} function{'s' * (len(functions) != 1)}"
    return f" Because of what they call, {count} changed: the commit messages say by which way."


def _places(head: str, chapter: Chapter, treatment: Treatment) -> str:
    lines = [
        _fill(line, initial_indent="- ", subsequent_indent="  ")
        for line in _described(chapter.findings, treatment)
    ]
    return "\n".join([head, *lines]) if lines else ""


def _by_hand(chapter: Chapter) -> str:
    """What has to be done beside the code."""
    lines = [
        _fill(one_line(f"{note.path}: {note.action}"), initial_indent="- ", subsequent_indent="  ")
        for note in chapter.notes
    ]
    return "\n".join(["To do by hand:", *lines]) if lines else ""


def _notes(chapters: Iterable[Chapter]) -> str:
    lines = [
        f"- [ ] {one_line(f'{note.path}: {note.action}')}"
        for chapter in chapters
        for note in chapter.notes
    ]
    return "\n".join(["## By hand", "", *lines]) if lines else ""


def _described(findings: Iterable[Finding], treatment: Treatment, mark: str = "") -> Iterator[str]:
    """``path:line: what (because of what)``, as many as are worth reading."""
    chosen = [finding for finding in findings if finding.treatment is treatment]
    for finding in chosen[:MOST_PLACES]:
        place = one_line(f"{finding.path}:{finding.line}").replace("`", "'")
        reasons = "; ".join(r for r in finding.reasons if r not in finding.message)
        text = f"{finding.message} ({reasons})" if reasons else finding.message
        yield f"{mark}{place}{mark}: {one_line(text)}"
    if len(chosen) > MOST_PLACES:
        yield f"and {len(chosen) - MOST_PLACES} more"


def _fill(text: str, initial_indent: str = "", subsequent_indent: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=initial_indent,
        subsequent_indent=subsequent_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _filled(text: str) -> str:
    """Paragraphs filled to the width of a message; lists and code as they are."""
    filled = []
    for block in text.split("\n\n"):
        special = ("- ", "* ", "```", "|", ">", "#")
        plain = not block.lstrip().startswith(special) and "\n " not in block
        filled.append(_fill(block) if plain else block)
    return "\n\n".join(filled)


def _cut(text: str, length: int) -> str:
    text = one_line(text).rstrip(".")
    return text if len(text) <= length else text[: length - 3].rsplit(" ", 1)[0] + "..."
