"""The loop is free afterwards: many requests at once wait beside each other."""

from __future__ import annotations

import pytest
from stand_ins import WAIT
from throughput import KINDS, PLAIN, both


@pytest.mark.parametrize("kind", ["time.sleep", "a sync helper that sleeps", "requests.get"])
def test_requests_wait_beside_each_other(kind: str) -> None:
    times = 20
    before, after = both(kind, times)
    assert before.answers == after.answers == [(200, 1)] * times
    # One after the other before; afterwards all of them within a few waits.
    assert before.seconds >= WAIT * times
    assert after.seconds < before.seconds / 2
    assert after.stood_still < before.stood_still


@pytest.mark.parametrize("kind", PLAIN)
def test_each_kind_answers_alike(kind: str) -> None:
    before, after = both(kind, 3)
    assert before.answers == after.answers == [(200, 1)] * 3


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if KINDS[kind].native])
def test_each_async_form_answers_alike(kind: str) -> None:
    before, after = both(kind, 3, unsafe=True)
    assert before.answers == after.answers == [(200, 1)] * 3
