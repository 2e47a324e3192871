"""A join costs what the room contains, not how it came about; and all who join at once share the cost."""

import asyncio
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Map

from jupyter_collab.protocol import SyncStep1, SyncStep2, parse, write_varuint

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until
from .stores import store_bytes

MEGABYTE = 2**20


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def first_answer(peer: ScriptedPeer) -> bytes:
    """The step 2 that the peer was sent."""
    return next(data for data in peer.transport.sent if isinstance(parse(data), SyncStep2))


def output_of(size_bytes: int) -> "Map[Any]":
    """A stream output, as a kernel writes it."""
    return Map({"output_type": "stream", "name": "stdout", "text": os.urandom(size_bytes // 2).hex()})


@scenario
async def test_all_who_join_at_the_same_state_share_one_encoding(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("x" * MEGABYTE)
        many = [ScriptedPeer(f"p{number}") for number in range(20)]
        await asyncio.gather(*(peer.join(manager) for peer in many))
        await asyncio.gather(*(peer.until_text("x" * MEGABYTE) for peer in many))
        assert len({id(first_answer(peer)) for peer in many}) == 1


@scenario
async def test_who_joins_after_an_edit_gets_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("x")
        bob = await ScriptedPeer("bob").join(manager)
        await ada.typed("y")
        eve = await ScriptedPeer("eve").join(manager)
        for peer in (bob, eve):
            await peer.until_text("xy")


@scenario
async def test_a_room_is_read_once_for_all_who_come_while_it_is_opened(store: FaultyStore) -> None:
    async with serving(store) as manager:
        before = store.reads
        await asyncio.gather(*(ScriptedPeer(f"p{number}").join(manager) for number in range(20)))
        assert store.reads == before + 1


@scenario
async def test_an_output_that_was_replaced_thirty_times_costs_one_join(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        outputs: Array[Any] = ada.cells[0]["outputs"]
        for _ in range(30):
            with ada.doc.transaction():
                outputs.clear()
                outputs.append(output_of(MEGABYTE))
            await ada.until_saved()
        bob = await ScriptedPeer("bob").join(manager)
        await until(lambda: len(bob.cells[0]["outputs"]) == 1)
        assert len(first_answer(bob)) <= 1.2 * MEGABYTE
        await ada.typed("x")
    assert store_bytes(tmp_path) <= 3 * MEGABYTE
    async with serving(faulty_store(tmp_path)) as manager:
        eve = await ScriptedPeer("eve").join(manager)
        assert len(first_answer(eve)) <= 1.2 * MEGABYTE


@scenario
async def test_the_store_stays_in_proportion_while_the_room_is_in_use(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        outputs: Array[Any] = ada.cells[0]["outputs"]
        largest_bytes = 0
        for _ in range(40):
            with ada.doc.transaction():
                outputs.clear()
                outputs.append(output_of(MEGABYTE // 2))
            await ada.until_saved()
            largest_bytes = max(largest_bytes, store_bytes(tmp_path))
    # a keyframe, a log as large as it, the next of both, and SQLite's own log of 4 MB and a commit
    assert largest_bytes <= 10 * MEGABYTE


@scenario
async def test_questions_that_nobody_else_asks_leave_no_answers_behind(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("x" * MEGABYTE)
        odd = await ScriptedPeer("odd").join(manager)
        odd.transport.on_message = lambda data: odd.transport.sent.clear()
        tracemalloc.start()
        try:
            for client_id in range(100):
                await odd.send(SyncStep1(b"\x01" + write_varuint(client_id) + b"\x01"))
            held_bytes, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held_bytes < 10 * MEGABYTE
