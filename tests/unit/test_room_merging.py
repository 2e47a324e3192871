"""What waited for a slow disk is shown in messages of bounded making: merging costs the square of what is merged."""

from pathlib import Path

import pytest
from pycrdt import merge_updates

from jupyter_collab.rooms import fanout
from jupyter_collab.rooms.fanout import MAX_MERGED_UPDATES

from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario

EDITS = 3 * MAX_MERGED_UPDATES + 1


@scenario
async def test_a_batch_is_merged_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    merged: list[int] = []

    def counting(*updates: bytes) -> bytes:
        merged.append(len(updates))
        return merge_updates(*updates)

    monkeypatch.setattr(fanout, "merge_updates", counting)
    store = faulty_store(tmp_path)
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        with store.holding_writes():
            for _ in range(EDITS):
                ada.type("x")
        await bob.until_text("x" * EDITS)
    assert sum(merged) >= EDITS - 2, "they were merged"
    assert max(merged) <= MAX_MERGED_UPDATES
