"""After an edit that was refused halfway the document is made anew, and nothing that was accepted is lost over it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.rooms import RoomState, replica
from jupyter_collab.rooms.integrate import integrate

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, settle, until
from .updates import text_update

NEVER_SECONDS = 3600.0

FAILS = "fails"
"""The root text into which nothing can be written."""


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def edit_that_fails(client_id: int = 7) -> bytes:
    """An edit of which yrs is made to take a part and then to fail, whatever the gate thinks of it."""
    return text_update(client_id, "half of it", root=FAILS)


@pytest.fixture(autouse=True)
def failing_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these edits fail half-way."""

    def fail(doc: "Doc[Any]", update: bytes, *, is_simple: bool = False) -> float:
        seconds = integrate(doc, update, is_simple=is_simple)
        if FAILS.encode() in update:
            raise InvalidUpdate("yrs has failed.")
        return seconds

    monkeypatch.setattr(replica, "integrate", fail)


def append_text(text: str) -> Callable[[RoomDocument], None]:
    """A change by the server: append to the root text."""

    def append(document: RoomDocument) -> None:
        root = document.doc.get("text", type=Text)
        root.insert(len(root), text)

    return append


@scenario
async def test_edits_that_are_not_durable_yet_survive(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        with store.holding_writes():
            ada.type("unsaved ")
            await odd.send_edit(edit_that_fails())
            ada.type("during ", len(ada.text))
            await until(lambda: store.reads_done == 2)
        await odd.until_text("unsaved during ")
        await ada.until_saved()


@scenario
async def test_an_edit_that_becomes_durable_just_after_the_log_was_read_survives(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        with store.holding_reads():
            with store.holding_writes():
                ada.type("just in time ")
                await settle()
                await odd.send_edit(edit_that_fails())
                await until(lambda: store.reads_done == 2)  # the log as it was before the edit
            await ada.until_saved()
        late = await ScriptedPeer("late").join(manager)
        await late.until_text("just in time ")
        await ada.typed("and on")
        await late.until_text("just in time and on")
        assert ada.rejections == []


@scenario
async def test_what_another_process_wrote_reaches_the_peers_although_mending_read_it_first(tmp_path: Path) -> None:
    stores = [faulty_store(tmp_path), faulty_store(tmp_path)]
    async with serving(stores[0], poll_seconds=NEVER_SECONDS) as here, serving(stores[1]) as there:
        ada = await ScriptedPeer("ada").join(here)
        bob = await ScriptedPeer("bob").join(there)
        await bob.typed("from afar")
        await ada.send_edit(edit_that_fails())
        await ada.until_text("from afar")


@scenario
async def test_what_another_process_made_a_keyframe_of_reaches_the_peers_all_the_same(tmp_path: Path) -> None:
    stores = [faulty_store(tmp_path), faulty_store(tmp_path)]
    async with serving(stores[0], poll_seconds=NEVER_SECONDS) as here, serving(stores[1]) as there:
        ada = await ScriptedPeer("ada").join(here)
        bob = await ScriptedPeer("bob").join(there)
        await bob.typed("from afar")
        assert bob.room is not None
        await bob.room.log.compact()
        await ada.send_edit(edit_that_fails())
        await ada.until_text("from afar")


@scenario
async def test_what_another_process_has_yet_to_save_reaches_the_peers_although_it_makes_a_keyframe(
    tmp_path: Path,
) -> None:
    stores = [faulty_store(tmp_path), faulty_store(tmp_path)]
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada = await ScriptedPeer("ada").join(here)
        bob = await ScriptedPeer("bob").join(there)
        assert bob.room is not None
        await bob.typed(", saved")
        await ada.until_text(", saved")
        with stores[1].holding_writes():
            bob.type("from afar")
            compacting = asyncio.ensure_future(bob.room.log.compact())
            await asyncio.wait([compacting], timeout=0.2)
            await ada.send_edit(edit_that_fails())
            await until(lambda: ada.room is not None and ada.room.state is RoomState.LIVE)
        await compacting
        await ada.until_text("from afar, saved")


@scenario
async def test_messages_wait_meanwhile_and_keep_their_order(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        with store.holding_reads():
            await odd.send_edit(edit_that_fails())
            sent = asyncio.ensure_future(ada.send_edit(text_update(8, "waits")))
            await settle()
            assert not sent.done()
        await sent
        await odd.until_text("waits")


@scenario
async def test_who_waited_does_not_build_on_what_is_refused_in_the_same_moment(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odds = [await ScriptedPeer("odd").join(manager) for _ in range(2)]
        with store.holding_reads():
            await odds[0].send_edit(edit_that_fails())
            refused = asyncio.ensure_future(odds[1].send_edit(edit_that_fails(8)))
            await settle()
            change = asyncio.ensure_future(manager.edit("demo", append_text("by the server"), user("import")))
            await settle()
        await asyncio.gather(refused, change)
        await ada.until_text("by the server")
        assert odds[1].rejections[-1].reason == "invalid_update"


@scenario
async def test_what_another_process_wrote_waits_for_the_end_of_mending_too(tmp_path: Path) -> None:
    stores = [faulty_store(tmp_path), faulty_store(tmp_path)]
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        odds = [await ScriptedPeer("odd").join(here) for _ in range(2)]
        with stores[0].holding_reads():
            await odds[0].send_edit(edit_that_fails())
            refused = asyncio.ensure_future(odds[1].send_edit(edit_that_fails(8)))
            await settle()
            reads = stores[0].reads_done
            await bob.typed("from afar")
            await until(lambda: stores[0].reads_done > reads)
        await refused
        await ada.until_text("from afar")
        assert (await here.read("demo")).doc.get_state() == (await there.read("demo")).doc.get_state()


@scenario
async def test_a_store_that_cannot_be_read_is_asked_again(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        store.fails_to_read = True
        await odd.send_edit(edit_that_fails())
        await until(lambda: store.reads == 2)
        store.fails_to_read = False
        await ada.send_edit(text_update(8, "back"))
        await odd.until_text("back")


@scenario
async def test_a_room_that_mends_itself_is_not_unloaded_under_those_who_wait_for_it(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=0.02) as manager:
        odd = await ScriptedPeer("odd").join(manager)
        with store.holding_reads():
            await odd.send_edit(edit_that_fails())
            reading = asyncio.ensure_future(manager.read("demo"))
            await settle()
            odd.leave(manager)
            await asyncio.sleep(0.1)
        assert len((await reading).cells) == 1
