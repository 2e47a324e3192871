"""A room that is watched while the store is being asked about others is not taken for one that is gone."""

import asyncio
from collections.abc import Collection

from jupyter_collab.backplane import PollingBackplane
from jupyter_collab.store import Head, SQLStore

from .scenarios import scenario, until


class SilentStore(SQLStore):
    """No other server says anything."""

    def __init__(self) -> None:
        super().__init__("sqlite://")

    async def last_message(self) -> int:
        return 0


class SlowStore(SilentStore):
    """Answers a question about heads only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[set[str]] = []
        self.answer = asyncio.Event()

    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        self.asked.append(set(room_ids))
        await self.answer.wait()
        return {room_id: Head("epoch", 1, room_id, False) for room_id in room_ids}


@scenario
async def test_a_room_watched_during_a_question_waits_for_the_next() -> None:
    store = SlowStore()
    heard: list[tuple[str, Head | None]] = []
    backplane = PollingBackplane(store, 0.001, "one")
    await backplane.start(lambda room_id, head: heard.append((room_id, head)))
    backplane.watch("first")
    await until(lambda: store.asked)
    backplane.watch("second")
    store.answer.set()
    await until(lambda: len(heard) == 2)
    await backplane.stop()
    assert store.asked[0] == {"first"}
    assert [(room_id, head is not None) for room_id, head in heard] == [("first", True), ("second", True)]


class BusyStore(SilentStore):
    """Somebody writes to the room ``busy`` whenever it is asked about anything."""

    def __init__(self) -> None:
        super().__init__()
        self.backplane = PollingBackplane(self, 0.001, "one")
        self.asked: list[set[str]] = []

    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        self.asked.append(set(room_ids))
        self.backplane.grown("busy")
        return {}


@scenario
async def test_a_room_that_grows_here_is_asked_for_less_often_and_yet_again_and_again() -> None:
    store = BusyStore()
    await store.backplane.start(lambda room_id, head: None)
    store.backplane.watch("busy")
    store.backplane.watch("quiet")
    await until(lambda: len(store.asked) >= 31)
    await store.backplane.stop()
    assert [turn for turn, asked in enumerate(store.asked[:31]) if "busy" in asked] == [0, 10, 20, 30]
    assert all("quiet" in asked for asked in store.asked)
