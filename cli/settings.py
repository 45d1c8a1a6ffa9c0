"""The options that the commands share, with the words and habits of ruff."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codemods.config import Overrides

if TYPE_CHECKING:
    from codemods.project import Project
    from codemods.sinks.terminal import Terminal


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Format(StrEnum):
    """How to print results."""

    TEXT = "text"
    JSON = "json"


class Queue(StrEnum):
    """Where background jobs wait."""

    MEMORY = "memory"
    TASKIQ = "taskiq"
    PROCRASTINATE = "procrastinate"


class Streamed(StrEnum):
    """How streamed lists are written."""

    ARRAY = "array"
    JSONL = "jsonl"


class Cut(StrEnum):
    """By what large passes are cut into several patches."""

    PACKAGE = "package"
    OWNER = "owner"


PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="Folder or file to work on.")]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="RULES", help="Names, codes or prefixes to run, comma separated."),
]
ExtendSelect = Annotated[
    list[str] | None, typer.Option(metavar="RULES", help="Run these beside the selected ones.")
]
Ignore = Annotated[list[str] | None, typer.Option(metavar="RULES", help="Rules to leave out.")]
Exclude = Annotated[
    list[str] | None, typer.Option(metavar="PATHS", help="Files and folders to pass over.")
]
UnsafeFixes = Annotated[
    bool | None,
    typer.Option(
        "--unsafe-fixes/--no-unsafe-fixes", help="Include edits that may change behaviour."
    ),
]
Markers = Annotated[
    bool | None,
    typer.Option("--markers/--no-markers", help="Mark what is left to a person by a comment."),
]
Driver = Annotated[
    list[str] | None,
    typer.Option(metavar="DATABASE=DRIVER", help="Async driver, e.g. postgresql=asyncpg."),
]
QueueOption = Annotated[
    Queue | None,
    typer.Option(metavar="memory|taskiq|procrastinate", help="Where background jobs wait."),
]
StreamFormat = Annotated[
    Streamed | None,
    typer.Option(metavar="array|jsonl", help="How streamed lists are written."),
]
OutputFormat = Annotated[Format, typer.Option(metavar="text|json", help="How to print results.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", metavar="N", min=0, help="Processes (0: one per CPU).")
]
Config = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Configuration instead of pyproject.toml.")
]
SplitOption = Annotated[
    Cut | None,
    typer.Option(metavar="package|owner", help="Cut large passes where each part works by itself."),
]
ColorOption = Annotated[Color, typer.Option(metavar="auto|always|never", help="When to colour.")]


@dataclass(frozen=True)
class Settings:
    """What the command line says, before the code base is read."""

    path: Path
    overrides: Overrides
    config: Path | None
    format: Format
    quiet: bool
    color: Color

    @property
    def json(self) -> bool:
        """Whether results go to another program."""
        return self.format is Format.JSON

    def open(self) -> tuple[Project, Terminal]:
        """Read configuration and code base; everything the commands begin with."""
        from codemods.passes import all_passes
        from codemods.project import open_project
        from codemods.sinks.terminal import Terminal

        project = open_project(self.path, self.overrides, all_passes(), self.config)
        terminal = Terminal(project.codebase.root, color=self.color, quiet=self.quiet)
        return project, terminal


def settings(
    path: PathArgument = Path(),
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    unsafe_fixes: UnsafeFixes = None,
    markers: Markers = None,
    driver: Driver = None,
    queue: QueueOption = None,
    stream_format: StreamFormat = None,
    output_format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    no_cache: NoCache = False,
    jobs: Jobs = None,
    config: Config = None,
    color: ColorOption = Color.AUTO,
) -> Settings:
    """The settings from the parameters that every command has."""
    overrides = Overrides(
        select=None if select is None else _split(select),
        extend_select=_split(extend_select or ()),
        ignore=_split(ignore or ()),
        exclude=None if exclude is None else _split(exclude),
        unsafe_fixes=unsafe_fixes,
        markers=markers,
        driver=_split(driver or ()),
        queue=queue.value if queue is not None else None,
        stream_format=stream_format.value if stream_format is not None else None,
        jobs=jobs,
        cache=not no_cache,
    )
    return Settings(path, overrides, config, output_format, quiet, color)


def with_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the parameters of ``settings``, before its own.

    ``command`` takes the ``Settings`` first.
    """
    shared = inspect.signature(settings, eval_str=True).parameters
    _, *own = inspect.signature(command, eval_str=True).parameters.values()

    @functools.wraps(command)
    def wrapper(**values: Any) -> int:
        chosen = settings(**{name: values.pop(name) for name in shared})
        return command(chosen, **values)

    parameters = [*shared.values(), *own]
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    del wrapper.__wrapped__
    return wrapper


def _split(values: Iterable[str]) -> tuple[str, ...]:
    """``--select A,B --select C`` as one tuple."""
    return tuple(item.strip() for value in values for item in value.split(",") if item.strip())
