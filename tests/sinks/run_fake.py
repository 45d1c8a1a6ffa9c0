"""``looplift`` with the fake passes, as a process of its own: ``python run_fake.py pr``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import fakes  # noqa: E402

import codemods.passes  # noqa: E402
from cli.main import run  # noqa: E402

codemods.passes.all_passes = lambda: fakes.PASSES
sys.exit(run(sys.argv[1:]))
