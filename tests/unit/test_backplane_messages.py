"""Messages through the store: one look for all rooms, nothing piles up, and trouble of the store costs only them."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from jupyter_collab.backplane import PollingBackplane, channel
from jupyter_collab.errors import NotSaved
from jupyter_collab.store import ServerMessage, SQLStore

from .scenarios import scenario, settle, until
from .stores import opened, sqlite_store

POLL_SECONDS = 0.002


class WatchedStore(SQLStore):
    """Remembers what is asked of it, and writes no messages when told so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"sqlite:///{folder / 'rooms.sqlite'}")
        self.looks: list[set[str]] = []
        self.writes: list[int] = []
        self.fails = False

    async def messages(
        self, room_ids: Collection[str], after: int, *, reader: str
    ) -> tuple[tuple[ServerMessage, ...], int]:
        self.looks.append(set(room_ids))
        return await super().messages(room_ids, after, reader=reader)

    async def add_messages(self, messages: Sequence[ServerMessage], drop_up_to: int = 0) -> int:
        try:
            if self.fails:
                raise NotSaved("The store could not write: disk full.")
            return await super().add_messages(messages, drop_up_to)
        finally:
            self.writes.append(len(messages))

    async def said(self) -> set[bytes]:
        """What the messages about ``demo`` say."""
        found, _ = await self.messages(["demo"], 0, reader="nobody")
        return {message.data for message in found}


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    """The store of one server."""
    return WatchedStore(tmp_path)


@scenario
async def test_one_look_asks_for_all_rooms(store: WatchedStore) -> None:
    backplane = PollingBackplane(store, POLL_SECONDS, "one")
    async with opened(store):
        await backplane.start(lambda room_id, head: None)
        for room_id in ("demo", "other"):
            backplane.subscribe(room_id, lambda message: None)
        await until(lambda: len(store.looks) > 3)
        assert store.looks[-1] == {"demo", "other"}
        await backplane.stop()


@scenario
async def test_what_is_said_at_once_is_written_at_once(store: WatchedStore) -> None:
    backplane = PollingBackplane(store, POLL_SECONDS, "one")
    async with opened(store):
        await backplane.start(lambda room_id, head: None)
        backplane.subscribe("demo", lambda message: None)
        for number in range(100):
            backplane.publish("demo", "topic", b"%d" % number)
        await until(lambda: sum(store.writes) == 100)
        assert store.writes == [100]
        await backplane.stop()


@scenario
async def test_messages_are_dropped_after_a_while(store: WatchedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "KEPT_SECONDS", 0.05)
    backplane = PollingBackplane(store, POLL_SECONDS, "one")
    async with opened(store):
        await store.add_messages([ServerMessage("demo", "topic", "of a server that is no more", b"x")])
        await backplane.start(lambda room_id, head: None)
        backplane.subscribe("demo", lambda message: None)
        backplane.publish("demo", "topic", b"first")
        await until(lambda: len(store.writes) == 2)
        assert await store.said() >= {b"x", b"first"}
        while await store.said() & {b"x", b"first"}:
            written = len(store.writes)
            backplane.publish("demo", "topic", b"later")
            await until(lambda: len(store.writes) > written)  # noqa: B023
        await backplane.stop()


@scenario
async def test_what_the_store_does_not_take_is_lost_and_that_is_logged_once(
    store: WatchedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[bytes] = []
    other = sqlite_store(tmp_path)
    one, two = PollingBackplane(store, POLL_SECONDS, "one"), PollingBackplane(other, POLL_SECONDS, "two")
    async with opened(store, other):
        for backplane in (one, two):
            await backplane.start(lambda room_id, head: None)
            backplane.subscribe("demo", lambda message: heard.append(message.data))
        store.fails = True
        for _ in range(5):
            written = len(store.writes)
            one.publish("demo", "topic", b"lost")
            await until(lambda: len(store.writes) > written)  # noqa: B023
        store.fails = False
        one.publish("demo", "topic", b"heard")
        await until(lambda: heard)
        assert heard == [b"heard"]
        assert caplog.text.count("disk full") == 1
        await one.stop()
        await two.stop()


@scenario
async def test_while_nothing_can_be_written_so_many_messages_wait_and_no_more(
    store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MAX_WAITING", 3)
    backplane = PollingBackplane(store, POLL_SECONDS, "one")
    async with opened(store):
        for number in range(10):  # it does not know yet from where on it reads
            backplane.publish("demo", "topic", b"%d" % number)
        await settle()
        assert store.writes == []
        await backplane.start(lambda room_id, head: None)
        backplane.subscribe("demo", lambda message: None)
        await until(lambda: store.writes)
        assert store.writes == [3]
        found, _ = await store.messages(["demo"], 0, reader="two")
        assert [message.data for message in found] == [b"7", b"8", b"9"]
        await backplane.stop()


@scenario
async def test_after_a_rest_nothing_is_heard_of_what_was_said_meanwhile(store: WatchedStore, tmp_path: Path) -> None:
    other = sqlite_store(tmp_path)
    heard: list[bytes] = []
    backplane = PollingBackplane(store, POLL_SECONDS, "one")
    async with opened(store, other):
        await backplane.start(lambda room_id, head: None)
        backplane.subscribe("demo", lambda message: heard.append(message.data))
        await until(lambda: store.looks)
        backplane.unsubscribe("demo")
        await other.add_messages([ServerMessage("demo", "topic", "two", b"meanwhile")])
        backplane.subscribe("demo", lambda message: heard.append(message.data))
        looks = len(store.looks)
        await until(lambda: len(store.looks) > looks + 1)
        await other.add_messages([ServerMessage("demo", "topic", "two", b"now")])
        await until(lambda: heard)
        assert heard == [b"now"]
        await backplane.stop()
