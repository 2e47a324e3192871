"""Whatever fails beside a request ends what it must, is said, and reaches nobody else."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Role
from jupyter_collab.errors import CloseCode, InvalidUpdate, StoreUnavailable
from jupyter_collab.people import Members, Waiting
from jupyter_collab.rooms import Peer, Room, RoomState, RoomWatcher
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.store import LogEntry, RoomAccess

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


class PanicException(BaseException):
    """As pyo3 raises it when yrs fails: no ``Exception``."""


def fail(*_: Any) -> Any:
    raise RuntimeError("A bug.")


broken: Any = fail


@scenario
async def test_a_transport_that_fails_ends_its_own_peer_only(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, broken, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "broken", "bob")]
        broken.transport.on_message = fail
        await ada.typed("one ")
        await bob.until_text("one ")
        assert broken.close_code is CloseCode.INTERNAL_ERROR
        await ada.typed("two")
        await bob.until_text("one two")
        assert bob.close_code is None
        assert manager.live("demo") is ada.room


@scenario
async def test_updates_that_yrs_cannot_merge_are_sent_one_by_one(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: bytes) -> bytes:
        raise PanicException("yrs panicked.")

    async with serving(store) as manager:
        ada, bob, slow = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "slow")]
        monkeypatch.setattr("jupyter_collab.rooms.fanout.merge_updates", panic)
        slow.transport.stalled = True
        for letter in "abcdef":
            ada.type(letter, len(ada.text))
        await ada.until_saved()
        await ada.typed("g")
        await bob.until_text("abcdefg")
        slow.transport.resume()
        await slow.until_text("abcdefg")


@scenario
async def test_what_fails_in_a_turn_of_the_journal_ends_the_room_and_nobody_types_into_nothing(
    store: FaultyStore,
) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.room is not None
        ada.room._journal._on_committed = fail  # nothing that can happen does this; a bug would
        ada.type("one")
        await until(lambda: ada.close_code is CloseCode.INTERNAL_ERROR)
        assert manager.live("demo") is None
        again = await ScriptedPeer("ada").join(manager)
        await again.until_text("one")


class FailingWatcher(RoomWatcher):
    """Fails whatever it is told."""

    opened = ended = joined = left = changed = access_changed = needs = broken


class NotingWatcher(RoomWatcher):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def opened(self, room: Room) -> None:
        self.heard.append("opened")

    def ended(self, room: Room, code: CloseCode) -> None:
        self.heard.append("ended")

    def joined(self, room: Room, peer: Peer) -> None:
        self.heard.append("joined")

    def left(self, room: Room, peer: Peer) -> None:
        self.heard.append("left")

    def changed(self, room: Room, entries: Sequence[LogEntry]) -> None:
        self.heard.append("changed")


@scenario
async def test_a_watcher_that_fails_harms_neither_the_room_nor_other_watchers(store: FaultyStore) -> None:
    async with serving(store, idle_seconds=0.01) as manager:
        noting = NotingWatcher()
        manager.watchers += [FailingWatcher(), noting]
        ada = await ScriptedPeer("ada").join(manager)
        bob = await ScriptedPeer("bob").join(manager)
        await ada.typed("one")
        bob.leave(manager)
        await manager.delete_room("demo")
        await until(lambda: ada.close_code is CloseCode.ROOM_DELETED)
        assert noting.heard == ["opened", "joined", "joined", "changed", "left", "ended"]


@scenario
async def test_who_may_do_what_is_not_known_so_the_connection_ends(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(store) as manager:
        members = Members(manager, guests_may_run=True)
        manager.watchers.append(members)
        ada = await ScriptedPeer("ada").join(manager)
        eve = await ScriptedPeer("eve").join(manager)
        people = type(store.people)

        async def accesses(self: Any, room_id: str, principals: Collection[str]) -> dict[str, RoomAccess]:
            if eve.user.principal in principals:
                raise ValueError("'admin' is no role that this version knows")
            return await known(self, room_id, principals)

        known = people.accesses
        monkeypatch.setattr(people, "accesses", accesses)
        await members.set_server_role("demo", Role.VIEWER, ada.user)
        assert eve.close_code is CloseCode.INTERNAL_ERROR
        assert ada.close_code is None
        await members.close()


@scenario
async def test_what_another_server_wrote_and_cannot_be_taken_in_is_no_fault_of_those_who_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = faulty_store(tmp_path), faulty_store(tmp_path)
    async with serving(here, poll_seconds=0.01) as one, serving(there, poll_seconds=0.01) as other:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(other)

        def refuse(self: Replica, update: bytes) -> list[bytes]:
            raise InvalidUpdate("It is none.")

        monkeypatch.setattr(Replica, "take", refuse)
        await bob.typed("one")
        await ada.until_text("one")  # the room is made anew from the log
        assert ada.close_code is None


@scenario
async def test_a_connection_that_cannot_be_closed_keeps_neither_the_others_nor_the_room(store: FaultyStore) -> None:
    async with serving(store) as manager:
        peers = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "eve")]
        room = peers[0].room
        assert room is not None
        peers[1].transport.close = broken  # type: ignore[method-assign]  # a transport that fails
        await manager.delete_room("demo")
        await until(lambda: room.state is RoomState.CLOSED)
        assert [peer.close_code for peer in (peers[0], peers[2])] == [CloseCode.ROOM_DELETED] * 2
        assert manager.live("demo") is None


@scenario
async def test_presence_that_fails_once_goes_on_and_the_room_with_it(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        with monkeypatch.context() as patch:
            patch.setattr("jupyter_collab.rooms.presence._message", broken)
            await ada.say(7, 1, '{"cursor": 1}')
            await until(lambda: "telling who is here failed" in caplog.text)
        await ada.say(7, 2, '{"cursor": 2}')
        await until(lambda: 7 in bob.presence)
        assert bob.close_code is None


@scenario
async def test_who_waits_is_told_though_looking_for_that_failed_at_first(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.people.waiting.RETRY_SECONDS", 0.01)
    people = type(store.people)
    members = people.members
    asked: list[str] = []

    async def fail_at_first(self: Any, room_id: str) -> Any:
        asked.append(room_id)
        if len(asked) == 1:
            raise StoreUnavailable("The store cannot be read: disk gone.")
        return await members(self, room_id)

    async with serving(store) as manager:
        waiting = Waiting(manager)
        manager.watchers.append(waiting)
        ada = await ScriptedPeer("ada").join(manager)
        await settle()
        asked.clear()
        monkeypatch.setattr(people, "members", fail_at_first)
        assert ada.room is not None
        waiting.access_changed(ada.room)
        await until(lambda: "members" in ada.event_types())
        assert asked == ["demo", "demo"]
        await waiting.close()
