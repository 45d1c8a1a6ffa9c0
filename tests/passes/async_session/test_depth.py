"""Helpers that call helpers, deeper than anybody writes them: what is known does not run out."""

from __future__ import annotations

import pytest
from passes.async_session.decided import treatments


@pytest.mark.parametrize("depth", [20, 70])
def test_a_session_without_an_annotation_is_handed_down(depth: int) -> None:
    """Neither a limit nor the order of the questions decides what a parameter holds."""
    helpers = ["def h0(db):\n    return db.get(Item, 1)\n"]
    helpers += [f"def h{n}(db):\n    return h{n - 1}(db)\n" for n in range(1, depth)]
    route = "@app.get('/')\ndef read(db: Session = Depends(get_db)):\n"
    made = treatments("\n".join([*helpers, f"{route}    return h{depth - 1}(db).name\n"]))
    assert set(made.values()) == {"native"}
    assert len(made) == depth + 2
