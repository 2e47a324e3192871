"""The polling backplane: it says when a room's head has moved, and survives a store that does not answer."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from jupyter_collab.backplane import PollingBackplane
from jupyter_collab.errors import StoreUnavailable
from jupyter_collab.store import Head, SQLStore

from .scenarios import scenario, settle, until
from .stores import EPOCH, entries, opened, sqlite_store

POLL_SECONDS = 0.002


class CountingStore(SQLStore):
    """Counts the questions about heads, and fails to answer them when told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"sqlite:///{folder / 'rooms.sqlite'}")
        self.questions: list[set[str]] = []
        self.fails: Exception | None = None

    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        self.questions.append(set(room_ids))
        if self.fails is not None:
            raise self.fails
        return await super().heads(room_ids)


class Listener:
    """Remembers every hint."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, Head | None]] = []

    def __call__(self, room_id: str, head: Head | None) -> None:
        self.hints.append((room_id, head))


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    """The store of one server."""
    return CountingStore(tmp_path)


@scenario
async def test_every_change_of_a_watched_rooms_head_is_told_once(store: CountingStore, tmp_path: Path) -> None:
    other, listener = sqlite_store(tmp_path), Listener()
    async with opened(store, other):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(listener)
        backplane.watch("demo")
        expected: list[tuple[str, Head | None]] = [("demo", Head(EPOCH, 0, "Demo", False))]
        await until(lambda: listener.hints == expected)
        await other.append("demo", EPOCH, entries(b"x", b"y"))
        expected.append(("demo", Head(EPOCH, 2, "Demo", False)))
        await until(lambda: listener.hints == expected)
        await other.rename_room("demo", "New")
        expected.append(("demo", Head(EPOCH, 2, "New", False)))
        await until(lambda: listener.hints == expected)
        await other.delete_room("demo")
        expected.append(("demo", Head(EPOCH, 2, "New", True)))
        await until(lambda: listener.hints == expected)
        await other.purge_room("demo")
        expected.append(("demo", None))
        await until(lambda: listener.hints == expected)
        asked = len(store.questions)
        await until(lambda: len(store.questions) > asked + 3)
        assert listener.hints == expected
        await backplane.stop()


@scenario
async def test_rooms_that_are_not_watched_are_not_told(store: CountingStore) -> None:
    listener = Listener()
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, room_id, EPOCH, "note", b"")
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(listener)
        backplane.watch("demo")
        backplane.watch("other")
        await until(lambda: len(listener.hints) == 2)
        backplane.unwatch("other")
        for room_id in ("demo", "other"):
            await store.append(room_id, EPOCH, entries(b"x"))
        await until(lambda: len(listener.hints) == 3)
        assert listener.hints[-1][0] == "demo"
        await backplane.stop()


@scenario
async def test_without_rooms_the_store_is_left_in_peace(store: CountingStore) -> None:
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(Listener())
        await asyncio.sleep(10 * POLL_SECONDS)
        assert store.questions == []
        backplane.watch("demo")
        await until(lambda: store.questions)
        backplane.unwatch("demo")
        await settle()
        await asyncio.sleep(5 * POLL_SECONDS)
        asked = len(store.questions)
        await asyncio.sleep(10 * POLL_SECONDS)
        assert len(store.questions) == asked
        await backplane.stop()


@scenario
@pytest.mark.parametrize("error", [StoreUnavailable("The store cannot be read: disk gone."), ValueError("a bug")])
async def test_it_goes_on_after_the_store_failed(store: CountingStore, error: Exception) -> None:
    listener = Listener()
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(listener)
        store.fails = error
        backplane.watch("demo")
        await until(lambda: len(store.questions) > 1)
        assert listener.hints == []
        store.fails = None
        await until(lambda: listener.hints)
        await backplane.stop()


@scenario
async def test_it_goes_on_after_a_listener_failed(store: CountingStore, caplog: pytest.LogCaptureFixture) -> None:
    listener = Listener()

    def fail_once(room_id: str, head: Head | None) -> None:
        listener(room_id, head)
        if len(listener.hints) == 1:
            raise ValueError("a bug")

    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(fail_once)
        backplane.watch("demo")
        await until(lambda: listener.hints)
        await store.append("demo", EPOCH, entries(b"x"))
        await until(lambda: len(listener.hints) == 2)
        assert "a bug" in caplog.text
        assert "demo" in caplog.text
        await backplane.stop()


@scenario
async def test_a_listener_that_fails_on_one_room_hears_of_the_others_in_the_same_turn(store: CountingStore) -> None:
    turns: list[int] = []

    def fail(room_id: str, head: Head | None) -> None:
        turns.append(len(store.questions))
        raise ValueError("a bug")

    async with opened(store):
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(fail)
        for room_id in ("one", "two", "three"):
            await store.create_room(room_id, room_id, EPOCH, "note", b"")
        for room_id in ("one", "two", "three"):
            backplane.watch(room_id)
        await until(lambda: len(turns) == 3)
        assert turns == [1, 1, 1]
        await backplane.stop()


@scenario
async def test_after_the_end_nothing_is_told(store: CountingStore) -> None:
    listener = Listener()
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        backplane = PollingBackplane(store, POLL_SECONDS, "one")
        await backplane.start(listener)
        backplane.watch("demo")
        await until(lambda: listener.hints)
        await backplane.stop()
        await store.append("demo", EPOCH, entries(b"x"))
        asked = len(store.questions)
        await asyncio.sleep(10 * POLL_SECONDS)
        assert (len(listener.hints), len(store.questions)) == (1, asked)
