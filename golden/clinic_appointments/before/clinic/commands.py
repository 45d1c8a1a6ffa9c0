"""The commands ``clinic-report`` and ``clinic-hire``."""

import argparse
import sys

from clinic import crud
from clinic.database import SessionLocal


def report() -> int:
    """How many appointments each doctor has."""
    total = 0
    with SessionLocal() as db:
        for name, number in crud.numbers(db):
            total += number
            sys.stdout.write(f"{name}: {number}\n")
    sys.stdout.write(f"{total} in all\n")
    return 0


def hire(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("clinic-hire")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args(argv)
    known = 0
    with SessionLocal() as db:
        there = {doctor.name for doctor in crud.doctors(db)}
        for name in options.names:
            if name in there:
                known += 1
                continue
            print(crud.add_doctor(db, name).id, name)
    return 1 if known else 0
