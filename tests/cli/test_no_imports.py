"""Nothing of the analysed application is imported or run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

APPLICATION = """\
from pathlib import Path

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

Path({marker!r}).write_text("imported")
engine = create_engine("sqlite:///app.db")
SessionLocal = sessionmaker(bind=engine)
app = FastAPI()


def get_db():
    with SessionLocal() as db:
        yield db


@app.get("/")
def read(db: Session = Depends(get_db)):
    db.commit()
    return {{}}
"""


@pytest.mark.parametrize("command", ["check", "diff", "plan", "apply"])
def test_importing_has_a_side_effect_that_never_happens(command: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    application = tmp_path / "application"
    application.mkdir()
    main = application / "main.py"
    main.write_text(APPLICATION.format(marker=str(marker)))
    (application / "sitecustomize.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", command, str(application)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert not marker.exists()
    if command == "apply":
        assert "async def read" in main.read_text()
    # The marker works: importing the application does leave it.
    subprocess.run([sys.executable, "-c", "import main"], cwd=application, check=False)
    assert marker.exists()
