"""Who came and went: noted once for each stay, however often a connection breaks."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jupyter_collab.people import Attendance, Members
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import EventRecord

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until

AT_ONCE, NEVER = 0.0, 10_000.0


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return faulty_store(tmp_path)


@asynccontextmanager
async def attended(store: FaultyStore, away_seconds: float) -> AsyncIterator[tuple[RoomManager, Attendance]]:
    """A server process with the rooms ``demo`` and ``other``; who is away for so long has left."""
    async with serving(store, rooms=("demo", "other")) as manager:
        members = Members(manager, guests_may_run=True)
        attendance = Attendance(manager, members, away_seconds)
        manager.watchers += [members, attendance]
        try:
            yield manager, attendance
        finally:
            await attendance.close()
            await members.close()


async def noted(store: FaultyStore, room_id: str = "demo") -> list[tuple[str, str]]:
    """Who came and went, oldest first."""
    events = await store.people.events(room_id, 100)
    return [(event.display_name, event.kind) for event in reversed(events) if event.kind in ("joined", "left")]


async def until_noted(store: FaultyStore, expected: list[tuple[str, str]], room_id: str = "demo") -> None:
    """Wait until so much is noted; it must be what was ``expected``."""
    while len(found := await noted(store, room_id)) < len(expected):
        await settle()
    assert found == expected


@scenario
async def test_who_is_back_soon_has_not_left(store: FaultyStore) -> None:
    async with attended(store, NEVER) as (manager, _):
        ada = await ScriptedPeer("ada").join(manager)
        for _ in range(3):
            ada.leave(manager)
            await ada.join(manager)
        await ScriptedPeer("bob").join(manager)
        await until_noted(store, [("Ada", "joined"), ("Bob", "joined")])


@scenario
async def test_who_does_not_come_back_has_left(store: FaultyStore) -> None:
    async with attended(store, AT_ONCE) as (manager, _):
        ada = await ScriptedPeer("ada").join(manager)
        await until_noted(store, [("Ada", "joined")])
        ada.leave(manager)
        await until_noted(store, [("Ada", "joined"), ("Ada", "left")])
        await ada.join(manager)
        await until_noted(store, [("Ada", "joined"), ("Ada", "left"), ("Ada", "joined")])


@scenario
async def test_who_has_two_windows_leaves_with_the_last_one(store: FaultyStore) -> None:
    async with attended(store, AT_ONCE) as (manager, _):
        windows = [await ScriptedPeer("ada").join(manager) for _ in range(2)]
        windows[0].leave(manager)
        await ScriptedPeer("bob").join(manager)
        await until_noted(store, [("Ada", "joined"), ("Bob", "joined")])
        windows[1].leave(manager)
        await until_noted(store, [("Ada", "joined"), ("Bob", "joined"), ("Ada", "left")])


@scenario
async def test_each_room_has_its_own_stays(store: FaultyStore) -> None:
    async with attended(store, AT_ONCE) as (manager, _):
        here = await ScriptedPeer("ada").join(manager)
        await ScriptedPeer("ada").join(manager, "other")
        await until_noted(store, [("Ada", "joined")], "other")
        here.leave(manager)
        await until_noted(store, [("Ada", "joined"), ("Ada", "left")])
        assert await noted(store, "other") == [("Ada", "joined")]


@scenario
async def test_what_is_told_twice_counts_once(store: FaultyStore) -> None:
    async with attended(store, AT_ONCE) as (manager, attendance):
        ada = await ScriptedPeer("ada").join(manager)
        room, peer = ada.room, ada.peer
        assert room is not None
        ada.leave(manager)
        await until_noted(store, [("Ada", "joined"), ("Ada", "left")])
        attendance.left(room, peer)
        await ScriptedPeer("bob").join(manager)
        await until_noted(store, [("Ada", "joined"), ("Ada", "left"), ("Bob", "joined")])


@scenario
async def test_when_the_server_stops_everybody_has_left(store: FaultyStore) -> None:
    async with serving(store) as manager:
        members = Members(manager, guests_may_run=True)
        attendance = Attendance(manager, members, NEVER)
        manager.watchers += [members, attendance]
        ada, _ = await ScriptedPeer("ada").join(manager), await ScriptedPeer("bob").join(manager)
        ada.leave(manager)  # she may come back, but not to this server
        await attendance.close()
        found = await noted(store)
        assert found[:2] == [("Ada", "joined"), ("Bob", "joined")]
        assert sorted(found[2:]) == [("Ada", "left"), ("Bob", "left")]


@scenario
async def test_a_class_that_comes_at_once_is_noted_at_once(store: FaultyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, list[EventRecord]]] = []

    async def add_events(room_id: str, events: Sequence[EventRecord]) -> None:
        written.append((room_id, list(events)))

    async with attended(store, NEVER) as (manager, _):
        monkeypatch.setattr(store.people, "add_events", add_events)
        came = datetime.now(UTC)
        for name in ("ada", "bob"):
            await ScriptedPeer(name).join(manager)
        await ScriptedPeer("eve").join(manager, "other")
        in_rooms = datetime.now(UTC)
        while len(written) < 2:
            await settle()
        found = {room_id: [(event.display_name, event.kind) for event in events] for room_id, events in written}
        assert found == {"demo": [("Ada", "joined"), ("Bob", "joined")], "other": [("Eve", "joined")]}
        assert all(event.at is not None and came <= event.at <= in_rooms for _, events in written for event in events)


@scenario
async def test_a_room_that_is_gone_keeps_nothing_and_stops_nobody(
    store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with attended(store, AT_ONCE) as (manager, attendance):
        await ScriptedPeer("ada").join(manager)
        await until_noted(store, [("Ada", "joined")])
        await manager.delete_room("demo")
        await manager.purge_room("demo")
        await ScriptedPeer("ada").join(manager, "other")
        await until_noted(store, [("Ada", "joined")], "other")
        await attendance.close()
        assert await noted(store, "other") == [("Ada", "joined"), ("Ada", "left")]
        assert "it is not kept that server:ada left" in caplog.text


class Connection:
    """What jupyter_server keeps in the context of each connection."""


CONNECTION: ContextVar[Connection] = ContextVar("connection")


@scenario
async def test_who_has_left_is_waited_for_without_their_connection(store: FaultyStore) -> None:
    async def visit(manager: RoomManager) -> weakref.ref[Connection]:
        CONNECTION.set(connection := Connection())
        ada = await ScriptedPeer("ada").join(manager)
        ada.leave(manager)
        return weakref.ref(connection)

    async with attended(store, NEVER) as (manager, attendance):
        connection = await asyncio.create_task(visit(manager))
        await until(lambda: gc.collect() >= 0 and connection() is None)
        assert attendance._stays
