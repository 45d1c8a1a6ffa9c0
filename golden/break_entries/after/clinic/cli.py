import argparse
import asyncio

import click
import typer

from . import service
from .db import Base, SyncSessionLocal, engine, sync_engine, unit_of_work

app = typer.Typer()


@app.callback()
def main():
    """Everything that needs no browser."""


@app.command()
def init():
    Base.metadata.create_all(sync_engine)
    typer.echo("ready")


@app.command("book")
def book_visit(patient: str, times: int = typer.Option(1, help="How often")):
    async def run():
        try:
            async with unit_of_work() as db:
                ids = [(await service.book(db, patient)).id for _ in range(times)]
            typer.echo(",".join(map(str, ids)))
        finally:
            await engine.dispose()

    asyncio.run(run())


@app.command()
def close_day():
    typer.echo(service.close_day())


@click.command()
@click.argument("state")
def count(state):
    with SyncSessionLocal() as db:
        click.echo(service.counts(db).get(state, 0))


def purge_main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args(argv)
    missed = service.close_day()
    if not options.dry_run:
        missed += service.close_day()
    print(missed)
    return 0


if __name__ == "__main__":
    service.close_day()
    app()
