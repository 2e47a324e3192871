"""All rooms of a server: opened when somebody comes, closed when nobody is left, and what is done to them meanwhile."""

import asyncio
import gc
import sys
import threading
import weakref
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import (
    CloseCode,
    ContentError,
    InvalidRoomId,
    RoomError,
    RoomExists,
    RoomFull,
    RoomNotFound,
    RoomTooLarge,
    ServerFull,
    StoreUnavailable,
)
from jupyter_collab.rooms import Limits, Peer, RoomManager, RoomState, check_room_id

from .doubles import FaultyStore, MemoryTransport, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, settle, until

SOON_SECONDS = 0.02


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def live_rooms(manager: RoomManager) -> int:
    """How many rooms the server holds in memory."""
    return len(manager._rooms) + len(manager._opening)


# -- lives ---------------------------------------------------------------------------------------------------------


@scenario
async def test_three_thousand_refused_names_leave_the_memory_where_it_was(store: FaultyStore) -> None:
    async with serving(store) as manager:

        async def knock(number: int) -> None:
            with pytest.raises(RoomNotFound):
                await manager.join(f"room-{number}", Peer(user("stranger"), Role.OWNER, MemoryTransport()))

        for number in range(100):
            await knock(number)
        gc.collect()
        before = sys.getallocatedblocks()
        for number in range(100, 3_100):
            await knock(number)
        gc.collect()
        assert live_rooms(manager) == 0
        assert sys.getallocatedblocks() - before < 3_000, "some of them left something behind"


@scenario
async def test_a_room_without_peers_is_unloaded_and_loaded_again_with_all_it_had(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("kept")
        assert live_rooms(manager) == 1
        ada.leave(manager)
        await until(lambda: live_rooms(manager) == 0)
        bob = await ScriptedPeer("bob").join(manager)
        await bob.until_text("kept")


class Request:
    """What jupyter_server keeps in the context of each request."""


REQUEST: ContextVar[Request] = ContextVar("request")


@scenario
async def test_a_room_does_not_hold_the_request_that_it_was_opened_for(store: FaultyStore) -> None:
    """Its body may be as large as a room."""

    async def ask(manager: RoomManager) -> weakref.ref[Request]:
        REQUEST.set(request := Request())
        async with manager.using("demo") as room:
            await room.snapshot()
        return weakref.ref(request)

    async with serving(store) as manager:
        kept = await asyncio.create_task(ask(manager))
        await settle()
        gc.collect()
        assert live_rooms(manager) == 1
        assert kept() is None


@scenario
async def test_of_a_room_that_is_closed_nothing_stays_in_memory(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        async with manager.using("demo") as room:
            await room.snapshot()
        document, gate = weakref.ref(room._replica._document.doc), weakref.ref(room._replica._gate)
        del room
        await until(lambda: gc.collect() >= 0 and document() is None and gate() is None)


@scenario
async def test_a_room_in_which_somebody_is_stays(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        bob.leave(manager)
        await asyncio.sleep(5 * SOON_SECONDS)
        assert live_rooms(manager) == 1
        await ada.typed("x")


@scenario
async def test_who_comes_back_in_time_finds_the_room_still_loaded(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=60) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        ada.leave(manager)
        reads = store.reads
        await ada.join(manager)
        assert store.reads == reads


@scenario
async def test_a_room_with_unsaved_edits_is_not_unloaded(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        with store.holding_writes():
            ada.type("not yet durable")
            ada.leave(manager)
            await asyncio.sleep(5 * SOON_SECONDS)
            assert live_rooms(manager) == 1
        await until(lambda: live_rooms(manager) == 0)
        bob = await ScriptedPeer("bob").join(manager)
        await bob.until_text("not yet durable")


@scenario
async def test_reading_a_room_from_outside_does_not_keep_it_loaded(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        await manager.read("demo")
        await until(lambda: live_rooms(manager) == 0)


@scenario
async def test_a_room_that_somebody_works_on_from_outside_is_not_unloaded(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        async with manager.using("demo"):
            await manager.read("demo")  # it comes and goes meanwhile
            await asyncio.sleep(5 * SOON_SECONDS)
            assert live_rooms(manager) == 1
        await until(lambda: live_rooms(manager) == 0)


@scenario
async def test_an_unloaded_room_leaves_its_content_as_a_keyframe(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=SOON_SECONDS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("kept")
        ada.leave(manager)
        await until(lambda: live_rooms(manager) == 0)
        await manager._background.wait()
        assert (await store.read_log("demo")).entries == ()


@scenario
async def test_people_who_come_and_go_while_a_room_closes_always_get_into_a_live_one(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=0.001) as manager:
        for number in range(30):
            ada = await ScriptedPeer("ada").join(manager)
            assert ada.room is not None
            assert ada.room.state is not RoomState.CLOSED
            await ada.typed("x")
            ada.leave(manager)
            await asyncio.sleep(0.0005 * (number % 5))
        bob = await ScriptedPeer("bob").join(manager)
        await bob.until_text("x" * 30)


@scenario
async def test_who_waited_for_a_room_that_closed_in_the_same_moment_gets_into_the_next_one(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = ScriptedPeer("ada")
        joining = asyncio.ensure_future(ada.join(manager))
        await until(lambda: manager._opening)
        manager._opening["demo"].add_done_callback(
            lambda opened: manager._end(opened.result(), CloseCode.NORMAL, "nobody was here")
        )
        await joining
        await ada.typed("x")
        assert ada.close_code is None


@scenario
async def test_stopping_saves_everything_and_tells_everybody(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        for _ in range(50):
            ada.type("x", len(ada.text))
    assert ada.close_code == CloseCode.GOING_AWAY
    assert ada.saved
    async with serving(faulty_store(tmp_path)) as manager:
        bob = await ScriptedPeer("bob").join(manager)
        await bob.until_text("x" * 50)


@scenario
async def test_who_comes_while_the_server_stops_is_sent_away_and_nothing_is_left_running(store: FaultyStore) -> None:
    running = len(asyncio.all_tasks())
    async with serving(store) as manager:
        with store.holding_reads():
            ada = ScriptedPeer("ada")
            joining = asyncio.ensure_future(ada.join(manager))
            await until(lambda: store.reads_done == 1)
            stopping = asyncio.ensure_future(manager.stop())
            await settle()
        await stopping
        refused = (await asyncio.gather(joining, return_exceptions=True))[0]
        assert isinstance(refused, (ServerFull, StoreUnavailable)) or ada.close_code == CloseCode.GOING_AWAY
        with pytest.raises((ServerFull, StoreUnavailable)):
            await ScriptedPeer("bob").join(manager)
        assert len(asyncio.all_tasks()) == running


# -- bounds --------------------------------------------------------------------------------------------------------


@scenario
async def test_a_server_holds_no_more_rooms_than_it_may(store: FaultyStore) -> None:
    async with serving(
        store, Limits(rooms_per_server=2), idle_seconds=SOON_SECONDS, rooms=("one", "two", "three")
    ) as manager:
        ada = await ScriptedPeer("ada").join(manager, "one")
        await ScriptedPeer("ada").join(manager, "two")
        with pytest.raises(ServerFull):
            await ScriptedPeer("ada").join(manager, "three")
        await ScriptedPeer("bob").join(manager, "one")
        for peer in tuple(ada.room.peers if ada.room is not None else ()):
            assert ada.room is not None
            manager.leave(ada.room, peer)
        await until(lambda: live_rooms(manager) == 1)
        await ScriptedPeer("ada").join(manager, "three")


@scenario
async def test_a_room_holds_no_more_peers_than_it_may(store: FaultyStore) -> None:
    async with serving(store, Limits(peers_per_room=2)) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        with pytest.raises(RoomFull):
            await ScriptedPeer("eve").join(manager)
        bob.leave(manager)
        eve = await ScriptedPeer("eve").join(manager)
        await ada.typed("x")
        await eve.until_text("x")


# -- rooms ---------------------------------------------------------------------------------------------------------


@scenario
async def test_what_is_wrong_with_a_new_room_is_told_and_nothing_is_made(store: FaultyStore) -> None:
    async with serving(store, Limits(room_bytes=2_000)) as manager:
        large = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
        large_cell = {"cell_type": "raw", "source": "x" * 5_000, "metadata": {}}
        for attempt, error in (
            (manager.create_room(room_id="../etc"), InvalidRoomId),
            (manager.create_room(room_id="demo"), RoomExists),
            (manager.create_room(title="\x00"), RoomError),
            (manager.create_room(title="x" * 201), RoomError),
            (manager.create_room(title=" "), RoomError),
            (manager.create_room(content={"cells": "none"}), ContentError),
            (manager.create_room(content={**large, "cells": [large_cell]}), RoomTooLarge),
        ):
            with pytest.raises(error):
                await attempt
        assert [record.id for record in (await manager.list_rooms())[0]] == ["demo"]


@pytest.mark.parametrize("room_id", ["a", "A-b_c.9", "x" * 128])
def test_ids_that_a_room_may_have(room_id: str) -> None:
    assert check_room_id(room_id) == room_id


@pytest.mark.parametrize("room_id", ["", ".hidden", "-x", "a/b", "a b", "a\n", "é", "..", "x" * 129, "a\x00"])
def test_ids_that_a_room_may_not_have(room_id: str) -> None:
    with pytest.raises(InvalidRoomId):
        check_room_id(room_id)


@scenario
async def test_while_a_large_notebook_is_read_the_others_go_on(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_went_on = threading.Event()
    create = RoomDocument.create

    def read_slowly(*arguments: Any) -> RoomDocument:
        assert others_went_on.wait(5)
        return create(*arguments)

    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        monkeypatch.setattr(RoomDocument, "create", read_slowly)
        creating = asyncio.create_task(manager.create_room(room_id="large"))
        await asyncio.sleep(0)  # it has begun
        await ada.typed("meanwhile")
        await bob.until_text("meanwhile")
        assert not creating.done()
        others_went_on.set()
        assert (await creating).id == "large"


@scenario
async def test_a_room_without_an_id_gets_one_that_tells_its_title(store: FaultyStore) -> None:
    async with serving(store, rooms=()) as manager:
        records = [await manager.create_room(title="Linear algebra: 数学!") for _ in range(2)]
        assert all(check_room_id(record.id).startswith("linear-algebra") for record in records)
        assert records[0].id != records[1].id


@scenario
async def test_everybody_hears_a_new_title_once(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as here, serving(faulty_store(tmp_path)) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        record = await here.rename_room("demo", "  Linear   algebra ")
        assert record.title == "Linear algebra"
        await until(lambda: bob.events)
        await asyncio.sleep(0.05)  # some polls, which bring no news
        for peer in (ada, bob):
            assert [event.info for event in peer.events] == [{"type": "renamed", "title": "Linear algebra"}]
        eve = await ScriptedPeer("eve").join(there)
        assert eve.hello is not None
        assert eve.hello.info["title"] == "Linear algebra"


@scenario
async def test_a_deleted_room_closes_on_every_server_and_can_be_restored_whole(
    store: FaultyStore, tmp_path: Path
) -> None:
    async with serving(store) as here, serving(faulty_store(tmp_path)) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        await ada.typed("kept")
        await bob.until_text("kept")
        await here.delete_room("demo")
        await until(lambda: ada.close_code == bob.close_code == CloseCode.ROOM_DELETED)
        for manager in (here, there):
            with pytest.raises(RoomNotFound):
                await ScriptedPeer("eve").join(manager)
        await there.restore_room("demo")
        eve = await ScriptedPeer("eve").join(here)
        await eve.until_text("kept")


@scenario
async def test_an_edit_on_its_way_when_the_room_is_deleted_is_saved_first(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        ada.type("last words")
        await manager.delete_room("demo")
        assert ada.saved
        await manager.restore_room("demo")
        eve = await ScriptedPeer("eve").join(manager)
        await eve.until_text("last words")


@scenario
async def test_what_is_known_of_a_live_room_is_what_it_has_now(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ScriptedPeer("ada").join(manager)
        await ScriptedPeer("bob").join(manager)
        assert [person["username"] for person in manager.people("demo")] == ["ada", "bob"]
        assert manager.people("none") == []
        assert [person["visible"] for person in manager.people("demo")] == [False, False]
        await ada.say(7, 1, "{}")
        assert [person["visible"] for person in manager.people("demo")] == [True, False]
        await ada.say(7, 2, "null")
        assert [person["visible"] for person in manager.people("demo")] == [False, False]
        assert (await manager.get_room("demo")).kind == "notebook"
        cell = ada.cells[0]
        cell["cell_type"] = "markdown"
        await ada.until_saved()
        assert (await manager.get_room("demo")).kind == "note"
        assert [record.kind for record in (await manager.list_rooms())[0]] == ["note"]


@scenario
async def test_importing_the_same_notebook_twice_gives_one_copy(store: FaultyStore) -> None:
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"id": f"c{n}", "cell_type": "raw", "source": f"cell {n}", "metadata": {}} for n in range(3)],
    }
    async with serving(store) as manager:
        for _ in range(2):
            await manager.edit("demo", lambda document: document.set_notebook(notebook), user("ada"))
            sources = [cell["source"] for cell in (await manager.read("demo")).cells]
            assert sources == ["cell 0", "cell 1", "cell 2"]
        assert (await store.read_log("demo")).seq == 1
