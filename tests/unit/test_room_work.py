"""What somebody had done to a copy of a room comes in while everybody else goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.rooms.room_log import MAX_ENCODED_BYTES, RoomLog
from jupyter_collab.store import OriginKind
from jupyter_collab.yjs import UpdateReader

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, until

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


async def new_content(updates: list[bytes]) -> Made:
    """Other cells than all that are there."""
    document = RoomDocument.of(updates)
    before = document.doc.get_state()
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"n{number}", "metadata": {}, "source": str(number), "outputs": []}
        for number in range(CELLS)
    ]
    document.set_notebook({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    return Made(document.doc.get_update(before))


def more_text(text: str) -> Callable[[list[bytes]], Awaitable[Made]]:
    """More at the end of the first cell."""

    async def work(updates: list[bytes]) -> Made:
        document = RoomDocument.of(updates)
        before = document.doc.get_state()
        document.append_text(document.cell_ids[0], text)
        return Made(document.doc.get_update(before))

    return work


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


@scenario
async def test_a_large_room_is_not_encoded_for_it(store: FaultyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def later(self: RoomLog) -> None:
        """A keyframe is encoded, but once for all that has come."""

    monkeypatch.setattr(RoomLog, "compact", later)
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.room is not None
        await ada.typed("a" * 2 * MAX_ENCODED_BYTES)
        ada.type("b")  # it is not saved yet
        with monkeypatch.context() as patch:
            patch.setattr(Replica, "encode", None)
            await ada.room.edits.rework(more_text(" and more"), user("eve"), OriginKind.IMPORT)
            snapshot = RoomDocument.of(await ada.room.snapshot())
        await until(lambda: RoomDocument(ada.doc).cells[0]["source"] == " and more")
        assert str(snapshot.doc.get("text", type=Text)) == str(ada.text)
        assert snapshot.cells == RoomDocument(ada.doc).cells


@scenario
async def test_in_a_large_room_it_builds_on_what_was_written_at_another_server(tmp_path: Path) -> None:
    stores = faulty_store(tmp_path), faulty_store(tmp_path)
    async with serving(stores[0]) as here, serving(stores[1], poll_seconds=60.0) as there:
        ada = await ScriptedPeer("ada").join(here)
        await ada.typed("a" * 2 * MAX_ENCODED_BYTES)
        ben = await ScriptedPeer("ben").join(there)
        assert ben.room is not None
        ada.cells[0]["source"].insert(0, "this")
        await ada.until_saved()
        await ben.room.edits.rework(more_text(" and more"), user("eve"), OriginKind.IMPORT)
        await until(lambda: RoomDocument(ben.doc).cells[0]["source"] == "this and more")
        await until(lambda: RoomDocument(ada.doc).cells[0]["source"] == "this and more")
