"""A client may ask whether what it has is what the room has, and is told so only when that is certain."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, ReadTransaction, Transaction

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument, cell_index
from jupyter_collab.document.digest import CellDigest, cell_digest
from jupyter_collab.protocol import Check, build
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import BY_SERVER

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until

CELLS = 100


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def digest_of(doc: "Doc[Any]") -> str:
    """The digest of a peer's document."""
    return RoomDocument(doc).digest


async def ask(peer: ScriptedPeer, digest: str | None = None) -> dict[str, Any]:
    """Ask, with the digest of the peer's own document, and return the answer."""
    before = len(peer.events)
    await peer.send(Check(digest or digest_of(peer.doc)))
    answers = [dict(event.info) for event in peer.events[before:] if event.info["type"] == "check"]
    assert len(answers) == 1
    return answers[0]


def append_to_first_cell(peer: ScriptedPeer, text: str) -> None:
    """Write at the end of the first cell."""
    source = peer.cells[0]["source"]
    source += text


async def joined(manager: RoomManager, *names: str) -> list[ScriptedPeer]:
    """Owners of these names, in the room."""
    return [await ScriptedPeer(name).join(manager) for name in names]


@scenario
async def test_who_has_what_the_room_has_is_told_so(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = await joined(manager, "ada", "bob")
        append_to_first_cell(ada, "x = '漢字 👩‍👩‍👧'")
        await ada.until_saved()
        await until(lambda: digest_of(bob.doc) == digest_of(ada.doc))
        for peer in (ada, bob):
            assert await ask(peer) == {"type": "check", "digest": digest_of(ada.doc), "agrees": True}


@scenario
async def test_a_viewer_may_ask(store: FaultyStore) -> None:
    async with serving(store) as manager:
        viewer = await ScriptedPeer("eve", Role.VIEWER).join(manager)
        assert (await ask(viewer))["agrees"] is True


@scenario
async def test_who_has_something_else_is_told_the_digest_of_the_room(store: FaultyStore) -> None:
    async with serving(store) as manager:
        (ada,) = await joined(manager, "ada")
        room = digest_of(ada.doc)
        assert await ask(ada, "00000000-0") == {"type": "check", "digest": room, "agrees": False}


@scenario
async def test_nothing_is_said_while_an_edit_is_on_its_way_to_who_asks(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = await joined(manager, "ada", "bob")
        append_to_first_cell(ada, "gone soon")
        await ada.until_saved()
        await until(lambda: digest_of(bob.doc) == digest_of(ada.doc))
        with store.holding_writes():
            del ada.cells[0]["source"][0:4]
            await settle()
            assert await ask(bob) == {"type": "check", "digest": None, "agrees": None}
        await until(lambda: digest_of(bob.doc) == digest_of(ada.doc))
        assert (await ask(bob))["agrees"] is True


@scenario
async def test_who_reads_slowly_is_told_to_ask_later(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = await joined(manager, "ada", "bob")
        bob.transport.stalled = True
        append_to_first_cell(ada, "first")
        await ada.until_saved()
        append_to_first_cell(ada, "second")
        await ada.until_saved()
        await bob.send(Check(digest_of(bob.doc)))
        bob.transport.resume()
        assert bob.events[-1].info == {"type": "check", "digest": None, "agrees": None}


class Readings:
    """Counts the cells that are read for a digest."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, cell: "Map[Any]", transaction: Transaction | ReadTransaction) -> CellDigest:
        """Take the digest of a cell."""
        self.count += 1
        return cell_digest(cell, transaction)

    def take(self) -> int:
        """How many were read since this was asked last."""
        count, self.count = self.count, 0
        return count


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    """Of all documents."""
    readings = Readings()
    monkeypatch.setattr(cell_index, "cell_digest", readings.read)
    return readings


def add_cells(document: RoomDocument) -> None:
    """As an import does."""
    for number in range(CELLS):
        document.insert_cell(number, "code", f"x = {number}", id=f"cell{number}")


@scenario
async def test_only_cells_that_changed_are_read_again(store: FaultyStore, readings: Readings) -> None:
    async with serving(store) as manager:
        ada, bob = await joined(manager, "ada", "bob")
        assert ada.room is not None
        await ada.room.edits.change(add_cells, BY_SERVER)
        await until(lambda: len(ada.cells) == len(bob.cells) == CELLS + 1)
        own = digest_of(ada.doc)
        readings.take()
        for _ in range(3):
            assert (await ask(ada, own))["agrees"] is True
        assert readings.take() == CELLS + 1
        append_to_first_cell(ada, "x")
        bob.cells[7]["metadata"]["tags"] = ["a"]
        bob.cells[CELLS]["pos"] = "a0V"
        await ada.until_saved()
        await until(lambda: digest_of(bob.doc) == digest_of(ada.doc))
        own = digest_of(ada.doc)
        readings.take()
        assert (await ask(bob, own))["agrees"] is True
        assert readings.take() == 2


@scenario
async def test_many_cells_are_read_in_small_steps(store: FaultyStore, readings: Readings) -> None:
    async with serving(store) as manager:
        (ada,) = await joined(manager, "ada")
        assert ada.room is not None
        await ada.room.edits.change(add_cells, BY_SERVER)
        steps = ada.room._replica.digesting()
        most = 0
        for step, _ in enumerate(steps):
            most = max(most, readings.take())
            if step == 10:  # others edit meanwhile, even what was read already
                append_to_first_cell(ada, "x")
        assert most == 1
        assert ada.room._replica.digest == digest_of(ada.doc)


@scenario
async def test_who_asks_too_often_waits_also_when_there_is_something_to_read(store: FaultyStore) -> None:
    async with serving(store) as manager:
        (ada,) = await joined(manager, "ada")
        assert ada.room is not None
        pace = ada.room._traffic.of[ada.peer].pace
        pace.take = lambda now: 3600.0  # type: ignore[method-assign]  # a rest that the test would notice
        waiting = ada.room.receive(ada.peer, build(Check("00000000-0")))
        assert waiting is not None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting, 0.05)
        assert ada.events[-1].info["type"] == "check"


@scenario
async def test_a_difference_is_logged_and_counted_once_for_each_connection(
    store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(store) as manager:
        ada, bob = await joined(manager, "ada", "bob")
        assert ada.room is not None
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await ada.send(Check("00000000-0", differs=True))
        warnings = [record.getMessage() for record in caplog.records]
        assert len(warnings) == 1
        for word in ("demo", "ada#", "00000000-0", digest_of(ada.doc)):
            assert word in warnings[0]
        await bob.send(Check("00000000-0", differs=True))
        assert ada.room.agreement.divergences == 2
        assert manager.divergences("demo") == 2
        assert manager.divergences("other") == 0


@scenario
async def test_a_plain_client_may_not_ask_and_loses_nothing_by_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        plain = await ScriptedPeer("plain", speaks_v1=False).join(manager)
        await plain.send(Check(digest_of(plain.doc)))
        assert plain.events == []
        assert plain.close_code is None


@scenario
async def test_the_hello_says_that_one_may_ask(store: FaultyStore) -> None:
    async with serving(store) as manager:
        (ada,) = await joined(manager, "ada")
        assert ada.hello is not None
        assert ada.hello.info["checks"] is True
