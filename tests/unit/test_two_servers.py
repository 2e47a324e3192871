"""Two server processes on one store: one room, one log, everybody converges, whatever gets lost between them."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jupyter_collab.rooms import Room, RoomWatcher
from jupyter_collab.store import LogEntry
from tests.postgresql import Databases

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until

NEVER_SECONDS = 3600.0


MakeStore = Callable[[], FaultyStore]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """What opens one database once more, as another process does."""
    if request.param == "sqlite":
        return lambda: faulty_store(tmp_path)
    databases: Databases = request.getfixturevalue("databases")
    return lambda: FaultyStore(databases.url_for(tmp_path))


@pytest.fixture
def stores(make_store: MakeStore) -> tuple[FaultyStore, FaultyStore]:
    """The same store, as two processes have it open."""
    return make_store(), make_store()


@scenario
async def test_people_on_both_type_at_once_and_converge(stores: tuple[FaultyStore, FaultyStore]) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        watchers = [await ScriptedPeer("watcher").join(manager) for manager in (here, there)]
        for number in range(60):
            ada.type(f"a{number} ", at=0)
            bob.type("🚀", at=0)
            await asyncio.sleep(0.001)
        everybody = [ada, bob, *watchers]
        expected = len("".join(f"a{number} " for number in range(60))) + 60
        await until(lambda: {len(str(peer.text)) for peer in everybody} == {expected})
        assert len({str(peer.text) for peer in everybody}) == 1
        assert (await stores[0].read_log("demo")).seq == (await stores[1].read_log("demo")).seq


@scenario
async def test_nothing_is_shown_twice_to_those_who_are_here(stores: tuple[FaultyStore, FaultyStore]) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        watcher = await ScriptedPeer("watcher").join(there)
        for _ in range(10):
            await ada.typed("x")
            await bob.until_text(str(ada.text))
        await watcher.until_text("x" * 10)
        assert len(watcher.updates) <= 10
        assert ada.updates == []


class ListeningWatcher(RoomWatcher):
    """Keeps, for each server, what it is told of a room's log."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.calls = 0

    def changed(self, room: Room, entries: Sequence[LogEntry]) -> None:
        self.calls += 1
        self.entries += entries


@scenario
async def test_watchers_hear_of_each_entry_once_whichever_server_wrote_it(
    stores: tuple[FaultyStore, FaultyStore],
) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        listening = [ListeningWatcher(), ListeningWatcher()]
        for manager, watcher in zip((here, there), listening, strict=True):
            manager.watchers.append(watcher)
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        for _ in range(10):
            ada.type("a")
            bob.type("b")
            await asyncio.sleep(0.001)
        await until(lambda: len(str(ada.text)) == len(str(bob.text)) == 20)
        log = (await stores[0].read_log("demo")).entries
        for watcher in listening:
            assert sorted(entry.update for entry in watcher.entries) == sorted(entry.update for entry in log)
            for life in {entry.life for entry in log}:
                told = [entry for entry in watcher.entries if entry.life == life]
                assert told == [entry for entry in log if entry.life == life]


@scenario
async def test_watchers_hear_that_a_room_changed_though_the_entries_are_dropped(
    stores: tuple[FaultyStore, FaultyStore],
) -> None:
    async with serving(stores[0]) as here, serving(stores[1], poll_seconds=NEVER_SECONDS) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        watcher = ListeningWatcher()
        there.watchers.append(watcher)
        await ada.typed("dropped ")
        room = here.live("demo")
        assert room is not None
        await room.log.compact()
        assert watcher.calls == 0
        await bob.typed("own")
        await until(lambda: "dropped" in str(bob.text))
        assert watcher.calls == 2
        assert [entry.origin for entry in watcher.entries] == [bob.peer.origin]


@scenario
async def test_without_any_hint_the_next_own_edit_shows_what_is_missing(
    stores: tuple[FaultyStore, FaultyStore],
) -> None:
    async with (
        serving(stores[0], poll_seconds=NEVER_SECONDS) as here,
        serving(stores[1], poll_seconds=NEVER_SECONDS) as there,
    ):
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        await bob.typed("unheard of ")
        assert str(ada.text) == ""
        ada.type("own")
        await until(lambda: len(str(ada.text)) == len("unheard of own"))


@scenario
async def test_a_server_that_was_far_behind_catches_up_from_the_others_keyframe(
    stores: tuple[FaultyStore, FaultyStore],
) -> None:
    async with serving(stores[0], poll_seconds=0.2) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        assert bob.room is not None
        for _ in range(20):
            await bob.typed("x")
        await bob.room.log.compact()
        await bob.typed("y")
        await ada.until_text("x" * 20 + "y")
        await ada.typed("z")
        await bob.until_text("x" * 20 + "yz")


@scenario
async def test_both_may_make_keyframes_while_both_are_written_to(
    stores: tuple[FaultyStore, FaultyStore], make_store: MakeStore
) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)

        async def type_and_compact(peer: ScriptedPeer) -> None:
            assert peer.room is not None
            for _ in range(25):
                peer.type("x")
                await peer.room.log.compact()
                await asyncio.sleep(0.002)

        await asyncio.gather(type_and_compact(ada), type_and_compact(bob))
        await until(lambda: str(ada.text) == str(bob.text) == "x" * 50)
    async with serving(make_store()) as manager:
        late = await ScriptedPeer("late").join(manager)
        await late.until_text("x" * 50)


@scenario
async def test_who_moves_from_one_server_to_the_other_takes_unsent_edits_along(
    stores: tuple[FaultyStore, FaultyStore],
) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(here)
        await ada.typed("sent ")
        ada.leave(here)
        ada.type("unsent", 5)
        await ada.join(there)
        await bob.until_text("sent unsent")


@scenario
async def test_edits_of_one_who_moves_are_shown_in_their_order(stores: tuple[FaultyStore, FaultyStore]) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(here)
        with stores[0].holding_writes():
            ada.type("one ")
            ada.leave(here)
            ada.type("two", 4)
            await ada.join(there)
            await ada.until_saved()
            reads = stores[0].reads_done
            await ada.typed(" three")
            await until(lambda: stores[0].reads_done > reads)
            await settle()
            assert bob.updates == []
        await bob.until_text("one two three")


@scenario
async def test_a_server_that_cannot_read_for_a_while_catches_up_later(stores: tuple[FaultyStore, FaultyStore]) -> None:
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        stores[0].fails_to_read = True
        await bob.typed("from there")
        await until(lambda: stores[0].reads >= 2)
        stores[0].fails_to_read = False
        await ada.until_text("from there")
