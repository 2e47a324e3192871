"""A peer that does not read is its own problem: the others go on, and it gets what it missed when it is back."""

from pathlib import Path

import pytest

from jupyter_collab.errors import CloseCode
from jupyter_collab.rooms import Limits

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


@scenario
async def test_a_slow_reader_gets_a_burst_as_one_message(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob, slow = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "slow")]
        slow.transport.stalled = True
        await ada.typed("first ")
        await until(lambda: slow.peer.outbox.busy)
        for _ in range(50):
            await ada.typed("x")
        await bob.until_text("first " + "x" * 50)
        before = len(slow.updates)
        slow.transport.resume()
        await slow.until_text("first " + "x" * 50)
        assert len(slow.updates) == before + 1


@scenario
async def test_who_never_reads_is_closed_and_gets_just_what_it_lacks_when_it_is_back(store: FaultyStore) -> None:
    async with serving(store, Limits(outbox_bytes=10_000)) as manager:
        ada, bob, slow = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "slow")]
        slow.transport.stalled = True
        for _ in range(4):
            await ada.typed("x" * 4_000)
        assert slow.close_code == CloseCode.SLOW_READER
        assert slow.peer.outbox.waiting_bytes == 0
        await bob.until_text("x" * 16_000)
        await slow.join(manager)
        await slow.until_text("x" * 16_000)


@scenario
async def test_who_is_closed_for_not_reading_is_gone_from_the_room(store: FaultyStore) -> None:
    async with serving(store, Limits(outbox_bytes=1_000)) as manager:
        ada, slow = [await ScriptedPeer(name).join(manager) for name in ("ada", "slow")]
        await slow.say(7, 1, "{}")
        await until(lambda: 7 in ada.presence)
        slow.transport.stalled = True
        await ada.typed("x" * 2_000)
        await ada.typed("x" * 2_000)
        assert [person["username"] for person in manager.people("demo")] == ["ada"]
        await until(lambda: ada.presence[7].state == "null")
