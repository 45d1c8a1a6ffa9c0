"""Queues that outlive the process: what may travel to a worker, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from queue_app import HEAD

from codemods.config import Options
from codemods.passes.background_queue import PASS
from codemods.passes.background_queue.brokers import BROKERS
from codemods.passes.base import NOTE
from codemods.pipeline import Migration, migrate
from codemods.source import CodeBase, SourceFile


def lift(body: str, kind: str) -> Migration:
    text = (
        f'{HEAD}\n@app.post("/x/{{number}}")\n'
        f"async def route(number: int, order: Order, tasks: BackgroundTasks):\n    {body}\n"
    )
    texts = {"main.py": text, "requirements.txt": "fastapi\nsqlalchemy\n"}
    sources = {path: SourceFile(path, content) for path, content in texts.items()}
    return migrate(CodeBase(Path("/nowhere"), sources), [PASS], Options(jobs=1, queue=kind))


def reasons(migration: Migration) -> list[str]:
    (run,) = migration.runs
    return [reason for finding in run.outcome.findings for reason in finding.reasons]


@pytest.mark.parametrize("kind", sorted(BROKERS))
def test_the_module_the_requirements_and_the_command(kind):
    migration = lift("tasks.add_task(send, order.email)", kind)
    after = {path: file.text for path, file in migration.after.files.items()}
    assert "await tasks.add_task(send, order.email)" in after["main.py"]
    assert "tasks: BackgroundQueue" in after["main.py"]
    assert after["background_queue.py"] == BROKERS[kind].text
    compile(after["background_queue.py"], "background_queue.py", "exec")
    assert all(text in after["requirements.txt"] for text in BROKERS[kind].requirements)
    (run,) = migration.runs
    notes = [d.action for d in run.outcome.decisions if d.treatment == NOTE]
    commands = [command.format(module="background_queue") for command in BROKERS[kind].commands]
    assert [note.partition("`")[2].rstrip("`") for note in notes] == commands
    again = migrate(migration.after, [PASS], Options(jobs=1, queue=kind))
    assert not again.changed


@pytest.mark.parametrize(
    "job",
    [
        'send, "x"',
        "send, email=order.email",
        'send, f"{number}"',
        'send, "a" + order.email',
        "send, number",
        'send, {"a": [number, None, True]}',
    ],
)
def test_what_travels(job):
    assert (
        f"await tasks.add_task({job})"
        in lift(f"tasks.add_task({job})", "taskiq").after["main.py"].text
    )


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("send, order", "order may be nothing that JSON can hold"),
        ("send, [order]", "[order] may be nothing that JSON can hold"),
        ("send, {1: 2}", "{1: 2} may be nothing that JSON can hold"),
        ("send, b'x'", "b'x' may be nothing that JSON can hold"),
        ("partial(send, 'x')", "has no name that a worker could import"),
        ("Mailer(None).send, 'x'", "is no plain function of a module"),
        ("print, 'x'", "is no plain function of a module"),
    ],
)
def test_what_stays_here(job, reason):
    migration = lift(f"tasks.add_task({job})", "procrastinate")
    assert not migration.changed
    assert any(reason in found for found in reasons(migration)), reasons(migration)


def test_a_queue_that_is_there_already_is_used():
    first = lift('tasks.add_task(send, "x")', "memory")
    text = first.after["main.py"].text + (
        '\n\n@app.post("/y")\nasync def other(tasks: BackgroundTasks):\n'
        '    tasks.add_task(send, "y")\n'
    )
    text = text.replace("from fastapi import ", "from fastapi import BackgroundTasks, ", 1)
    files = dict(first.after.files) | {"main.py": SourceFile("main.py", text)}
    again = migrate(CodeBase(Path("/nowhere"), files), [PASS], Options(jobs=1, queue="taskiq"))
    assert list(again.changed) == ["main.py"]
    assert 'await tasks.add_task(send, "y")' in again.after["main.py"].text
