"""The default backplane: look at the store, again and again. It needs no broker."""

import asyncio
import itertools
from functools import partial

from ..background import Background
from ..store import Head, Store
from .channel import StoreChannel
from .contract import Backplane, HeadListener, MessageListener

__all__ = ["PollingBackplane"]

AGAIN_SECONDS = 1.0

TURNS_FOR_ALL = 10
"""After so many turns the busiest room is asked for, too: somebody may have renamed it elsewhere."""


class PollingBackplane(Backplane):
    """Asks ``store`` for the heads of the watched rooms, and for messages, every ``interval_seconds``.

    A room that this process writes to is polled less often: its own next edit shows earlier edits of others.
    """

    def __init__(self, store: Store, interval_seconds: float, server: str) -> None:
        self.server = server
        self._store = store
        self._interval_seconds = interval_seconds
        self._channel = StoreChannel(store, server, interval_seconds)
        self._watched: set[str] = set()
        self._seen: dict[str, Head | None] = {}
        self._grown: set[str] = set()
        self._is_wanted = asyncio.Event()
        self._background = Background("backplane")

    async def start(self, listener: HeadListener) -> None:
        self._background.run_once("looking at the store", partial(self._poll, listener), again_seconds=AGAIN_SECONDS)

    async def stop(self) -> None:
        await self._background.close()
        await self._channel.close()

    def watch(self, room_id: str) -> None:
        self._watched.add(room_id)
        self._look_whether_wanted()

    def unwatch(self, room_id: str) -> None:
        self._watched.discard(room_id)
        self._seen.pop(room_id, None)
        self._look_whether_wanted()

    def grown(self, room_id: str) -> None:
        self._grown.add(room_id)

    def publish(self, room_id: str, topic: str, data: bytes) -> None:
        self._channel.publish(room_id, topic, data)

    def subscribe(self, room_id: str, listener: MessageListener) -> None:
        self._channel.subscribe(room_id, listener)
        self._look_whether_wanted()

    def unsubscribe(self, room_id: str) -> None:
        self._channel.unsubscribe(room_id)
        self._look_whether_wanted()

    def _look_whether_wanted(self) -> None:
        if self._watched or self._channel.is_wanted:
            self._is_wanted.set()
        else:
            self._is_wanted.clear()
            self._channel.rest()

    async def _poll(self, listener: HeadListener) -> None:
        for turn in itertools.count():
            await self._is_wanted.wait()
            await self._channel.read()
            await asyncio.sleep(self._interval_seconds)
            await self._ask_for_heads(listener, turn)

    async def _ask_for_heads(self, listener: HeadListener, turn: int) -> None:
        skipped, self._grown = self._grown, set()
        asked = tuple(self._watched if turn % TURNS_FOR_ALL == 0 else self._watched - skipped)
        if not asked:
            return
        heads = await self._store.heads(asked)
        for room_id in asked:  # a room that is watched since was not asked for: its absence means nothing
            if room_id not in self._watched:
                continue
            head = heads.get(room_id)
            if room_id not in self._seen or self._seen[room_id] != head:
                self._seen[room_id] = head
                with self._background.boundary(f"a hint about room {room_id}"):
                    listener(room_id, head)
