"""The commands ``clinic-report`` and ``clinic-hire``."""

import argparse
import asyncio
import sys

from clinic import crud
from clinic.database import SessionLocal, engine


def report() -> int:
    """How many appointments each doctor has."""

    async def run() -> int:
        try:
            total = 0
            async with SessionLocal() as db:
                for name, number in await crud.numbers(db):
                    total += number
                    sys.stdout.write(f"{name}: {number}\n")
            sys.stdout.write(f"{total} in all\n")
            return 0
        finally:
            await engine.dispose()

    return asyncio.run(run())


def hire(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("clinic-hire")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args(argv)

    async def run() -> int:
        try:
            known = 0
            async with SessionLocal() as db:
                there = {doctor.name for doctor in await crud.doctors(db)}
                for name in options.names:
                    if name in there:
                        known += 1
                        continue
                    print((await crud.add_doctor(db, name)).id, name)
            return 1 if known else 0
        finally:
            await engine.dispose()

    return asyncio.run(run())
