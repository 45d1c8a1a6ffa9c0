"""The entry point ``looplift``: the commands, and what happens to their errors."""

from __future__ import annotations

import functools
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.settings import (
    Format,
    OutputFormat,
    PathArgument,
    Quiet,
    Settings,
    SplitOption,
    with_settings,
)
from cli.verifying import TIMEOUT, Verification, VerifyEnvironment, VerifyOption, VerifyTimeout
from codemods import __version__
from codemods.errors import UserError

#: The exit code of every error; the others are documented with each command.
ERROR = 2
#: The branch that `pr` pushes where the user names none.
BRANCH = "looplift/async-migration"
_INTERRUPTED, _BROKEN_PIPE = 130, 141

app = typer.Typer(
    name="looplift",
    help="Migrate FastAPI applications from sync to async SQLAlchemy, one reviewable pass at a "
    "time. The application is never imported or run.",
    epilog="Exit codes: 0 nothing found, or done; 1 findings (check) or changes (diff); 2 error.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _command(epilog: str) -> Callable[[Callable[..., int]], Callable[..., None]]:
    """Register a command that gives its exit code and may raise."""

    def register(command: Callable[..., int]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapper(*args: Any, **values: Any) -> None:
            raise typer.Exit(_guarded(lambda: command(*args, **values)))

        app.command(epilog=epilog)(wrapper)
        return wrapper

    return register


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"looplift {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@_command("Exit codes: 0 no findings, 1 findings, 2 error.")
@with_settings
def check(settings: Settings) -> int:
    """Report what blocks, leaks or swells. Nothing is written."""
    from cli import reading

    return reading.check(settings)


@_command("Exit codes: 0 no changes, 1 changes, 2 error.")
@with_settings
def diff(
    settings: Settings,
    stat: Annotated[
        bool, typer.Option("--stat", help="Print how much changes in which file instead.")
    ] = False,
    series: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a patch per pass into DIR, for `git am`."),
    ] = None,
    split: SplitOption = None,
) -> int:
    """Print the migration as a diff that `git apply` takes. The code stays as it is.

    --series writes 0001-....patch onwards, as git format-patch does: files of the same names are
    replaced, others in DIR stay.
    """
    from cli import reading

    if series is not None:
        from cli import serial

        return serial.series(settings, series, split)
    if split is not None:
        raise UserError("--split is about the patches of --series")
    return reading.diff(settings, stat=stat)


@_command("Exit codes: 0 printed, 2 error.")
@with_settings
def plan(settings: Settings) -> int:
    """Print what becomes of each function, and because of whom. Nothing is written."""
    from cli import reading

    return reading.plan(settings)


@_command("Exit codes: 0 done (also with something left) or nothing to do, 2 error.")
@with_settings
def apply(
    settings: Settings,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Write although git has uncommitted changes.")
    ] = False,
    verify: VerifyOption = None,
    verify_env: VerifyEnvironment = None,
    verify_timeout: VerifyTimeout = TIMEOUT,
) -> int:
    """Migrate in place: every file or none.

    --verify runs a shell command (your test suite) over a copy of the work tree, before the
    migration and after it. What turns it red is left out: a function with what is connected with
    it, what becomes of a file, or else a pass. Tests that fail before may fail after.
    The copy has no ignored files; the work tree is in LOOPLIFT_ORIGIN.
    The environment is made by uv, or by venv and pip, from what the manifests declare before and
    after; --verify-env names another one, or `current`.
    """
    from cli import writing

    wanted = Verification(verify, verify_env, verify_timeout)
    return writing.apply(settings, wanted, allow_dirty=allow_dirty)


@_command("Exit codes: 0 done, or nothing to undo; 2 error.")
def undo(
    path: PathArgument = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Also put back files that were changed since.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Put back what the last apply wrote over, and remove the files that it made."""
    from cli import undoing

    return undoing.undo(path, force=force, quiet=quiet)


@_command("Exit codes: 0 done (also with something left) or nothing to do, 2 error.")
@with_settings
def pr(
    settings: Settings,
    branch: Annotated[str, typer.Option(metavar="NAME", help="The branch to push.")] = BRANCH,
    base: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The branch to merge into [default: the current]."),
    ] = None,
    remote: Annotated[str, typer.Option(metavar="NAME", help="Where to push.")] = "origin",
    upstream: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The remote that gets the request; --remote is a fork."),
    ] = None,
    forge: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="github, gitlab, gitea or bitbucket [default: by host]."),
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The forge's API, where it is not a public one."),
    ] = None,
    draft: Annotated[
        bool | None,
        typer.Option("--draft/--no-draft", help="As a draft [default: if something is left]."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Label a new request (repeatable).")
    ] = None,
    reviewers: Annotated[
        bool, typer.Option("--reviewers/--no-reviewers", help="Ask the owners in CODEOWNERS.")
    ] = True,
    split: SplitOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print commits, steps and requests, do nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite other people's commits on the branch.")
    ] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Skip the hooks for commits and pushes.")
    ] = False,
    verify: VerifyOption = None,
    verify_env: VerifyEnvironment = None,
    verify_timeout: VerifyTimeout = TIMEOUT,
) -> int:
    """Push a branch with a commit per pass, and open the pull request, or update both.

    The token comes from the environment (GITHUB_TOKEN, GITLAB_TOKEN, GITEA_TOKEN,
    BITBUCKET_TOKEN), from gh or glab, or from git's credential helper. It goes to a public forge,
    or to a host that --api-url, the environment or a login with gh or glab names. Work tree and
    index stay as they are. --verify works as in apply; its results are in the request.
    """
    from cli import proposing
    from codemods.sinks.access import Wanted as At
    from codemods.sinks.pullrequest import Way

    at = At(remote, upstream, api_url, forge)
    way = Way(remote, force, no_verify, upstream)
    labels = tuple(label or ())
    by = Verification(verify, verify_env, verify_timeout)
    wanted = proposing.Wanted(branch, base, at, draft, labels, reviewers, way, by, split)
    return proposing.pr(settings, wanted, dry_run=dry_run)


@_command("Exit codes: 0 found, 2 unknown rule.")
def rules(
    name: Annotated[str | None, typer.Argument(help="A rule or code; without: all.")] = None,
    output_format: OutputFormat = Format.TEXT,
) -> int:
    """List the rules, or print the page of one."""
    from cli import reading

    return reading.rules(name, json=output_format is Format.JSON)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        app(None if arguments is None else list(arguments), prog_name="looplift")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ERROR
    return 0


def _guarded(command: Callable[[], int]) -> int:
    """Run a command; whatever goes wrong is one sentence on standard error."""
    try:
        code = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output (`head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except UserError as error:
        return _fail(f"error: {error}")
    except Exception as error:  # noqa: BLE001 - the promise is one sentence, not a traceback
        if os.environ.get("LOOPLIFT_DEBUG"):
            traceback.print_exception(error)
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        hint = "please report; run with LOOPLIFT_DEBUG=1 for the traceback"
        return _fail(f"internal error: {reason} ({hint})")
    return code


def _fail(message: str) -> int:
    from codemods.sinks.terminal import clean

    sys.stderr.write(f"looplift: {clean(message)}\n")
    return ERROR


def main() -> None:
    """The console script."""
    # The trees and facts of a program live until the end: looking for garbage among them, again
    # and again, takes a third of the time and finds nothing.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        # File names may hold what the terminal's encoding has not.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run())


if __name__ == "__main__":
    main()
