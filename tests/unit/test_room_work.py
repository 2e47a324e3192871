"""What somebody had done to a copy of a room comes in while everybody else goes on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc

from jupyter_collab.document import RoomDocument
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.store import OriginKind
from jupyter_collab.yjs import UpdateReader

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario

CELLS = 300
FEW_ITEMS = 80
"""So many are taken in within some milliseconds, whatever they are."""

MANY_TURNS = 3


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


@dataclass(frozen=True)
class Made:
    """An edit that was made on a copy."""

    update: bytes


async def new_content(state: bytes) -> Made:
    """Other cells than all that are there."""
    document = RoomDocument(Doc())
    document.doc.apply_update(state)
    before = document.doc.get_state()
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"n{number}", "metadata": {}, "source": str(number), "outputs": []}
        for number in range(CELLS)
    ]
    document.set_notebook({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    return Made(document.doc.get_update(before))


class Turns:
    """Counts how often somebody else has their turn."""

    def __init__(self) -> None:
        self.count = 0

    async def take(self) -> None:
        """Until it is canceled."""
        while True:
            await asyncio.sleep(0)
            self.count += 1


@contextmanager
def seen(monkeypatch: pytest.MonkeyPatch, turns: Turns) -> Iterator[list[tuple[int, int]]]:
    """For each edit that a document takes in: how many items it has, and how many turns others have had before."""
    found: list[tuple[int, int]] = []
    apply = Replica.apply

    def watched(self: Replica, update: bytes, *arguments: Any) -> list[bytes]:
        found.append((sum(1 for _ in UpdateReader(update).items()), turns.count))
        return apply(self, update, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Replica, "apply", watched)
        yield found


@scenario
async def test_a_large_edit_comes_in_with_rests_in_which_others_get_much_done(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.room is not None
        turns = Turns()
        taking = asyncio.create_task(turns.take())
        with seen(monkeypatch, turns) as parts:
            await ada.room.edits.rework(new_content, user("eve"), OriginKind.IMPORT)
        taking.cancel()
        assert len(parts) > CELLS // 20
        assert max(items for items, _ in parts) < FEW_ITEMS
        between = parts[-1][1] - parts[0][1]
        assert between > MANY_TURNS * len(parts), "an edit of somebody else takes several turns until it is saved"
        assert len(RoomDocument(ada.doc).cells) == CELLS
