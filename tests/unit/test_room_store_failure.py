"""The store fails: authors are told, nobody sees what is not saved, nothing grows without bound, and it recovers."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import CloseCode, NotSaved, RoomNotFound, StoreUnavailable
from jupyter_collab.protocol import SyncStep2, parse
from jupyter_collab.rooms import Limits, journal, manager

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, settle, until
from .stores import opened
from .updates import text_update


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(journal, "LAST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(manager, "FLUSH_SECONDS", 0.1)


@scenario
async def test_authors_are_told_and_nobody_else_sees_the_edit_until_the_store_is_back(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada, bob = [await ScriptedPeer(name).join(server) for name in ("ada", "bob")]
        store.fails_to_write = True
        ada.type("waits")
        await until(lambda: ada.event_types() == bob.event_types() == ["not_saved"])
        assert "disk full" in ada.events[0].info["message"]
        await asyncio.sleep(0.05)  # some retries, which fail as well
        assert (str(bob.text), ada.saved) == ("", False)
        store.fails_to_write = False
        await bob.until_text("waits")
        await ada.until_saved()
        assert ada.event_types() == bob.event_types() == ["not_saved", "saved"]


@scenario
async def test_what_a_store_has_lost_is_brought_back_by_those_who_are_there(store: FaultyStore, tmp_path: Path) -> None:
    """An older copy of the database was put in place, or another server took over that lacks the last commits."""
    async with serving(store) as server:
        ada, bob = [await ScriptedPeer(name).join(server) for name in ("ada", "bob")]
        await ada.typed("old ")
        with older_copy(tmp_path):
            await ada.typed("lost ")
            await bob.until_text("old lost ")
        ada.type("new ")
        await until(lambda: ada.close_code == bob.close_code == CloseCode.TRY_AGAIN_LATER)
        assert not ada.saved
        for peer in (ada, bob):
            await peer.join(server)
        await bob.until_text("new old lost ")
        await ada.until_saved()
        late = await ScriptedPeer("late").join(server)
        assert str(late.text) == "new old lost "
    async with serving(store) as server:
        assert str((await ScriptedPeer("later").join(server)).text) == "new old lost "


@contextmanager
def older_copy(folder: Path) -> Iterator[None]:
    """What is written to the rooms meanwhile is lost in the end."""
    with closing(sqlite3.connect(folder / "rooms.sqlite")) as connection:
        kept = connection.execute("SELECT id, head_seq FROM rooms").fetchall()
        yield
        for room_id, seq in kept:
            connection.execute("DELETE FROM updates WHERE room_id = ? AND seq > ?", (room_id, seq))
            connection.execute("UPDATE rooms SET head_seq = ? WHERE id = ?", (seq, room_id))
        connection.commit()


@scenario
async def test_edits_go_on_while_the_store_fails_and_all_of_them_arrive_in_order(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada, bob = [await ScriptedPeer(name).join(server) for name in ("ada", "bob")]
        store.fails_to_write = True
        for number in range(50):
            ada.type(f"{number} ", len(ada.text))
            await asyncio.sleep(0.001)
        store.fails_to_write = False
        await bob.until_text("".join(f"{number} " for number in range(50)))
        assert ada.events.count(ada.events[0]) == 1


@scenario
async def test_who_joins_meanwhile_is_told_and_waits_for_what_is_not_durable(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        store.fails_to_write = True
        ada.type("waits")
        await until(lambda: ada.event_types() == ["not_saved"])
        late = await ScriptedPeer("late").join(server)
        await settle()
        assert late.event_types() == ["not_saved"]
        assert not any(isinstance(parse(data), SyncStep2) for data in late.transport.sent)
        store.fails_to_write = False
        await late.until_text("waits")


@scenario
async def test_a_plain_author_is_closed_so_that_its_client_sends_the_edit_again(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        plain, watcher = [await ScriptedPeer(name, speaks_v1=False).join(server) for name in ("plain", "watcher")]
        store.fails_to_write = True
        plain.type("once")
        await until(lambda: plain.close_code == CloseCode.NOT_SAVED)
        plain.room = None
        assert watcher.close_code is None
        store.fails_to_write = False
        await plain.join(server)
        await ada.until_text("once")
        await watcher.until_text("once")
        assert str(plain.text) == "once"


@scenario
async def test_a_plain_author_who_edits_while_it_fails_is_closed_at_once(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        plain = await ScriptedPeer("plain", speaks_v1=False).join(server)
        store.fails_to_write = True
        ada.type("waits")
        await until(lambda: ada.event_types() == ["not_saved"])
        assert plain.transport.closed is None
        plain.type("mine")
        assert plain.close_code == CloseCode.NOT_SAVED
        store.fails_to_write = False
        await ada.until_saved()


@scenario
async def test_no_more_than_the_bound_waits_for_a_failing_store(store: FaultyStore) -> None:
    async with serving(store, Limits(unsaved_bytes=10_000)) as server:
        ada = await ScriptedPeer("ada").join(server)
        store.fails_to_write = True
        await ada.send_edit(text_update(1, "x" * 6_000))
        await until(lambda: ada.event_types() == ["not_saved"])
        await ada.send_edit(text_update(2, "x" * 3_000))
        assert ada.transport.closed is None
        await ada.send_edit(text_update(3, "x" * 3_000))
        assert ada.close_code == CloseCode.NOT_SAVED
        store.fails_to_write = False
        late = await ScriptedPeer("late").join(server)
        await late.until_text(str(late.text))
        await until(lambda: len(str(late.text)) == 9_000)


@scenario
async def test_what_is_not_saved_when_the_server_stops_stays_with_its_author(
    store: FaultyStore, tmp_path: Path
) -> None:
    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        await ada.typed("saved ")
        store.fails_to_write = True
        ada.type("kept", len(ada.text))
    assert not ada.saved
    assert ada.close_code == CloseCode.GOING_AWAY
    async with serving(faulty_store(tmp_path)) as server:
        late = await ScriptedPeer("late").join(server)
        await late.until_text("saved ")
        ada.room = None
        await ada.join(server)
        await late.until_text("saved kept")


@scenario
async def test_a_keyframe_that_cannot_be_written_disturbs_nobody(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        await ada.typed("x")
        assert ada.room is not None
        store.fails_to_write = True
        await ada.room.log.compact()
        store.fails_to_write = False
        await ada.typed("y")
        assert len((await store.read_log("demo")).entries) == 2
        await ada.room.log.compact()
        assert (await store.read_log("demo")).entries == ()


@scenario
async def test_a_room_that_cannot_be_read_is_refused_and_can_be_joined_later(store: FaultyStore) -> None:
    async with serving(store) as server:
        store.fails_to_read = True
        with pytest.raises(StoreUnavailable):
            await ScriptedPeer("ada").join(server)
        store.fails_to_read = False
        ada = await ScriptedPeer("ada").join(server)
        await ada.typed("x")


@scenario
async def test_a_room_that_is_deleted_while_its_store_fails_says_that_it_is_not_saved(store: FaultyStore) -> None:
    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        store.fails_to_write = True
        ada.type("x")
        await until(lambda: ada.event_types() == ["not_saved"])
        with pytest.raises(NotSaved):
            await server.delete_room("demo")
        store.fails_to_write = False
        await ada.until_saved()
        await server.delete_room("demo")


@scenario
async def test_who_waits_for_a_room_that_another_process_deletes_is_told(store: FaultyStore, tmp_path: Path) -> None:
    other = faulty_store(tmp_path)

    def add_cell(document: RoomDocument) -> None:
        document.insert_cell(0)

    async with serving(store) as server, opened(other):
        with store.holding_writes():
            waiting = [
                asyncio.ensure_future(server.edit("demo", add_cell, user("ada"))),
                asyncio.ensure_future(server.read("demo")),
            ]
            await until(lambda: store.reads_done == 1)
            await settle()
            await other.delete_room("demo")
        for attempt in waiting:
            with pytest.raises((RoomNotFound, NotSaved)):  # by the journal, or by the room's end, whichever hears first
                await asyncio.wait_for(attempt, 5)


@scenario
async def test_a_change_by_the_server_is_refused_while_the_store_fails(store: FaultyStore) -> None:
    def add_cell(document: RoomDocument) -> None:
        document.insert_cell(0)

    async with serving(store) as server:
        ada = await ScriptedPeer("ada").join(server)
        store.fails_to_write = True
        with pytest.raises(NotSaved):
            await server.edit("demo", add_cell, user("import"))  # it hears of the failure while it waits
        with pytest.raises(NotSaved):
            await server.edit("demo", add_cell, user("import"))  # it knows
        with pytest.raises(NotSaved):
            await server.read("demo")
        store.fails_to_write = False
        await until(lambda: len(ada.cells) == 2)
        assert len((await server.read("demo")).cells) == 2
